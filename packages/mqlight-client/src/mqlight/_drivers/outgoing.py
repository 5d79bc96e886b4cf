"""Bytes on their way from a connection's engine into its stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._amqp._binding import Buffer

if TYPE_CHECKING:
    from mqlight._amqp.connection import AmqpConnection
    from mqlight._drivers.network import Stream

_SIZE = 128 * 1024


class Outgoing:
    """What the engine has given and the stream has not taken, of one connection at a time."""

    def __init__(self) -> None:
        self._buffer = Buffer(_SIZE)
        self._size = 0
        self._written = 0

    def clear(self) -> None:
        """The connection is gone."""
        self._size = self._written = 0

    def flush(self, connection: AmqpConnection, stream: Stream) -> bool:
        """Write what there is; False when the stream takes no more for now.

        Raises:
            NetworkError: the stream broke.
        """
        while True:
            if self._written == self._size:
                self._written = 0
                self._size = connection.output(self._buffer)
                if not self._size:
                    stream.want_write(wanted=False)
                    return True
            self._written += stream.write(self._buffer.view[self._written : self._size])
            if self._written < self._size:
                stream.want_write(wanted=True)
                return False

    def flush_once(self, connection: AmqpConnection, stream: Stream) -> None:
        """Write what the stream takes at once; nothing if that would be out of turn.

        Raises:
            NetworkError: the stream broke.
        """
        if self._written == self._size:
            size = connection.output(self._buffer)
            stream.write(self._buffer.view[:size])
