"""TCP and TLS on an event loop: asyncio's transports as the stream of a connection."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Protocol, cast

from mqlight._drivers.network import broken, hung_up, reason
from mqlight._drivers.tls import connection_error, handshake_error, log_tls
from mqlight_core.errors import NetworkError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from mqlight._drivers.network import Address
    from mqlight._log.client_log import ClientLog
    from mqlight_core.errors import MQLightError
    from mqlight_core.service import Service

_HIGH_WATER = 128 * 1024
"""Bytes that asyncio may keep for a slow peer before it asks us to pause."""

_SHUTDOWN_TIMEOUT = 1.0
"""Seconds that a server has to answer the end of TLS."""


class Reader(Protocol):
    """Who is told what happens to a stream; on the loop."""

    def buffer(self) -> memoryview:
        """Return where to put what comes."""

    def received(self, stream: LoopStream, size: int) -> None:
        """So many bytes are in the buffer."""

    def writable(self) -> None:
        """The peer takes more again."""

    def lost(self, stream: LoopStream, error: MQLightError) -> None:
        """The stream has ended."""


class LoopStream(asyncio.BufferedProtocol):
    """A connected stream; it reads nothing before `open`."""

    def __init__(self, service: Service, reader: Reader) -> None:
        self.service = service
        self._reader = reader
        self._transport: asyncio.Transport | None = None
        self._is_tls = False
        self._reading = False
        self.full: bool = False
        """The peer takes no more for now."""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once the loop has let go of the stream."""

    def open(self) -> None:
        """Begin to read."""
        self.read_on(wanted=True)

    def read_on(self, *, wanted: bool) -> None:
        """Read, or let the system keep what comes."""
        if wanted is self._reading or self._transport is None:
            return
        self._reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def write(self, content: bytes) -> None:
        """Write; look at `full` before."""
        if self._transport is not None:
            self._transport.write(content)

    def close(self) -> None:
        """Close at once; over TLS the server is told, and has a second to say the same."""
        self.full = True
        if self._transport is None:
            return
        if self._is_tls:
            self._transport.close()
        else:
            self._transport.abort()

    def disown(self) -> None:
        """Close the copy of the socket in a child of `fork`, and nothing that the loop shares."""
        transport, self._transport = self._transport, None
        if transport is not None:
            shown = transport.get_extra_info("socket")
            # What asyncio shows of a socket can not be closed.
            sock = getattr(shown, "_sock", None)
            if isinstance(sock, socket.socket):
                sock.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Told by the loop."""
        self._transport = cast("asyncio.Transport", transport)
        self._is_tls = transport.get_extra_info("ssl_object") is not None
        self._transport.set_write_buffer_limits(_HIGH_WATER)
        # What comes now would find nobody: the engine's connection is made after this.
        self._transport.pause_reading()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's
        """Asked by the loop."""
        return self._reader.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        """Told by the loop."""
        self._reader.received(self, nbytes)

    def pause_writing(self) -> None:
        """Told by the loop."""
        self.full = True

    def resume_writing(self) -> None:
        """Told by the loop."""
        self.full = False
        self._reader.writable()

    def connection_lost(self, exc: Exception | None) -> None:
        """Told by the loop."""
        self.full = True
        self._transport = None
        self.closed.set_result(None)
        if exc is None:
            lost: MQLightError = hung_up(self.service)
        else:
            lost = (connection_error if self._is_tls else broken)(self.service, exc)
        self._reader.lost(self, lost)


async def connect(  # noqa: PLR0913 - what a connection consists of
    service: Service,
    addresses: Sequence[Address],
    context: ssl.SSLContext | None,
    reader: Reader,
    log: ClientLog,
    *,
    handshake_timeout: float,
) -> LoopStream:
    """Connect to the first address that answers; `handshake_timeout` (s) is for TLS.

    Raises:
        NetworkError: every address failed.
        SecurityError: the TLS handshake failed.
    """
    loop = asyncio.get_running_loop()
    said = "the host has no address"
    for family, address in addresses:
        log.debug("%s: trying %s port %s", service, *address[:2])
        try:
            sock = await _connected(loop, family, address)
        except OSError as problem:
            said = reason(problem)
            log.debug("%s: %s", service, said)
            continue
        try:
            transport, stream = await loop.create_connection(
                lambda: LoopStream(service, reader),
                sock=sock,
                ssl=context,
                server_hostname=service.host if context else None,
                ssl_handshake_timeout=handshake_timeout if context else None,
                ssl_shutdown_timeout=_SHUTDOWN_TIMEOUT if context else None,
            )
        except (OSError, ValueError) as problem:
            raise (handshake_error if context else broken)(service, problem) from None
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is not None:
            log_tls(log, service, tls)
        return stream
    message = f"{service}: {said}"
    raise NetworkError(message)


async def _connected(
    loop: asyncio.AbstractEventLoop, family: int, address: tuple[object, ...]
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        try:
            await loop.sock_connect(sock, address)
        except OSError as problem:
            # asyncio's own words name the address, and not what is wrong.
            raise OSError(problem.errno, os.strerror(problem.errno or 0)) from None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock
