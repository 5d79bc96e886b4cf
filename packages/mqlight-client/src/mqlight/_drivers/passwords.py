"""Whether a password goes to a service: the option `insecure_plain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._log.client_log import ClientLog
from mqlight_core.errors import SecurityError
from mqlight_security import credentials_for

if TYPE_CHECKING:
    from mqlight._drivers.settings import ClientSettings
    from mqlight_core.service import Service
    from mqlight_security import Credentials


class Passwords:
    """The credentials of one client; warns once of a connection without TLS."""

    def __init__(self, settings: ClientSettings) -> None:
        self._log = ClientLog("mqlight.driver", settings.client_id)
        self._settings = settings
        self._warned = False

    def credentials(self, service: Service) -> Credentials | None:
        """Return who to authenticate as at a service.

        Raises:
            SecurityError: the password would go over a connection without TLS, and must not.
        """
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
                self._log.warning("%s: the password goes over a connection without TLS", service)
        return credentials
