"""The TLS context of a client: its certificate files, read again for every connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._log.client_log import ClientLog
from mqlight_core.errors import SecurityError
from mqlight_security import client_context

if TYPE_CHECKING:
    import ssl

    from mqlight._drivers.settings import ClientSettings
    from mqlight_core.service import Service


class Certificates:
    """Reads the files of one client; blocks as long as the file system does."""

    def __init__(self, settings: ClientSettings) -> None:
        self._log = ClientLog("mqlight.driver", settings.client_id)
        self._security = settings.security
        self._last: ssl.SSLContext | None = None

    def context_for(self, service: Service) -> ssl.SSLContext | None:
        """Return what to connect to a service with; None for one without TLS.

        Files that could be used before, and can not be used now, may be in the middle of a renewal:
        the former ones serve on, with a warning.

        Raises:
            SecurityError: a file can not be used; or there are files, and the service is without
                TLS, so that nothing would be checked.
        """
        if not service.tls:
            if self._security.uses_files:
                message = (
                    f"{service}: the security options name certificate or key files, and this "
                    "service is without TLS: its URL does not start with amqps://"
                )
                raise SecurityError(message)
            return None
        try:
            self._last = client_context(self._security)
        except SecurityError as error:
            if self._last is None:
                raise
            self._log.warning("the certificates read before are used on: %s", error)
        return self._last
