"""The parts of a URL that service URLs and lookup URLs have in common (RFC 3986)."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, NamedTuple

from mqlight_core.errors import InvalidArgumentError
from mqlight_core.redact import describe_value, redact_url

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["UrlParts", "check_host", "check_port", "in_brackets", "invalid_url", "split_url"]

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


class UrlParts(NamedTuple):
    """A URL taken apart; only the scheme is checked, and in lower case."""

    scheme: str
    userinfo: str | None
    host: str
    port: str | None
    rest: str
    """Path, query and fragment."""


def split_url(url: str, schemes: Sequence[str]) -> UrlParts:
    """Take a URL apart.

    Raises:
        InvalidArgumentError: it holds white space, has another scheme, or its host can not be told.
    """
    if _BLANK.search(url):
        raise invalid_url(url, "it contains white space or a control character")
    scheme = url.partition("://")[0].lower()
    if "://" not in url or scheme not in schemes:
        *others, last = (f"{one}://" for one in schemes)
        allowed = f"{', '.join(others)} or {last}" if others else last
        raise invalid_url(url, f"it must start with {allowed}")
    match = _AFTER_SCHEME.fullmatch(url, len(scheme) + len("://"))
    if match is None:
        raise invalid_url(
            url, f"an IPv6 address is written in brackets, as in {scheme}://[::1]:5672"
        )
    return UrlParts(scheme, match["userinfo"], match["host"], match["port"], match["rest"])


def check_host(url: str, host: str) -> str:
    """Return the host in lower case, an IPv6 address without its brackets.

    Raises:
        InvalidArgumentError: the URL has no host, or it is no host name and no IP address.
    """
    if not host:
        raise invalid_url(url, "it has no host")
    if host.startswith("["):
        return _ipv6_host(url, host[1:-1].replace("%25", "%"))
    if not _is_host_name(host):
        raise invalid_url(url, "it has no valid host name")
    return host.lower()


def check_port(url: str, text: str | None, default: int) -> int:
    """Return the port, 1 to 65535; the default where the URL has none.

    Raises:
        InvalidArgumentError: it is not such a number.
    """
    if text is None:
        return default
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= _HIGHEST_PORT:
        raise invalid_url(url, f"the port must be a number from 1 to {_HIGHEST_PORT}")
    return int(text)


def in_brackets(host: str) -> str:
    """Write a host as a URL does: an IPv6 address in brackets, its zone after %25 (RFC 6874)."""
    return f"[{host.replace('%', '%25')}]" if ":" in host else host


def invalid_url(url: str, reason: str) -> InvalidArgumentError:
    """Make the error about a URL, which shows no secret of it."""
    return InvalidArgumentError(
        f"Service {describe_value(redact_url(url))} is not a valid URL: {reason}"
    )


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
        raise invalid_url(url, "there is no valid IPv6 address in the brackets") from None
    return f"{address.lower()}{percent}{zone}"
