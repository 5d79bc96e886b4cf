"""What the engine has to say goes into the stream as far as that takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mqlight._drivers.outgoing import Outgoing
from mqlight_core.errors import NetworkError

if TYPE_CHECKING:
    from mqlight._amqp._binding import Buffer


class Source:
    """A connection that has pieces of output."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def output(self, buffer: Buffer) -> int:
        piece = self.pieces.pop(0) if self.pieces else b""
        buffer.view[: len(piece)] = piece
        return len(piece)


class Sink:
    """A stream that takes so many bytes at a time, and breaks when they are negative."""

    def __init__(self, *takes: int) -> None:
        self.takes = list(takes)
        self.taken = b""
        self.wanted: list[bool] = []

    def write(self, view: memoryview) -> int:
        takes = self.takes.pop(0) if self.takes else len(view)
        if takes < 0:
            raise NetworkError("broken")
        self.taken += bytes(view[:takes])
        return min(takes, len(view))

    def want_write(self, *, wanted: bool) -> None:
        self.wanted.append(wanted)


def test_everything_is_written_piece_by_piece() -> None:
    sink: Any = Sink()
    source: Any = Source(b"one", b"two")
    assert Outgoing().flush(source, sink)
    assert sink.taken == b"onetwo"
    assert sink.wanted == [False]


def test_what_the_stream_does_not_take_follows_before_anything_else() -> None:
    outgoing = Outgoing()
    sink: Any = Sink(1, 0)
    source: Any = Source(b"one", b"two")
    assert not outgoing.flush(source, sink)
    assert not outgoing.flush(source, sink)
    assert (sink.taken, source.pieces) == (b"o", [b"two"])
    outgoing.flush_once(source, sink)
    assert sink.taken == b"o"
    assert outgoing.flush(source, sink)
    assert sink.taken == b"onetwo"
    assert sink.wanted == [True, True, False]


def test_last_words_are_one_piece() -> None:
    sink: Any = Sink()
    source: Any = Source(b"close", b"and more")
    Outgoing().flush_once(source, sink)
    assert sink.taken == b"close"


def test_a_new_connection_has_nothing_of_the_last_one() -> None:
    outgoing = Outgoing()
    broken: Any = Sink(1, -1)
    last: Any = Source(b"last")
    assert not outgoing.flush(last, broken)
    with pytest.raises(NetworkError):
        outgoing.flush(last, broken)
    outgoing.clear()
    sink: Any = Sink()
    new: Any = Source(b"new")
    assert outgoing.flush(new, sink)
    assert sink.taken == b"new"
