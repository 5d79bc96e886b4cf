"""From an attempt of the machine to a connected stream, or to the reason why there is none.

What blocks (service functions, name look-ups, certificate files) runs in the background; the rest
on the engine's owner, which learns of it through the control's tasks.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mqlight._drivers.control import Invoke
from mqlight._drivers.network import Stream, resolve
from mqlight_core.errors import MQLightError, SecurityError
from mqlight_security import client_context, credentials_for

if TYPE_CHECKING:
    import selectors
    import ssl
    from collections.abc import Callable, Sequence

    from mqlight._drivers.background import Background
    from mqlight._drivers.control import Control
    from mqlight._drivers.network import Address
    from mqlight._drivers.settings import ClientSettings
    from mqlight_core.service import Service
    from mqlight_security import Credentials

log = logging.getLogger("mqlight.driver")


class Dialling:
    """The attempt under way, at most one.

    `failed(attempt, error)` is called on the engine's owner when an attempt has failed.
    """

    def __init__(
        self,
        settings: ClientSettings,
        control: Control,
        selector: selectors.BaseSelector,
        background: Background,
        failed: Callable[[int, Exception], None],
    ) -> None:
        self._settings = settings
        self._control = control
        self._selector = selector
        self._background = background
        self._failed = failed
        self._stream: Stream | None = None
        self._warned = False
        self.attempt = 0
        """The number of the attempt; 0 when there is none."""

    def resolve(self, attempt: int) -> None:
        """Ask the source for the services."""

        def answered(answer: tuple[Service, ...] | Exception) -> None:
            if isinstance(answer, Exception):
                self._control.post(Invoke(lambda: self._failed(attempt, answer)))
            else:
                self._control.resolved(attempt, answer)

        def ask() -> None:
            try:
                self._settings.source.request(answered)
            except BaseException as error:  # noqa: BLE001 - such as SystemExit
                log.info("the service function raised %s; the client stops", type(error).__name__)
                self._control.stop(None)

        self._background.put(ask)

    def begin(self, attempt: int, service: Service) -> None:
        """Look the host up, load the certificates, and begin to connect."""

        def look_up() -> None:
            try:
                context = client_context(self._settings.security) if service.tls else None
                addresses = resolve(service)
            except Exception as error:  # noqa: BLE001 - whatever it is, the attempt has failed
                problem = error
                self._control.post(Invoke(lambda: self._fail(attempt, problem)))
            else:
                self._control.post(
                    Invoke(lambda: self._connect(attempt, service, addresses, context))
                )

        self.attempt = attempt
        self._background.put(look_up)

    def _connect(
        self,
        attempt: int,
        service: Service,
        addresses: Sequence[Address],
        context: ssl.SSLContext | None,
    ) -> None:
        if attempt != self.attempt:
            return
        try:
            self._stream = Stream(service, addresses, context, self._selector)
        except MQLightError as error:
            self._fail(attempt, error)

    def _fail(self, attempt: int, error: Exception) -> None:
        if attempt == self.attempt:
            self._failed(attempt, error)

    def advance(self) -> tuple[Stream, Credentials | None] | None:
        """Go on after the selector named the stream; return it once it is connected."""
        stream = self._stream
        if stream is None:
            return None
        try:
            if not stream.advance():
                return None
            credentials = self._credentials(stream.service)
        except MQLightError as error:
            self._fail(self.attempt, error)
            return None
        self._stream = None
        self.attempt = 0
        return stream, credentials

    def _credentials(self, service: Service) -> Credentials | None:
        credentials = credentials_for(service, self._settings.security)
        if credentials is not None and not service.tls:
            if self._settings.insecure_plain == "refuse":
                message = (
                    f"{service}: the password is not sent over a connection without TLS "
                    "(client_options['insecure_plain'] is 'refuse')"
                )
                raise SecurityError(message)
            if self._settings.insecure_plain == "warn" and not self._warned:
                self._warned = True
                log.warning("%s: the password goes over a connection without TLS", service)
        return credentials

    def abandon(self) -> None:
        """Give the attempt up."""
        self.attempt = 0
        if self._stream is not None:
            self._stream.close()
            self._stream = None
