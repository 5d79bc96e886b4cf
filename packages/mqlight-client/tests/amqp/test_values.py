from __future__ import annotations

import math
from struct import pack
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mqlight._amqp.values import (
    DEEPEST,
    MalformedValueError,
    PropertyValue,
    decode_value,
    encode_binary,
    encode_list,
    encode_map,
    encode_string,
    encode_symbol,
    encode_uint,
)

UUID_BYTES = bytes(range(16))

unicode_text = st.text(st.characters(exclude_categories=["Cs"]))
property_values: st.SearchStrategy[PropertyValue] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    unicode_text,
    st.binary(),
)

# Every encoding of AMQP 1.0 part 1, section 1.6.
EVERY_TYPE: list[tuple[str, bytes, object]] = [
    ("null", b"\x40", None),
    ("boolean", b"\x56\x00", False),
    ("boolean", b"\x56\x01", True),
    ("true", b"\x41", True),
    ("false", b"\x42", False),
    ("ubyte", b"\x50\xff", 255),
    ("ushort", b"\x60\xff\xff", 65535),
    ("uint", b"\x70\xff\xff\xff\xff", 2**32 - 1),
    ("smalluint", b"\x52\xff", 255),
    ("uint0", b"\x43", 0),
    ("ulong", b"\x80" + b"\xff" * 8, 2**64 - 1),
    ("smallulong", b"\x53\xff", 255),
    ("ulong0", b"\x44", 0),
    ("byte", b"\x51\xff", -1),
    ("short", b"\x61\xff\xfe", -2),
    ("int", b"\x71\xff\xff\xff\xfd", -3),
    ("smallint", b"\x54\xfc", -4),
    ("long", b"\x81" + b"\xff" * 8, -1),
    ("smalllong", b"\x55\xfb", -5),
    ("float", b"\x72" + pack("!f", 0.5), 0.5),
    ("double", b"\x82" + pack("!d", 0.1), 0.1),
    ("decimal32", b"\x74abcd", b"abcd"),
    ("decimal64", b"\x84abcdefgh", b"abcdefgh"),
    ("decimal128", b"\x94" + UUID_BYTES, UUID_BYTES),
    ("char", b"\x73\x00\x01\xf4\xa9", "\U0001f4a9"),
    ("timestamp", b"\x83" + pack("!q", 1_700_000_000_000), 1_700_000_000_000),
    ("uuid", b"\x98" + UUID_BYTES, UUID(bytes=UUID_BYTES)),
    ("vbin8", b"\xa0\x02\x00\xff", b"\x00\xff"),
    ("vbin32", b"\xb0\x00\x00\x00\x02\x00\xff", b"\x00\xff"),
    ("str8-utf8", b"\xa1\x02\xc3\xa9", "é"),
    ("str32-utf8", b"\xb1\x00\x00\x00\x02\xc3\xa9", "é"),
    ("sym8", b"\xa3\x03abc", "abc"),
    ("sym32", b"\xb3\x00\x00\x00\x03abc", "abc"),
    ("list0", b"\x45", []),
    ("list8", b"\xc0\x03\x02\x41\x40", [True, None]),
    ("list32", b"\xd0\x00\x00\x00\x06\x00\x00\x00\x02\x41\x40", [True, None]),
    ("map8", b"\xc1\x05\x02\xa1\x01a\x43", {"a": 0}),
    ("map32", b"\xd1\x00\x00\x00\x08\x00\x00\x00\x02\xa1\x01a\x43", {"a": 0}),
    ("array8", b"\xe0\x04\x02\x50\x01\x02", [1, 2]),
    ("array32", b"\xf0\x00\x00\x00\x07\x00\x00\x00\x02\x50\x01\x02", [1, 2]),
    ("array of strings", b"\xe0\x06\x02\xa1\x01a\x01b", ["a", "b"]),
    ("array of lists", b"\xe0\x06\x02\xc0\x01\x00\x01\x00", [[], []]),
    ("array of described values", b"\xe0\x07\x02\x00\x53\x70\x50\x01\x02", [1, 2]),
    ("described value", b"\x00\x53\x70\xa1\x01a", "a"),
    ("described by a symbol", b"\x00\xa3\x03x:y\xa1\x01a", "a"),
    ("described twice", b"\x00\x53\x01\x00\x53\x02\x43", 0),
]


@pytest.mark.parametrize(
    ("encoded", "value"),
    [pytest.param(encoded, value, id=name) for name, encoded, value in EVERY_TYPE],
)
def test_every_type_is_read(encoded: bytes, value: object) -> None:
    decoded, end = decode_value(b"before" + encoded + b"behind", 6)
    assert (type(decoded), decoded) == (type(value), value)
    assert end == 6 + len(encoded)


@pytest.mark.parametrize(
    "encoded", [pytest.param(encoded, id=name) for name, encoded, _ in EVERY_TYPE]
)
def test_a_value_that_ends_early_is_malformed(encoded: bytes) -> None:
    for size in range(len(encoded)):
        with pytest.raises(MalformedValueError):
            decode_value(encoded[:size], 0)


