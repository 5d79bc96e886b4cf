"""A service URL and what it says: where a server listens, and as whom to connect."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from mqlight_core.errors import InvalidArgumentError, InvalidArgumentTypeError
from mqlight_core.lookup_url import is_lookup_url
from mqlight_core.redact import describe_value, redact_url
from mqlight_core.url import check_host, check_port, in_brackets, invalid_url, split_url

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Service", "parse_service_url", "parse_service_urls"]

_PORTS = {"amqp": 5672, "amqps": 5671}
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Service:
    """One server: `parse_service_url` makes it from a URL.

    `host` is in lower case, an IPv6 address without its brackets. `user` and `password` are
    decoded, given both or not at all, and never part of what is printed.
    """

    scheme: Literal["amqp", "amqps"]
    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def tls(self) -> bool:
        """Whether the connection is made with TLS: the scheme is ``amqps``."""
        return self.scheme == "amqps"

    @property
    def address(self) -> str:
        """The URL without credentials, always with its port: ``amqp://host:5672``."""
        return f"{self.scheme}://{in_brackets(self.host)}:{self.port}"

    def __str__(self) -> str:
        """Return `address`."""
        return self.address

    def __copy__(self) -> Self:
        """Return the same: it cannot change."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Return the same: it cannot change."""
        return self

    def __reduce__(self) -> tuple[type[Service], tuple[str, str, int]]:
        """Make it picklable where it has no credentials.

        Raises:
            TypeError: it has: a pickle would hold the password in clear.
        """
        if self.password is not None:
            message = "a Service with a password cannot be pickled: that would be in clear"
            raise TypeError(message)
        return Service, (self.scheme, self.host, self.port)


def parse_service_url(url: str) -> Service:
    """Read ``amqp[s]://[user:password@]host[:port]`` (rules: mqlight-protocol.md §2.3).

    The scheme and the host are case-insensitive; the port is 1 to 65535, by default 5672 for amqp
    and 5671 for amqps; an IPv6 address stands in brackets; user and password are percent-decoded
    UTF-8. The path may only be empty or "/"; there is no query and no fragment.

    Raises:
        InvalidArgumentError: the URL is not such a URL. The message says why and shows the URL
            without its password. If `url` is not a str, the exception is a TypeError too.
    """
    if not isinstance(url, str):
        message = f"service must be a URL as a str, not {type(url).__name__}"
        raise InvalidArgumentTypeError(message)
    parts = split_url(url, tuple(_PORTS))
    if "@" in parts.rest:
        raise invalid_url(url, "a '/', '?' or '#' in a password is written %2F, %3F or %23")
    user, password = _credentials(url, parts.userinfo)
    host = check_host(url, parts.host)
    port = check_port(url, parts.port, _PORTS[parts.scheme])
    if parts.rest not in {"", "/"}:
        raise invalid_url(url, "a path, query or fragment cannot be part of a service URL")
    return Service("amqps" if parts.scheme == "amqps" else "amqp", host, port, user, password)


def parse_service_urls(name: str, value: object) -> tuple[Service, ...]:
    """Read one service URL, or a list or tuple of them; `name` says in messages what they are.

    Raises:
        InvalidArgumentError: the list is empty, or a URL is not valid; if `value` or an entry is
            of another type, a TypeError too.
    """
    if isinstance(value, str):
        return (_only_service(name, value),)
    if not isinstance(value, list | tuple):
        message = f"{name} must be a URL or a list of URLs, not {type(value).__name__}"
        raise InvalidArgumentTypeError(message)
    if not value:
        message = f"{name} must have at least one URL, not none"
        raise InvalidArgumentError(message)
    for index, url in enumerate(value):
        if not isinstance(url, str):
            message = f"{name}: entry {index} must be a URL as a str, not {type(url).__name__}"
            raise InvalidArgumentTypeError(message)
    return tuple(_only_service(name, url) for url in value)


def _only_service(name: str, url: str) -> Service:
    if is_lookup_url(url):
        message = (
            f"{name}: {describe_value(redact_url(url))} is the URL of a lookup, which can only be "
            "the whole service argument; here it must start with amqp:// or amqps://"
        )
        raise InvalidArgumentError(message)
    return parse_service_url(url)


def _credentials(url: str, userinfo: str | None) -> tuple[str | None, str | None]:
    if userinfo is None:
        return None, None
    user, _, password = userinfo.partition(":")
    if not user or not password:
        raise invalid_url(url, "both user and password must be specified, or neither")
    return _decoded(url, user), _decoded(url, password)


def _decoded(url: str, text: str) -> str:
    if _STRAY_PERCENT.search(text):
        raise invalid_url(url, "a '%' in the user or password is written %25")
    try:
        decoded = unquote(text, errors="strict")
        decoded.encode()
    except UnicodeError:
        problem = "the user or password is not valid UTF-8"
    else:
        if "\0" not in decoded:
            return decoded
        # SASL PLAIN separates its fields by it (RFC 4616).
        problem = "the user or password contains a NUL character"
    # Outside the except block: the UnicodeError shows the text.
    raise invalid_url(url, problem)
