"""From bytes to one side of a conversation: so much of a good one, then whatever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FRAMED = 0x80

SASL_HEADER = b"AMQP\x03\x01\x00\x00"
AMQP_HEADER = b"AMQP\x00\x01\x00\x00"


def frame(body: bytes, *, sasl: bool = False) -> bytes:
    """Return a frame on channel 0."""
    return (8 + len(body)).to_bytes(4, "big") + bytes((2, sasl, 0, 0)) + body


def composite(code: int, *fields: bytes) -> bytes:
    """Return a described list of encoded fields."""
    content = b"".join(fields)
    return bytes((0, 0x53, code, 0xC0, len(content) + 1, len(fields))) + content


def text(value: str) -> bytes:
    """Return an encoded string."""
    return bytes((0xA1, len(value))) + value.encode()


def small(value: int) -> bytes:
    """Return an encoded uint."""
    return bytes((0x52, value))


NULL, TRUE, FALSE, ZERO = b"\x40", b"\x41", b"\x42", b"\x43"
LARGE = b"\x70\x7f\xff\xff\xff"
MIXED, UNSETTLED, FIRST = b"\x50\x02", b"\x50\x00", b"\x50\x00"
SOURCE, TARGET = 0x28, 0x29
ANONYMOUS = b"\xa3\x09ANONYMOUS"


def pieces(data: bytes, opening: Sequence[bytes]) -> Iterator[bytes]:
    """Give what to feed, piece by piece.

    The first byte says how many parts of the good `opening` come first, and with `FRAMED` that the
    rest is a sequence of bodies of AMQP frames, each with its length before it (two bytes), so that
    what is mutated are performatives and not lengths.
    """
    if not data:
        return
    yield from opening[: (data[0] & 0x7F) % (len(opening) + 1)]
    rest = data[1:]
    if not data[0] & FRAMED:
        half = len(rest) // 2
        yield rest[:half]
        yield rest[half:]
        return
    while len(rest) > 2:
        size = int.from_bytes(rest[:2], "big") % 4096
        body, rest = rest[2 : 2 + size], rest[2 + size :]
        yield frame(body)
