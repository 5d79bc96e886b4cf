"""Reading the peer's handle-max out of the first bytes of a connection."""

from __future__ import annotations

import pytest

from mqlight._amqp.begin import UNLIMITED, handle_max

HEADER = b"AMQP\x00\x01\x00\x00"
SASL_OUTCOME = b"\x00\x00\x00\x10\x02\x01\x00\x00\x00\x53\x44\xc0\x03\x01\x50\x00"
OPEN = b"\x00\x00\x00\x11\x02\x00\x00\x00\x00\x53\x10\xc0\x04\x01\xa1\x01s"
EMPTY = b"\x00\x00\x00\x08\x02\x00\x00\x00"


def frame(body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + b"\x02\x00\x00\x00" + body


def begin(fields: bytes, count: int, descriptor: bytes = b"\x00\x53\x11") -> bytes:
    return frame(descriptor + b"\xc0" + bytes((len(fields) + 1, count)) + fields)


FIVE = b"\x40\x43\x70\x00\x00\x08\x00\x70\x00\x00\x08\x00"


@pytest.mark.parametrize(
    "before", [b"", HEADER, HEADER + SASL_OUTCOME + HEADER + OPEN, HEADER + EMPTY + OPEN]
)
def test_the_begin_is_found_behind_headers_and_other_frames(before: bytes) -> None:
    assert handle_max(before + begin(FIVE + b"\x52\xff", 5)) == 255


def test_a_descriptor_in_its_long_form_is_a_begin_too() -> None:
    long_form = b"\x00\x80\x00\x00\x00\x00\x00\x00\x00\x11"
    assert handle_max(HEADER + OPEN + begin(FIVE + b"\x52\x07", 5, long_form)) == 7


@pytest.mark.parametrize(
    "head",
    [
        b"",
        HEADER + OPEN,
        begin(FIVE, 4),
        begin(FIVE + b"\x40", 5),
        begin(FIVE + b"\x52\xff", 5)[:-1],
        frame(b"\x00\x53\x11\xc0\x09\x05"),
        frame(b"\x00\x53\x11\xa1\x01x"),
        b"\x00\x00\x00\x00\x00\x00\x00\x00",
    ],
    ids=[
        "no bytes",
        "no begin",
        "no handle-max",
        "null",
        "not whole",
        "broken list",
        "no list",
        "frame of size 0",
    ],
)
def test_without_a_handle_max_there_is_no_limit(head: bytes) -> None:
    assert handle_max(head) == UNLIMITED
