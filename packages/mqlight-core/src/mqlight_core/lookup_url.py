"""What the URL of a lookup says: where the document is that names the services."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, unquote

from mqlight_core.url import check_host, check_port, in_brackets, invalid_url, split_url

__all__ = ["LOOKUP_SCHEMES", "HttpUrl", "is_lookup_url", "parse_file_url", "parse_http_url"]

LOOKUP_SCHEMES = ("http", "https", "file")
_PORTS = {"http": 80, "https": 443}
_ALLOWED_IN_TARGET = "%/?:@!$&'()*+,;=-._~"
"""What RFC 3986 allows in a path and a query beside letters and digits, and '%' itself."""


class HttpUrl(NamedTuple):
    """An http or https URL; the host in lower case, an IPv6 address without its brackets."""

    scheme: str
    host: str
    port: int
    target: str
    """The path and the query, percent-encoded: what a request asks for."""

    @property
    def authority(self) -> str:
        """Host and port as the header Host has them: without the default port, without a zone."""
        host = in_brackets(self.host.partition("%")[0])
        if not host.isascii():
            host = host.encode("idna").decode()
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def is_lookup_url(url: str) -> bool:
    """Tell whether a URL is for a lookup: it starts with http://, https:// or file://."""
    scheme, separator, _ = url.partition("://")
    return bool(separator) and scheme.lower() in LOOKUP_SCHEMES


def parse_http_url(url: str) -> HttpUrl:
    """Read ``http[s]://host[:port][/path][?query]``; a fragment is left out, as in every request.

    Raises:
        InvalidArgumentError: the URL is not such a URL, or it holds a user or a password.
    """
    parts = split_url(url, tuple(_PORTS))
    if parts.userinfo is not None:
        raise invalid_url(
            url, "a user and password cannot be part of a lookup; they are security options"
        )
    host = check_host(url, parts.host)
    port = check_port(url, parts.port, _PORTS[parts.scheme])
    target = parts.rest.partition("#")[0]
    if not target.startswith("/"):
        target = f"/{target}"
    try:
        return HttpUrl(parts.scheme, host, port, quote(target, safe=_ALLOWED_IN_TARGET))
    except UnicodeEncodeError:
        problem = invalid_url(url, "it contains a lone surrogate")
    raise problem


def parse_file_url(url: str) -> str:
    """Read the path out of ``file:///path`` or ``file://localhost/path``, percent-decoded.

    Raises:
        InvalidArgumentError: the URL is not such a URL.
    """
    parts = split_url(url, ("file",))
    here = parts.userinfo is None and parts.port is None and parts.host.lower() in {"", "localhost"}
    if not here or not parts.rest.startswith("/"):
        raise invalid_url(url, "a file is written file:///path or file://localhost/path")
    if "?" in parts.rest or "#" in parts.rest:
        raise invalid_url(url, "a '?' or '#' in a path is written %3F or %23")
    path = unquote(parts.rest, errors="surrogateescape")
    if "\0" in path:
        raise invalid_url(url, "a path cannot contain a NUL character")
    return path
