from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight_devserver import values
from mqlight_devserver.values import DecodeError

ENCODED = {
    "null": b"\x40",
    "true": b"\x41",
    "list0": b"\x45",
    "ubyte": b"\x50\x01",
    "ushort": b"\x60\x01\x02",
    "uint": b"\x70\x00\x00\x00\x01",
    "ulong": b"\x80" + bytes(8),
    "uuid": b"\x98" + bytes(16),
    "vbin8": b"\xa0\x02ab",
    "str32": b"\xb1\x00\x00\x00\x02ab",
    "list8": b"\xc0\x03\x02\x40\x40",
    "map32": b"\xd1\x00\x00\x00\x06\x00\x00\x00\x02\x40\x40",
    "array8": b"\xe0\x05\x02\xa3\x01a\x00",
    "described": b"\x00\x53\x77\xa1\x01x",
    "described twice": b"\x00\x53\x01\x00\x53\x02\x40",
}


@pytest.mark.parametrize("encoded", ENCODED.values(), ids=ENCODED)
def test_a_value_ends_where_the_next_begins(encoded: bytes) -> None:
    assert values.end_of(b"\xff" + encoded + b"\xff", 1) == 1 + len(encoded)


@pytest.mark.parametrize("encoded", ENCODED.values(), ids=ENCODED)
def test_a_value_that_is_cut_off_is_an_error(encoded: bytes) -> None:
    for size in range(len(encoded)):
        with pytest.raises(DecodeError, match="goes on beyond"):
            values.end_of(encoded[:size], 0)


@pytest.mark.parametrize("code", [0x01, 0x10, 0x3F])
def test_an_unknown_constructor_is_an_error(code: int) -> None:
    with pytest.raises(DecodeError, match=f"0x{code:02x}"):
        values.end_of(bytes((code,)), 0)


def test_descriptors_within_descriptors_are_no_trap() -> None:
    with pytest.raises(DecodeError):
        values.end_of(b"\x00" * 100_000, 0)


@given(st.binary(max_size=40))
def test_arbitrary_bytes_are_a_value_or_a_decode_error(data: bytes) -> None:
    try:
        end = values.end_of(data, 0)
    except DecodeError:
        return
    assert 0 < end <= len(data)


@pytest.mark.parametrize(
    ("encoded", "code"),
    [
        (b"\x00\x53\x70\x45", 0x70),
        (b"\x00\x80\x00\x00\x00\x00\x00\x00\x00\x70\x45", 0x70),
        (b"\x00\x44\x45", 0),
        (b"\x00\xa3\x01h\x45", -1),
    ],
)
def test_the_descriptor_of_a_described_type(encoded: bytes, code: int) -> None:
    assert values.descriptor(encoded, 0) == (code, len(encoded) - 1)


def test_a_descriptor_that_is_cut_off_is_an_error() -> None:
    with pytest.raises(DecodeError, match="goes on beyond"):
        values.descriptor(b"\x00\x53", 0)


@pytest.mark.parametrize("encoded", [b"\x40", b""])
def test_what_is_not_described_has_no_descriptor(encoded: bytes) -> None:
    with pytest.raises(DecodeError, match="described type"):
        values.descriptor(encoded, 0)


@pytest.mark.parametrize(
    ("encoded", "items"),
    [
        (b"\x45", []),
        (b"\xc0\x04\x02\x40\x50\x01", [3, 4]),
        (b"\xd0\x00\x00\x00\x05\x00\x00\x00\x01\x41", [9]),
    ],
)
def test_the_items_of_a_list(encoded: bytes, items: list[int]) -> None:
    assert values.items_of(encoded, 0) == items
    assert values.items_of(encoded, 0, 1) == items[:1]


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (b"\x40", "a list was expected"),
        (b"\xc0\x00", "too short to hold its count"),
        (b"\xd0\x00\x00\x00\x03abc", "too short to hold its count"),
        (b"\xc0\x02\x02\x40", "fewer than its 2 items"),
        (b"\xc0\x03\x01\x40\x40", "not as long as it says"),
        (b"\xc0\x02\x01\xa1\x01x", "not as long as it says"),
    ],
)
def test_a_list_that_contradicts_itself_is_an_error(encoded: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        values.items_of(encoded, 0)


@pytest.mark.parametrize(
    ("encoded", "number"),
    [
        (b"\x43", 0),
        (b"\x44", 0),
        (b"\x50\xff", 255),
        (b"\x52\x07", 7),
        (b"\x53\x07", 7),
        (b"\x60\x01\x00", 256),
        (b"\x70\x00\x01\x00\x00", 65536),
        (b"\x80" + bytes(7) + b"\x09", 9),
    ],
)
def test_unsigned_integers_of_all_widths(encoded: bytes, number: int) -> None:
    assert values.as_int(encoded, 0) == number


def test_an_integer_above_its_limit_is_an_error() -> None:
    assert values.as_int(b"\x52\x07", 0, 7) == 7
    with pytest.raises(DecodeError, match="above 6"):
        values.as_int(b"\x52\x07", 0, 6)


@pytest.mark.parametrize(
    ("encoded", "truth"),
    [(b"\x41", True), (b"\x42", False), (b"\x56\x01", True), (b"\x56\x00", False)],
)
def test_booleans(encoded: bytes, truth: bool) -> None:  # noqa: FBT001
    assert values.as_bool(encoded, 0) is truth


@pytest.mark.parametrize(
    "encoded", [b"\xa0\x02ab", b"\xa1\x02ab", b"\xa3\x02ab", b"\xb1\x00\x00\x00\x02ab"]
)
def test_text_and_binary(encoded: bytes) -> None:
    assert values.variable(encoded, 0) == b"ab"
    assert values.as_text(encoded, 0) == "ab"


def test_text_that_is_not_utf_8_is_an_error() -> None:
    with pytest.raises(DecodeError, match="not UTF-8"):
        values.as_text(b"\xa1\x01\xff", 0)


@pytest.mark.parametrize("read", [values.as_int, values.as_bool, values.variable, values.as_text])
def test_a_value_of_another_type_is_an_error(read: object) -> None:
    assert callable(read)
    with pytest.raises(DecodeError, match="expected"):
        read(b"\x45", 0)
