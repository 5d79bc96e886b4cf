"""Frames as lines of the log: a line for each, short, without what SASL says."""

from __future__ import annotations

from mqlight._amqp.frames import FrameReader

LONGEST_LINE = 4096


def fuzz(data: bytes) -> None:
    """The bytes are one direction of a connection, in one piece and in two."""
    lines = list(FrameReader().feed(memoryview(data)))
    for line in lines:
        assert len(line) < LONGEST_LINE
        assert line.isprintable()
    reader, cut = FrameReader(), len(data) // 2
    pieces = [*reader.feed(memoryview(data)[:cut]), *reader.feed(memoryview(data)[cut:])]
    assert pieces[: len(lines) - 1] == lines[: len(pieces) - 1] or not lines
