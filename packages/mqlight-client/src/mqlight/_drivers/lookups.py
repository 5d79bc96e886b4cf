"""What blocks before a connection: service functions, look-ups, DNS, certificate files.

Each runs in the background; the engine's owner learns of the answer through the control's tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._drivers.certificates import Certificates
from mqlight._drivers.control import Invoke
from mqlight._drivers.network import resolve
from mqlight._log.client_log import ClientLog

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from mqlight._drivers.background import Background
    from mqlight._drivers.control import Control
    from mqlight._drivers.network import Address
    from mqlight._drivers.settings import ClientSettings
    from mqlight_core.service import Service


class Lookups:
    """Asks for one client; `failed(attempt, error)` is called on the engine's owner."""

    def __init__(
        self,
        settings: ClientSettings,
        control: Control,
        background: Background,
        failed: Callable[[int, Exception], None],
    ) -> None:
        self._log = ClientLog("mqlight.driver", settings.client_id)
        self._settings = settings
        self._certificates = Certificates(settings)
        self._control = control
        self._background = background
        self._failed = failed

    def services(self, attempt: int) -> None:
        """Ask the source for the services; the answer goes to the machine."""

        def answered(answer: tuple[Service, ...] | Exception) -> None:
            if isinstance(answer, Exception):
                self._control.post(Invoke(lambda: self._failed(attempt, answer)))
            else:
                self._log.debug("services %s", ", ".join(map(str, answer)))
                self._control.resolved(attempt, answer)

        def ask() -> None:
            try:
                self._settings.source.request(answered)
            except BaseException as error:  # noqa: BLE001 - such as SystemExit
                what = type(error).__name__
                self._log.info("the service function raised %s; the client stops", what)
                self._control.stop(None)

        self._background.put(ask)

    def addresses(
        self,
        attempt: int,
        service: Service,
        found: Callable[[Sequence[Address], ssl.SSLContext | None], None],
    ) -> None:
        """Look a host up and load the certificates; `found` is called on the engine's owner."""

        def look_up() -> None:
            try:
                context = self._certificates.context_for(service)
                addresses = resolve(service)
            except Exception as error:  # noqa: BLE001 - whatever it is, the attempt has failed
                problem = error
                self._control.post(Invoke(lambda: self._failed(attempt, problem)))
            else:
                self._control.post(Invoke(lambda: found(addresses, context)))

        self._background.put(look_up)
