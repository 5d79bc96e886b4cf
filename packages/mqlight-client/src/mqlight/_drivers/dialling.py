"""From an attempt of the machine to a connected stream, or to the reason why there is none.

All of it on the engine's owner; what blocks is left to the look-ups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._drivers.network import Stream
from mqlight._drivers.passwords import Passwords
from mqlight._log.client_log import ClientLog
from mqlight_core.errors import MQLightError

if TYPE_CHECKING:
    import selectors
    import ssl
    from collections.abc import Callable, Sequence

    from mqlight._drivers.lookups import Lookups
    from mqlight._drivers.network import Address
    from mqlight._drivers.settings import ClientSettings
    from mqlight_core.service import Service
    from mqlight_security import Credentials


class Dialling:
    """The attempt under way, at most one.

    `failed(attempt, error)` is called when an attempt has failed.
    """

    def __init__(
        self,
        settings: ClientSettings,
        lookups: Lookups,
        selector: selectors.BaseSelector,
        failed: Callable[[int, Exception], None],
    ) -> None:
        self._lookups = lookups
        self._selector = selector
        self._failed = failed
        self._passwords = Passwords(settings)
        self._log = ClientLog("mqlight.driver", settings.client_id)
        self._stream: Stream | None = None
        self.attempt = 0
        """The number of the attempt; 0 when there is none."""

    def begin(self, attempt: int, service: Service) -> None:
        """Look the host up, load the certificates, and begin to connect."""

        def found(addresses: Sequence[Address], context: ssl.SSLContext | None) -> None:
            if attempt == self.attempt:
                self._connect(service, addresses, context)

        self.attempt = attempt
        self._lookups.addresses(attempt, service, found)

    def _connect(
        self, service: Service, addresses: Sequence[Address], context: ssl.SSLContext | None
    ) -> None:
        try:
            self._stream = Stream(service, addresses, context, self._selector, self._log)
        except MQLightError as error:
            self._failed(self.attempt, error)

    def advance(self) -> tuple[Stream, Credentials | None] | None:
        """Go on after the selector named the stream; return it once it is connected."""
        stream = self._stream
        if stream is None:
            return None
        try:
            if not stream.advance():
                return None
            credentials = self._passwords.credentials(stream.service)
        except MQLightError as error:
            self._failed(self.attempt, error)
            return None
        self._stream = None
        self.attempt = 0
        return stream, credentials

    def abandon(self) -> None:
        """Give the attempt up."""
        self.attempt = 0
        if self._stream is not None:
            self._stream.close()
            self._stream = None
