"""A client's socket and its connection: reads, writes, and the way to hang up."""

from __future__ import annotations

import contextlib
from socket import SHUT_WR
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mqlight_devserver._binding import Buffer
    from mqlight_devserver.connection import Connection

__all__ = ["Peer", "Stream"]


class Stream(Protocol):
    """What is needed of a socket that does not block."""

    def fileno(self) -> int:
        """Return what selectors watch."""

    def recv_into(self, buffer: memoryview, /) -> int:
        """Read what fits."""

    def send(self, data: bytes | memoryview, /) -> int:
        """Write what is taken."""

    def shutdown(self, how: int, /) -> None:
        """End a half."""

    def close(self) -> None:
        """Close at once."""


class Peer:
    """`gone` says that nothing can be read or written any more, and that the socket may go."""

    __slots__ = ("_hung_up", "_unsent", "connection", "gone", "socket")

    def __init__(self, accepted: Stream, connection: Connection) -> None:
        """`accepted` does not block; it is this peer's from here on."""
        self.socket: Stream = accepted
        self.connection: Connection = connection
        self.gone: bool = False
        self._unsent = b""
        self._hung_up = False

    @property
    def blocked(self) -> bool:
        """Whether the socket takes no more for now."""
        return bool(self._unsent)

    def read(self, buffer: memoryview, now: float) -> None:
        """Read once, as much as fits in `buffer`, and let the connection act on it."""
        try:
            size = self.socket.recv_into(buffer)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self.gone = True
            if not self._hung_up:
                self.connection.receive_eof(now)
        elif not self._hung_up:
            self.connection.receive(buffer[:size], now)

    def write(self, buffer: Buffer) -> None:
        """Write what there is, until the socket takes no more."""
        connection = self.connection
        try:
            if self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
            while not self._unsent and (size := connection.fill(buffer)):
                self._send(buffer.view[:size])
        except BlockingIOError:
            pass
        except OSError:
            self.gone = True
            return
        connection.set_blocked(blocked=self.blocked)
        if not self.blocked:
            connection.written()
            if connection.finished and not self._hung_up:
                self._hang_up()

    def close(self, now: float) -> None:
        """Let go of everything."""
        self.socket.close()
        self.connection.free(now)

    def _send(self, data: memoryview) -> None:
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        self._unsent = bytes(data[sent:])

    def _hang_up(self) -> None:
        """End our half, and leave the rest to the client.

        To close at once, with bytes of the client's still unread, would take back what was said
        last.
        """
        self._hung_up = True
        # A client that has gone meanwhile is noticed by the next read.
        with contextlib.suppress(OSError):
            self.socket.shutdown(SHUT_WR)
