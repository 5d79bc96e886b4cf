"""A service URL and what it says: where a server listens, and as whom to connect."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Literal
from urllib.parse import unquote

from mqlight_core.errors import InvalidArgumentError, InvalidArgumentTypeError
from mqlight_core.redact import describe_value, redact_url

__all__ = ["Service", "parse_service_url"]

_PORTS: dict[str, int] = {"amqp": 5672, "amqps": 5671}
_HIGHEST_PORT = 65535
_AFTER_SCHEME = re.compile(
    r"(?:(?P<userinfo>[^/?#]*)@)?"
    r"(?P<host>\[[^\]/?#]*\]|[^:/?#\[\]]*)"
    r"(?::(?P<port>[^:/?#]*))?"
    r"(?P<rest>(?:[/?#].*)?)"
)
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_HOST_NAME = re.compile(rb"[A-Za-z0-9._-]+")
_LONGEST_HOST_NAME = 253
_PORT = re.compile(r"[0-9]{1,5}")
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
        host = self.host
        if ":" in host:
            # A zone index is written %25eth0 in a URL (RFC 6874).
            host = f"[{host.replace('%', '%25')}]"
        return f"{self.scheme}://{host}:{self.port}"

    def __str__(self) -> str:
        """Return `address`."""
        return self.address


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
    if _BLANK.search(url):
        raise _invalid(url, "it contains white space or a control character")
    scheme = url.partition("://")[0].lower()
    if "://" not in url or scheme not in _PORTS:
        raise _invalid(url, "it must start with amqp:// or amqps://")
    match = _AFTER_SCHEME.fullmatch(url, len(scheme) + len("://"))
    if match is None:
        raise _invalid(url, "an IPv6 address is written in brackets, as in amqp://[::1]:5672")
    if "@" in match["rest"]:
        raise _invalid(url, "a '/', '?' or '#' in a password is written %2F, %3F or %23")
    user, password = _credentials(url, match["userinfo"])
    host = _host(url, match["host"])
    port = _port(url, match["port"], _PORTS[scheme])
    if match["rest"] not in {"", "/"}:
        raise _invalid(url, "a path, query or fragment cannot be part of a service URL")
    return Service("amqps" if scheme == "amqps" else "amqp", host, port, user, password)


def _credentials(url: str, userinfo: str | None) -> tuple[str | None, str | None]:
    if userinfo is None:
        return None, None
    user, _, password = userinfo.partition(":")
    if not user or not password:
        raise _invalid(url, "both user and password must be specified, or neither")
    return _decoded(url, user), _decoded(url, password)


def _decoded(url: str, text: str) -> str:
    if _STRAY_PERCENT.search(text):
        raise _invalid(url, "a '%' in the user or password is written %25")
    try:
        decoded = unquote(text, errors="strict")
        decoded.encode()
    except UnicodeError:
        raise _invalid(url, "the user or password is not valid UTF-8") from None
    if "\0" in decoded:
        # SASL PLAIN separates its fields by it (RFC 4616).
        raise _invalid(url, "the user or password contains a NUL character")
    return decoded


def _host(url: str, host: str) -> str:
    if not host:
        raise _invalid(url, "it has no host")
    if host.startswith("["):
        return _ipv6_host(url, host[1:-1].replace("%25", "%"))
    if not _is_host_name(host):
        raise _invalid(url, "it has no valid host name")
    return host.lower()


def _is_host_name(host: str) -> bool:
    if len(host) > _LONGEST_HOST_NAME:
        return False
    try:
        encoded = host.encode("idna")  # as socket.getaddrinfo will
    except UnicodeError:
        return False
    return _HOST_NAME.fullmatch(encoded) is not None


def _ipv6_host(url: str, text: str) -> str:
    address, percent, zone = text.partition("%")
    try:
        IPv6Address(text)
    except ValueError:
        raise _invalid(url, "there is no valid IPv6 address in the brackets") from None
    return f"{address.lower()}{percent}{zone}"


def _port(url: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= _HIGHEST_PORT:
        raise _invalid(url, f"the port must be a number from 1 to {_HIGHEST_PORT}")
    return int(text)


def _invalid(url: str, reason: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"Service {describe_value(redact_url(url))} is not a valid URL: {reason}"
    )
