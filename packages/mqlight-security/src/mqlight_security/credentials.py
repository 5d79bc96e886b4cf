"""Who to authenticate as: a user and a password that is never printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mqlight_core import InvalidArgumentError, Service
from mqlight_core.secret import HoldsSecret

if TYPE_CHECKING:
    from mqlight_security.options import SecurityOptions

__all__ = ["Credentials", "agreed_credentials", "credentials_for"]


@dataclass(frozen=True, slots=True)
class Credentials(HoldsSecret):
    """A user and the password, which no `repr` or `str` shows."""

    user: str
    password: str = field(repr=False)


def credentials_for(service: Service, options: SecurityOptions) -> Credentials | None:
    """Return the credentials for a service: its URL's or the options', None for neither.

    Raises:
        InvalidArgumentError: the URL and the options both give credentials, and they differ
            (mqlight-protocol.md §2.3). The message shows neither.
    """
    in_url = _credentials(service.user, service.password)
    return agreed_credentials(f"the URL of service {service}", in_url, options)


def agreed_credentials(
    origin: str, given: Credentials | None, options: SecurityOptions
) -> Credentials | None:
    """Return the credentials given, or else the options'; `origin` says where they were given.

    Raises:
        InvalidArgumentError: there are both, and they differ. The message shows neither.
    """
    password = None if options.password is None else options.password.get_secret_value()
    in_options = _credentials(options.user, password)
    if given is not None and in_options is not None and given != in_options:
        which = "user" if given.user != in_options.user else "password"
        message = f"The {which} in {origin} does not match the {which} in the security options"
        raise InvalidArgumentError(message)
    return given or in_options


def _credentials(user: str | None, password: str | None) -> Credentials | None:
    return None if user is None or password is None else Credentials(user, password)