@pytest.mark.parametrize(
    ("why", "encoded"),
    [
        ("nothing there", b""),
        ("unknown constructor", b"\x4f"),
        ("unknown variable width", b"\xa2\x01a"),
        ("unknown compound", b"\xc2\x01\x00"),
        ("text that is not UTF-8", b"\xa1\x01\xff"),
        ("a symbol that is not text", b"\xa3\x01\xff"),
        ("a char beyond Unicode", b"\x73\x00\x11\x00\x00"),
        ("a map with half an entry", b"\xc1\x02\x01\x40"),
        ("a map with a list for a key", b"\xc1\x03\x02\x45\x40"),
        ("a list with bytes left", b"\xc0\x03\x01\x40\x40"),
        ("a list beyond its size", b"\xc0\x02\x01\x50\x01"),
        ("more elements than bytes", b"\xc0\x02\xff\x40"),
        ("many elements of no width", b"\xf0\x00\x00\x00\x05\xff\xff\xff\xff\x40"),
        ("an array with bytes left", b"\xe0\x04\x01\x50\x01\x02"),
        ("an array of an unknown type", b"\xe0\x03\x01\x4f\x00"),
    ],
)
def test_bytes_that_are_no_value_are_malformed(why: str, encoded: bytes) -> None:
    with pytest.raises(MalformedValueError):
        decode_value(encoded, 0)


@given(st.binary(max_size=200))
@example(b"\xd0\xff\xff\xff\xff\xff\xff\xff\xff")
@example(b"\x00" * 200)
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        _, end = decode_value(data, 0)
    except MalformedValueError:
        return
    assert 0 < end <= len(data)


def nested_list(depth: int) -> bytes:
    encoded = encode_list()
    for _ in range(depth - 1):
        encoded = encode_list(encoded)
    return encoded


def nested_array(depth: int) -> bytes:
    encoded = b"\x43"
    for _ in range(depth):
        encoded = b"\xf0" + pack("!II", len(encoded) + 4, 1) + encoded
    return encoded


@pytest.mark.parametrize(
    "encoded",
    [
        nested_list(2000),
        b"\x00\x43" * 100_000 + b"\x43",
        b"\x00" * 100_000,
        nested_array(DEEPEST + 1),
    ],
    ids=["lists", "described values", "descriptors", "arrays"],
)
def test_deep_nesting_is_malformed(encoded: bytes) -> None:
    with pytest.raises(MalformedValueError, match="nested too deeply"):
        decode_value(encoded, 0)


def test_as_deep_as_allowed_is_read() -> None:
    value, _ = decode_value(nested_list(DEEPEST), 0)
    for _ in range(DEEPEST - 1):
        assert isinstance(value, list)
        (value,) = value
    assert value == []


@given(unicode_text)
@example("x" * 255)
@example("x" * 256)
@example("é" * 128)
def test_strings_make_the_round_trip(value: str) -> None:
    encoded = encode_string(value)
    assert decode_value(encoded, 0) == (value, len(encoded))


@given(st.binary())
@example(bytes(255))
@example(bytes(256))
def test_binary_makes_the_round_trip(value: bytes) -> None:
    encoded = encode_binary(value)
    assert decode_value(encoded, 0) == (value, len(encoded))


@given(st.text(st.characters(max_codepoint=127)))
def test_symbols_make_the_round_trip(value: str) -> None:
    encoded = encode_symbol(value)
    assert decode_value(encoded, 0) == (value, len(encoded))


@given(st.integers(0, 2**32 - 1))
@example(0)
@example(2**32 - 1)
def test_unsigned_integers_make_the_round_trip(value: int) -> None:
    encoded = encode_uint(value)
    assert decode_value(encoded, 0) == (value, len(encoded))


@given(st.lists(unicode_text))
@example(["x" * 252])
@example(["x" * 253])
@example(["" for _ in range(256)])
def test_lists_make_the_round_trip(values: list[str]) -> None:
    encoded = encode_list(*map(encode_string, values))
    assert decode_value(encoded, 0) == (values, len(encoded))


@given(st.dictionaries(unicode_text, property_values))
@example({"least": -(2**63), "most": 2**63 - 1})
@example({"infinite": math.inf})
@example({"long": "x" * 300})
def test_maps_make_the_round_trip(values: dict[str, PropertyValue]) -> None:
    encoded = encode_map(values)
    decoded, end = decode_value(encoded, 0)
    assert decoded == values
    assert isinstance(decoded, dict)
    assert [type(value) for value in decoded.values()] == [type(value) for value in values.values()]
    assert end == len(encoded)


def test_not_a_number_makes_the_round_trip() -> None:
    decoded, _ = decode_value(encode_map({"nan": math.nan}), 0)
    assert isinstance(decoded, dict)
    assert math.isnan(decoded["nan"])


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_an_integer_of_more_than_64_bits_can_not_be_encoded(value: int) -> None:
    with pytest.raises(OverflowError):
        encode_map({"n": value})
