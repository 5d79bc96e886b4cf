from __future__ import annotations

import pytest
from devserver_wire import (
    Composite,
    Raw,
    Symbol,
    UByte,
    UInt,
    decode,
    encode,
    message,
    sections,
    value_section,
)
from hypothesis import given
from hypothesis import strategies as st

from mqlight_devserver.sections import (
    NOTHING_ALIKE,
    Header,
    encode_header,
    read_header,
    read_sections,
)
from mqlight_devserver.values import DecodeError

HEADER = encode(Composite("header", durable=False))
DELIVERY_ANNOTATIONS = b"\x00\x53\x71" + encode({Symbol("x-opt-a"): "b"})
MESSAGE_ANNOTATIONS = b"\x00\x53\x72" + encode({Symbol("x-opt-c"): "d"})
PROPERTIES = encode(Composite("properties", to="amqp:///t"))
APPLICATION = b"\x00\x53\x74" + encode({"key": "value"})
BODY = value_section("hello")
FOOTER = b"\x00\x53\x78" + encode({Symbol("x"): 1})
WHOLE = (
    HEADER + DELIVERY_ANNOTATIONS + MESSAGE_ANNOTATIONS + PROPERTIES + APPLICATION + BODY + FOOTER
)


def to_of(encoded: bytes) -> object:
    properties = dict(sections(encoded))["properties"]
    assert isinstance(properties, Composite)
    return properties["to"]


def test_a_message_that_has_everything_goes_through_unchanged() -> None:
    assert read_sections(WHOLE, "topic").encoded == WHOLE


def test_sections_in_any_order_come_out_in_the_standards_order() -> None:
    mixed = (
        BODY
        + FOOTER
        + APPLICATION
        + PROPERTIES
        + MESSAGE_ANNOTATIONS
        + DELIVERY_ANNOTATIONS
        + HEADER
    )
    layout = read_sections(mixed, "topic")
    assert layout.encoded == WHOLE
    assert layout.prefix == b""


@pytest.mark.parametrize(
    "received",
    [
        WHOLE,
        PROPERTIES + BODY,
        encode(Composite("header", durable=True, priority=UByte(9), ttl=UInt(5))) + BODY,
        encode(Composite("header", delivery_count=UInt(3))) + BODY,
        encode_header(Header(0, durable=True), 70_000, 2) + BODY,
    ],
)
def test_the_header_is_read_again_from_what_is_to_be_delivered(received: bytes) -> None:
    layout = read_sections(received, "topic")
    assert read_header(layout.encoded) == layout.header


def test_a_message_that_was_not_put_together_has_no_header_to_read() -> None:
    with pytest.raises(DecodeError, match="does not begin with a header"):
        read_header(BODY)


def test_a_missing_header_is_added() -> None:
    layout = read_sections(PROPERTIES + BODY, "topic")
    (kind, header), *rest = sections(layout.encoded)
    assert kind == "header"
    assert isinstance(header, Composite)
    assert header["ttl"] is None
    assert rest == sections(PROPERTIES + BODY)
    assert layout.encoded[layout.header.size :] == PROPERTIES + BODY


def test_missing_properties_are_added_with_the_topic() -> None:
    encoded = read_sections(HEADER + BODY, "a/ö").encoded
    assert to_of(encoded) == "a/ö"
    assert encoded.endswith(BODY)


@pytest.mark.parametrize(
    "properties",
    [
        Composite("properties"),
        Composite("properties", message_id="id"),
        Composite("properties", user_id=b"u"),
        Composite("properties", message_id="id", user_id=b"u", subject="s"),
        Composite("properties", content_type=Symbol("text/plain"), reply_to="r"),
    ],
)
def test_a_missing_to_is_added_and_nothing_else_changed(properties: Composite) -> None:
    encoded = read_sections(HEADER + encode(properties) + BODY, "topic").encoded
    found = dict(sections(encoded))["properties"]
    assert isinstance(found, Composite)
    assert found.fields == properties.fields | {"to": "topic"}
    assert encoded.endswith(BODY)


@pytest.mark.parametrize("to", ["amqp:///t", "amqp://h:1/t", "amqps://h/t", "anything", ""])
def test_the_publishers_to_is_kept(to: str) -> None:
    assert to_of(read_sections(message(to=to), "topic").encoded) == to


def test_a_message_without_a_body_gets_an_empty_text() -> None:
    encoded = read_sections(HEADER + PROPERTIES, "topic").encoded
    assert encoded == HEADER + PROPERTIES + value_section("")[:3] + b"\xa1\x00"


def test_no_bytes_at_all_are_an_empty_text() -> None:
    found = dict(sections(read_sections(b"", "topic").encoded))
    assert found[0x77] == ""
    assert "header" in found
    assert "properties" in found


