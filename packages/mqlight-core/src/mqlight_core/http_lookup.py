"""A lookup over HTTP: one GET, within a deadline that covers all of it.

The timeouts of `http.client` and `urllib.request` begin anew with every byte that arrives, so they
bound nothing. Here each wait is for what is left of the deadline.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast
from urllib.parse import urljoin

from mqlight_core.document import LONGEST_DOCUMENT
from mqlight_core.errors import MQLightError, NetworkError, SecurityError
from mqlight_core.lookup_url import HttpUrl, parse_http_url
from mqlight_core.redact import describe_value, redact_url

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Deadline", "Wire", "connect", "fetch"]

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_BYTES = 2 * LONGEST_DOCUMENT
"""Of everything that one answer consists of, whatever it says of its own length."""


class Deadline:
    """A time by which something must be done."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._at = clock() + seconds

    def left(self) -> float:
        """Return how many seconds are left.

        Raises:
            TimeoutError: none is.
        """
        left = self._at - self._clock()
        if left <= 0:
            raise TimeoutError
        return left


class Wire(Protocol):
    """What a lookup needs of a connected socket."""

    def settimeout(self, seconds: float, /) -> None:
        """Bound every operation from now on."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""

    def recv_into(self, buffer: memoryview, /) -> int:
        """Receive what is there, at least one byte; 0 at the end."""

    def close(self) -> None:
        """Hang up."""


Connect: TypeAlias = "Callable[[HttpUrl, Deadline], Wire]"


def connect(url: HttpUrl, deadline: Deadline) -> socket.socket:
    """Connect to the server of a URL, with TLS and a verified certificate for https.

    Raises:
        OSError: that failed.
    """
    sock = _dial(url, deadline)
    if url.scheme == "http":
        return sock
    try:
        sock.settimeout(deadline.left())
        return ssl.create_default_context().wrap_socket(sock, server_hostname=url.host)
    except BaseException:
        sock.close()
        raise


def _dial(url: HttpUrl, deadline: Deadline) -> socket.socket:
    addresses = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    problem: OSError | None = None
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            # Each address has its share of the time: one that is dead must not use it up.
            sock.settimeout(deadline.left() / (len(addresses) - number))
            sock.connect(address)
        except OSError as error:
            sock.close()
            problem = error
        else:
            return sock
    raise problem or OSError("the host has no address")


def fetch(
    url: str,
    seconds: float,
    *,
    connect: Connect = connect,
    clock: Callable[[], float] = time.monotonic,
) -> bytes:
    """Return the document at an http or https URL; blocks for at most `seconds`.

    Only the system's name look-up, which nothing can interrupt, may make it longer. Redirects are
    followed, at most 5 and never from https to http. Certificates are verified against the
    system's authorities. No proxy is used.

    Returns:
        the body, cut off one byte beyond `LONGEST_DOCUMENT`.

    Raises:
        NetworkError: there was no such answer in time.
        SecurityError: the server's certificate is not valid for it, TLS failed otherwise, or the
            server leads from https to http.
    """
    deadline = Deadline(seconds, clock)
    asked, where = url, redact_url(url)
    for _ in range(_MOST_REDIRECTS + 1):
        found = _ask(where, parse_http_url(asked), deadline, connect)
        if isinstance(found, bytes):
            return found
        asked = _redirected(where, asked, found)
        where = f"{redact_url(url)}, redirected to {redact_url(asked)}"
    message = f"{where}: more than {_MOST_REDIRECTS} redirects"
    raise NetworkError(message)


def _ask(where: str, url: HttpUrl, deadline: Deadline, connect: Connect) -> bytes | str:
    """Return the document or, of a redirect, where it leads to."""
    try:
        with closing(connect(url, deadline)) as wire:
            return _exchange(where, url, wire, deadline)
    except (OSError, HTTPException, ValueError) as error:
        problem = _documented(where, error, deadline)
    # Outside the except block: an IncompleteRead keeps what was read, which may hold passwords.
    raise problem


def _exchange(where: str, url: HttpUrl, wire: Wire, deadline: Deadline) -> bytes | str:
    wire.settimeout(deadline.left())
    wire.sendall(
        f"GET {url.target} HTTP/1.1\r\n"
        f"Host: {url.authority}\r\n"
        "Accept: application/json\r\n"
        "Accept-Encoding: identity\r\n"
        "User-Agent: mqlight-core\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    # `makefile` is all that a response uses of its socket.
    response = HTTPResponse(cast("socket.socket", _Incoming(wire, deadline)), method="GET")
    with closing(response):
        response.begin()
        if response.status in _REDIRECTS:
            return response.headers.get("Location", "")
        if response.status != HTTPStatus.OK:
            message = f"{where}: the server answered with status {_described(response.status)}"
            raise NetworkError(message)
        document = response.read(LONGEST_DOCUMENT + 1)
        if response.length and len(document) <= LONGEST_DOCUMENT:
            raise IncompleteRead(document, response.length)
        return document


class _Incoming(io.RawIOBase):
    """What comes in on a wire until the deadline, up to `_MOST_BYTES`."""

    def __init__(self, wire: Wire, deadline: Deadline) -> None:
        self._wire = wire
        self._deadline = deadline
        self._room = _MOST_BYTES

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        self._wire.settimeout(self._deadline.left())
        view = memoryview(cast("bytearray", buffer))
        size = self._wire.recv_into(view[: self._room])
        self._room -= size
        return size


def _redirected(where: str, url: str, location: str) -> str:
    with suppress(ValueError):  # an InvalidArgumentError is one, too
        target = urljoin(url, location)
        if parse_http_url(target).scheme == "https" or parse_http_url(url).scheme == "http":
            return target
        message = f"{where}: the redirect to {redact_url(target)} would leave TLS"
        raise SecurityError(message)
    message = f"{where}: the redirect to {describe_value(redact_url(location))} cannot be followed"
    raise NetworkError(message)


def _described(status: int) -> str:
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)


def _documented(where: str, error: Exception, deadline: Deadline) -> MQLightError:
    if isinstance(error, TimeoutError):
        return NetworkError(f"{where}: no answer within {deadline.seconds:g} seconds")
    if isinstance(error, ssl.SSLError) and not isinstance(
        error, ssl.SSLEOFError | ssl.SSLZeroReturnError
    ):
        said = getattr(error, "verify_message", "") or getattr(error, "reason", "")
        return SecurityError(f"{where}: TLS failed: {said or error}")
    if isinstance(error, OSError):
        return NetworkError(f"{where}: {error.strerror or error}")
    if isinstance(error, IncompleteRead):
        return NetworkError(f"{where}: the answer was cut off")
    return NetworkError(f"{where}: the answer is not HTTP ({type(error).__name__})")