@pytest.mark.parametrize("code", [b"\x75", b"\x76"])
def test_several_data_or_sequence_sections_are_one_body(code: bytes) -> None:
    body = (b"\x00\x53" + code + encode(b"x")) * 2
    assert read_sections(HEADER + PROPERTIES + body, "t").encoded.endswith(body)


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (HEADER + HEADER + BODY, "more than one section 0x70"),
        (BODY + BODY, "more than one body"),
        (b"\x00\x53\x75\xa0\x00" + BODY, "more than one body"),
        (b"\x00\x53\x99\x40", "no section of a message"),
        (b"\x00\xa3\x01h\x45" + BODY, "no section of a message"),
        (b"hello", "described type"),
        (WHOLE[:-1], "goes on beyond"),
        (b"\x00\x53\x70\x40", "a list was expected"),
        (b"\x00\x53\x70\xc0\x02\x01\x45", "boolean"),
        (b"\x00\x53\x73\xa1\x00" + BODY, "a list was expected"),
        (encode(Composite("header", priority=UInt(256))) + BODY, "above 255"),
    ],
)
def test_what_is_not_one_message_is_an_error(encoded: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        read_sections(encoded, "topic")


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_a_message_or_a_decode_error(data: bytes) -> None:
    try:
        encoded = read_sections(data, "topic").encoded
    except DecodeError:
        return
    assert read_sections(encoded, "topic").encoded == encoded


def test_the_headers_fields_are_read() -> None:
    section = encode(
        Composite(
            "header",
            durable=True,
            priority=UByte(7),
            ttl=UInt(5000),
            first_acquirer=True,
            delivery_count=UInt(2),
        )
    )
    header = read_sections(section + BODY, "t").header
    assert header == Header(len(section), durable=True, priority=7, ttl=5000, deliveries=2)


def test_a_ttl_of_zero_is_no_limit() -> None:
    assert read_sections(message(ttl=UInt(0)), "t").header.ttl is None


@pytest.mark.parametrize("ttl", [None, 1, 2**32 - 1])
@pytest.mark.parametrize("count", [0, 1, 2**32 - 1])
def test_an_encoded_header_reads_back(ttl: int | None, count: int) -> None:
    encoded = encode_header(Header(0, durable=True, priority=2), ttl, count)
    header, end = decode(encoded, 0)
    assert end == len(encoded)
    assert isinstance(header, Composite)
    assert (header["durable"], header["priority"], header["ttl"]) == (True, 2, ttl)
    assert header["delivery_count"] == count


ALIKE = [message("hello"), message("hello", to=None), PROPERTIES + BODY]


@pytest.mark.parametrize("first", ALIKE, ids=["complete", "without to", "without header"])
@pytest.mark.parametrize(
    "body",
    [
        "",
        "another",
        b"",
        b"\x00\x01",
        Raw(b"\xa1\xff" + b"x" * 255),
        Raw(b"\xa0\x01x"),
        "x" * 70_000,
    ],
    ids=["no text", "text", "no bytes", "bytes", "str8", "vbin8", "long"],
)
def test_a_message_that_differs_in_its_body_only_needs_no_second_look(
    first: bytes, body: object
) -> None:
    layout = read_sections(first, "topic")
    second = first[: -len(encode("hello"))] + encode(body)
    assert layout.repeated(second) == read_sections(second, "topic").encoded


def test_a_repeated_message_that_is_complete_is_not_copied() -> None:
    layout = read_sections(message("hello"), "topic")
    second = message("other")
    assert layout.repeated(second) is second


@pytest.mark.parametrize(
    "second",
    [
        message("hello", to="amqp:///other"),
        message("hello") + FOOTER,
        message("hello")[:-1],
        message("hello")[: -len(encode("hello"))],
        message("hello")[: -len(encode("hello"))] + b"\xa1",
        message(5),
        message("hello") + b"\x00",
        b"",
    ],
)
def test_what_differs_in_more_is_not_taken_for_a_repetition(second: bytes) -> None:
    assert read_sections(message("hello"), "topic").repeated(second) is None


@pytest.mark.parametrize("received", [b"", b"\xa1\x00", message("hello")])
def test_nothing_is_alike_before_the_first_message(received: bytes) -> None:
    assert NOTHING_ALIKE.repeated(received) is None


def test_a_message_with_a_footer_is_no_pattern_for_others() -> None:
    assert read_sections(WHOLE, "topic").repeated(WHOLE) is None


def test_a_message_with_a_data_body_is_no_pattern_for_others() -> None:
    data = HEADER + PROPERTIES + b"\x00\x53\x75" + encode(b"x")
    assert read_sections(data, "topic").repeated(data) is None


def test_a_body_of_very_many_sections_is_an_error() -> None:
    with pytest.raises(DecodeError, match="more than 4096 sections"):
        read_sections(b"\x00\x53\x75\xa0\x00" * 4097, "t")


def test_very_many_fields_are_an_error_or_left_alone() -> None:
    nulls = b"\x40" * 100_000
    fields = b"\xd0" + (len(nulls) + 4).to_bytes(4, "big") + len(nulls).to_bytes(4, "big") + nulls
    with pytest.raises(DecodeError, match="more than 13 properties"):
        read_sections(b"\x00\x53\x73" + fields, "t")
    assert read_sections(b"\x00\x53\x70" + fields, "t").header.ttl is None
