from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import proton
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mqlight._amqp.message import (
    BINARY,
    JSON,
    TEXT,
    MessageReader,
    encode_binary,
    encode_prefix,
    encode_text,
    to_json,
)
from mqlight._amqp.values import encode_list, encode_map, encode_string, encode_symbol

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight._amqp.values import PropertyValue

unicode_text = st.text(st.characters(exclude_categories=["Cs"]))
topics = unicode_text.filter(bool)
property_maps: st.SearchStrategy[dict[str, PropertyValue]] = st.dictionaries(
    unicode_text,
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False),
        unicode_text,
        st.binary(),
    ),
    max_size=4,
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), unicode_text),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(unicode_text, inner)),
    max_leaves=5,
)

PREFIX = encode_prefix("t", TEXT)

HEADER, DELIVERY_ANNOTATIONS, MESSAGE_ANNOTATIONS = 0x70, 0x71, 0x72
PROPERTIES, APPLICATION_PROPERTIES = 0x73, 0x74
DATA, SEQUENCE, VALUE, FOOTER = 0x75, 0x76, 0x77, 0x78


def section(code: int, value: bytes) -> bytes:
    return b"\x00\x53" + bytes((code,)) + value


def properties_section(*, to: str | None = None, content_type: str | None = None) -> bytes:
    null = b"\x40"
    fields = [null, null, encode_string(to) if to is not None else null, null, null, null]
    if content_type is not None:
        fields.append(encode_symbol(content_type))
    return section(PROPERTIES, encode_list(*fields))


def text(value: str) -> bytes:
    return section(VALUE, encode_string(value))


def read(raw: bytes, qos: int = 0) -> tuple[object, dict[str, object], dict[str, object] | None]:
    return MessageReader("pattern/#", qos).read(raw)


def data_of(raw: bytes) -> object:
    data, _, malformed = read(raw)
    assert malformed is None
    return data


def same(one: object, other: object) -> bool:
    """Tell whether two results are equal, types included, NaN equal to itself."""
    return repr(one) == repr(other)


# What we send, as we and as others read it.


@given(topics, unicode_text)
@example("t", "")
@example("t", "x" * 255)
@example("t", "x" * 256)
@example("/a//b/+/#", "é" * 128)
def test_text_makes_the_round_trip(topic: str, body: str) -> None:
    raw = encode_text(encode_prefix(topic, TEXT), body)
    assert read(raw) == (body, {"topic": topic, "qos": 0}, None)


@given(st.binary())
@example(bytes(255))
@example(bytes(256))
def test_bytes_make_the_round_trip_as_a_bytearray(body: bytes) -> None:
    data = data_of(encode_binary(encode_prefix("t", BINARY), body))
    assert type(data) is bytearray
    assert data == body


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_kind_of_bytes_is_binary(kind: Callable[[bytes], bytes]) -> None:
    assert data_of(encode_binary(PREFIX, kind(b"\x00\xff"))) == b"\x00\xff"


def test_a_view_of_wider_items_is_sent_as_its_bytes() -> None:
    view = memoryview(bytes(range(8))).cast("I")
    assert data_of(encode_binary(PREFIX, view)) == bytes(range(8))


@given(json_values)
def test_json_makes_the_round_trip(value: object) -> None:
    assert data_of(encode_text(encode_prefix("t", JSON), to_json(value))) == value


@given(
    topics,
    st.sampled_from([TEXT, BINARY, JSON]),
    st.none() | st.integers(1, 2_592_000_000),
    st.booleans(),
    property_maps,
)
def test_what_is_said_of_a_message_makes_the_round_trip(
    topic: str,
    content_type: str,
    ttl: int | None,
    persistent: bool,  # noqa: FBT001
    given_properties: dict[str, PropertyValue],
) -> None:
    prefix = encode_prefix(
        topic, content_type, ttl, persistent=persistent, properties=given_properties
    )
    expected: dict[str, object] = {"topic": topic, "qos": 1}
    if ttl is not None:
        expected["ttl"] = ttl
    if given_properties:
        expected["properties"] = given_properties
    if persistent:
        expected["persistent"] = True
    _, message, malformed = read(encode_text(prefix, '"x"'), qos=1)
    assert same(sorted(message.items()), sorted(expected.items()))
    assert malformed is None


def decoded(raw: bytes) -> proton.Message:
    message = proton.Message()
    message.decode(raw)
    return message


def test_other_clients_read_what_we_send() -> None:
    prefix = encode_prefix("a/b", TEXT, 5000, persistent=True, properties={"n": 1, "s": "x"})
    message = decoded(encode_text(prefix, "hello"))
    assert message.body == "hello"
    assert message.address == "amqp:///a/b"
    assert message.content_type == "text/plain"
    assert message.ttl == 5.0
    assert message.durable
    assert message.properties == {"n": 1, "s": "x"}


@pytest.mark.parametrize("body", ["", "x" * 255, "x" * 256, "é"])
def test_other_clients_read_text_of_every_size(body: str) -> None:
    assert decoded(encode_text(PREFIX, body)).body == body


@pytest.mark.parametrize("size", [0, 255, 256, 100_000])
def test_other_clients_read_binary_of_every_size(size: int) -> None:
    body = bytes(size)
    message = decoded(encode_binary(encode_prefix("t", BINARY), body))
    assert message.body == body
    assert message.content_type == "application/octet-stream"


def test_a_message_without_options_has_no_ttl_and_is_not_durable() -> None:
    message = decoded(encode_text(PREFIX, "x"))
    assert not message.durable
    assert message.ttl == 0
    assert message.properties in (None, {})


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, {1, 2}, object(), {"a": {1}}, b"\x00", {(1,): 2}],
    ids=["nan", "inf", "set", "object", "nested", "bytes", "key"],
)
def test_what_json_can_not_hold_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match=f"data of type {type(value).__name__} can not be sent"):
        to_json(value)


def test_data_that_holds_itself_is_a_type_error() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(TypeError, match="data of type list"):
        to_json(loop)


def test_data_that_is_nested_without_end_is_a_type_error() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(TypeError, match="data of type list"):
        to_json(deep)


def test_text_with_lone_surrogates_can_not_be_encoded() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode_text(PREFIX, "\ud800")


# What others send.


def message_of(body: Any, **attributes: object) -> bytes:
    return bytes(proton.Message(body=body, **attributes).encode())


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ("text", "text"),
        ("", ""),
        (b"binary", bytearray(b"binary")),
        (True, True),
        (42, 42),
        (-(2**40), -(2**40)),
        (0.5, 0.5),
        (proton.symbol("sym"), "sym"),
        (proton.ulong(7), 7),
        (proton.timestamp(1_700_000_000_000), 1_700_000_000_000),
        ([1, "two"], [1, "two"]),
        ({"a": [1]}, {"a": [1]}),
    ],
    ids=repr,
)
def test_values_of_other_clients_arrive_as_python_values(body: object, data: object) -> None:
    got = data_of(message_of(body))
    assert (type(got), got) == (type(data), data)


def test_a_null_arrives_as_none() -> None:
    assert data_of(section(VALUE, b"\x40")) is None


def test_what_another_client_says_of_a_message_is_read() -> None:
    raw = message_of(
        "x",
        address="amqp://host:5672/a/b",
        ttl=1.5,
        durable=True,
        properties={"k": "v"},
        reply_to="elsewhere",
        id="m1",
    )
    assert read(raw)[1] == {
        "topic": "a/b",
        "qos": 0,
        "ttl": 1500,
        "properties": {"k": "v"},
        "persistent": True,
    }


@pytest.mark.parametrize(
    ("to", "topic"),
    [
        ("amqp:///news", "news"),
        ("amqp://host:5672/news/today", "news/today"),
        ("amqps://host/a%2Fb", "a%2Fb"),
        ("amqp:////leading", "/leading"),
        ("news/today", "news/today"),
        ("", ""),
        (None, "pattern/#"),
    ],
)
def test_the_topic_is_what_follows_the_service_in_to(to: str | None, topic: str) -> None:
    assert read(properties_section(to=to) + text("x"))[1]["topic"] == topic


def test_a_message_of_nothing_but_a_body_is_read() -> None:
    assert read(text("x"), qos=1) == ("x", {"topic": "pattern/#", "qos": 1}, None)


@pytest.mark.parametrize("ttl", [0, 0xFFFFFFFF])
def test_no_ttl_is_told_that_is_not_finite_and_positive(ttl: int) -> None:
    header = section(HEADER, encode_list(b"\x40", b"\x40", b"\x70" + ttl.to_bytes(4, "big")))
    assert "ttl" not in read(header + text("x"))[1]


def test_no_properties_are_told_where_there_are_none() -> None:
    raw = section(APPLICATION_PROPERTIES, encode_map({})) + text("x")
    assert "properties" not in read(raw)[1]


def test_persistent_is_told_only_if_it_is_true() -> None:
    raw = section(HEADER, encode_list(b"\x42")) + text("x")
    assert "persistent" not in read(raw)[1]


def test_data_sections_are_binary_and_joined() -> None:
    raw = section(DATA, b"\xa0\x02ab") + section(DATA, b"\xa0\x01c")
    data = data_of(raw)
    assert type(data) is bytearray
    assert data == b"abc"


def test_an_empty_data_section_is_empty_binary() -> None:
    data = data_of(section(DATA, b"\xa0\x00"))
    assert type(data) is bytearray
    assert data == b""


def test_sequence_sections_are_one_list() -> None:
    sequence = encode_list(encode_string("a"))
    raw = section(SEQUENCE, sequence) + section(SEQUENCE, sequence)
    assert data_of(raw) == ["a", "a"]


@pytest.mark.parametrize("raw", [b"", PREFIX[: -len(b"\x00\x53\x77")]], ids=["nothing", "no body"])
def test_a_message_without_a_body_is_an_empty_text(raw: bytes) -> None:
    assert data_of(raw) == ""


def test_sections_that_say_nothing_to_us_are_skipped() -> None:
    annotations = encode_map({"x-opt-origin": "elsewhere"})
    raw = (
        section(DELIVERY_ANNOTATIONS, annotations)
        + section(MESSAGE_ANNOTATIONS, annotations)
        + properties_section(to="amqp:///t")
        + text("x")
        + section(FOOTER, annotations)
    )
    assert read(raw) == ("x", {"topic": "t", "qos": 0}, None)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        " application/json ; charset=utf-8",
    ],
)
def test_json_is_known_by_its_content_type(content_type: str) -> None:
    assert data_of(properties_section(content_type=content_type) + text('{"a": [1]}')) == {"a": [1]}


@pytest.mark.parametrize("content_type", ["text/plain", "application/json-patch", "json", None])
def test_other_texts_are_not_parsed(content_type: str | None) -> None:
    assert (
        data_of(properties_section(content_type=content_type) + text('{"a": [1]}')) == '{"a": [1]}'
    )


def test_binary_of_the_content_type_json_stays_binary() -> None:
    raw = properties_section(content_type=JSON) + section(VALUE, b"\xa0\x011")
    assert data_of(raw) == bytearray(b"1")


@pytest.mark.parametrize("broken", ["", "{", "[1,]", "1 2", "[" * 100_000])
def test_text_that_should_be_json_and_is_not_is_malformed(broken: str) -> None:
    data, message, malformed = read(
        properties_section(to="amqp:///t", content_type=JSON) + text(broken)
    )
    assert data == broken
    assert message["topic"] == "t"
    assert malformed is not None
    assert malformed["condition"] == "PAYLOADENCODING"
    assert "not JSON" in str(malformed["description"])


@pytest.mark.parametrize("size", [b"\xa1\x03", b"\xb1\x00\x00\x00\x03"], ids=["short", "long"])
def test_text_that_is_not_utf_8_is_malformed_with_its_bytes(size: bytes) -> None:
    data, message, malformed = read(
        properties_section(to="amqp:///t") + section(VALUE, size + b"a\xff\xfe")
    )
    assert type(data) is bytearray
    assert data == b"a\xff\xfe"
    assert message["topic"] == "t"
    assert malformed is not None
    assert malformed["condition"] == "PAYLOADENCODING"
    assert "not UTF-8" in str(malformed["description"])


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff",
        b"plain text",
        b"\x00",
        b"\x00\x53",
        b"\x00\x53\x77",
        b"\x00\x53\x6f\x40",
        b"\x00\x53\x79\x40",
        b"\x00\xa3\x01x\x40",
        PREFIX + b"\xa1\x05abcd",
        text("x") + b"\x01",
    ],
)
def test_bytes_that_are_no_message_are_malformed_and_handed_over(raw: bytes) -> None:
    data, message, malformed = read(raw, qos=1)
    assert type(data) is bytearray
    assert data == raw
    assert message == {"topic": "pattern/#", "qos": 1}
    assert malformed is not None
    assert malformed["condition"] == "PAYLOADNOTAMQP"


ANNOTATED = {
    "x-opt-message-malformed-condition": proton.symbol("FORMATNOMAPPING"),
    "x-opt-message-malformed-description": "no mapping for MQHRF2",
    "x-opt-message-malformed-MQMD.CodedCharSetId": proton.int32(1208),
    "x-opt-message-malformed-MQMD.Format": "MQHRF2",
    "x-opt-irrelevant": [1],
}


def annotated(annotations: dict[str, Any], body: object = b"raw") -> bytes:
    keyed = {proton.symbol(name): value for name, value in annotations.items()}
    return message_of(body, instructions=keyed)


def test_a_message_that_the_server_could_not_map_says_why() -> None:
    data, _, malformed = read(annotated(ANNOTATED))
    assert data == bytearray(b"raw")
    assert malformed == {
        "condition": "FORMATNOMAPPING",
        "description": "no mapping for MQHRF2",
        "MQMD": {"CodedCharSetId": 1208, "Format": "MQHRF2"},
    }


@pytest.mark.parametrize(
    ("missing", "report"),
    [
        (
            ("MQMD.CodedCharSetId",),
            {
                "condition": "FORMATNOMAPPING",
                "description": "no mapping for MQHRF2",
                "MQMD": {"Format": "MQHRF2"},
            },
        ),
        (
            ("MQMD.CodedCharSetId", "MQMD.Format"),
            {"condition": "FORMATNOMAPPING", "description": "no mapping for MQHRF2"},
        ),
        (
            ("MQMD.CodedCharSetId", "MQMD.Format", "description"),
            {"condition": "FORMATNOMAPPING", "description": ""},
        ),
        (("condition",), None),
    ],
)
def test_what_the_server_does_not_say_is_not_told(
    missing: tuple[str, ...], report: dict[str, object] | None
) -> None:
    names = {f"x-opt-message-malformed-{name}" for name in missing}
    left = {name: value for name, value in ANNOTATED.items() if name not in names}
    assert read(annotated(left))[2] == report


def test_an_empty_condition_is_none() -> None:
    assert read(annotated({**ANNOTATED, "x-opt-message-malformed-condition": ""}))[2] is None


def test_the_servers_reason_comes_before_ours() -> None:
    raw = message_of("{", instructions=None, content_type=JSON)
    prefix = annotated(ANNOTATED)[: -len(section(VALUE, b"\xa0\x03raw"))]
    _, _, malformed = read(prefix + raw)
    assert malformed is not None
    assert malformed["condition"] == "FORMATNOMAPPING"


# The fast path: a message that starts as the one before it.


def read_after(first: bytes, raw: bytes) -> object:
    reader = MessageReader("pattern/#", 0)
    reader.read(first)
    return reader.read(raw)


BODIES = [
    b"\xa1\x01y",
    b"\xb1\x00\x00\x00\x01y",
    b"\xa0\x01y",
    b"\xb0\x00\x00\x00\x01y",
    b"\xa3\x01y",
    b"\x40",
    b"\xc0\x03\x01\xa1\x00",
    b"\xa1\x01\xff",
    b"\xa1\x02y",
    b"\xa1\x01yz",
    b"\xb1\x00\x00\x00\x02y",
    b"\xa1\x01y\x00\x53\x78\xc1\x01\x00",
    b"",
    b"\xa1",
    b"\xa0",
    b"\xb1\x00",
]


@pytest.mark.parametrize("content_type", [TEXT, JSON, BINARY])
@pytest.mark.parametrize("first", [b"\xa1\x01x", b"\xa0\x01x", b"\x40"])
@pytest.mark.parametrize("body", BODIES)
def test_a_message_reads_the_same_whatever_came_before(
    content_type: str, first: bytes, body: bytes
) -> None:
    prefix = encode_prefix("t", content_type, 1000, properties={"a": 1})
    assert same(read_after(prefix + first, prefix + body), read(prefix + body))


def test_a_longer_topic_is_not_taken_for_the_one_before() -> None:
    first = encode_text(encode_prefix("t", TEXT), "x")
    raw = encode_text(encode_prefix("tt", TEXT), "x")
    assert same(read_after(first, raw), read(raw))


sections = st.sampled_from(
    [
        properties_section(to="amqp:///t"),
        properties_section(to="amqp:///t", content_type=JSON),
        section(HEADER, encode_list(b"\x41")),
        section(HEADER, encode_list(b"\x40", b"\x40", b"\x52\x05")),
        section(APPLICATION_PROPERTIES, encode_map({"a": 1})),
        annotated(ANNOTATED)[: -len(section(VALUE, b"\xa0\x03raw"))],
    ]
)
bodies = st.sampled_from(
    [
        *(section(VALUE, body) for body in BODIES),
        section(DATA, b"\xa0\x01d"),
        section(SEQUENCE, encode_list(encode_string("s"))),
        b"",
    ]
)
messages = st.lists(sections | bodies, max_size=4).map(b"".join)
"""Of sections in any number and order, whether AMQP allows that or not."""


@given(st.lists(messages, max_size=6))
@example([section(DATA, b"\xa0\x01d") + text("x")] * 2)
@example([text("x") + section(HEADER, encode_list(b"\x41")), text("y")])
def test_a_reader_keeps_nothing_of_one_message_for_the_next(raws: list[bytes]) -> None:
    reader = MessageReader("pattern/#", 0)
    for raw in raws:
        assert same(reader.read(raw), read(raw))


@given(st.binary(max_size=100))
@example(b"\x00\x53\x77\xd0\xff\xff\xff\xff\xff\xff\xff\xff")
def test_no_bytes_raise(raw: bytes) -> None:
    read(raw)


@given(st.data())
def test_no_change_of_a_message_raises(data: st.DataObject) -> None:
    prefix = encode_prefix("t", JSON, 1000, persistent=True, properties={"a": 1})
    raw = bytearray(encode_text(prefix, json.dumps({"a": ["b"]})))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(raw))


def test_what_is_done_to_one_delivery_is_not_seen_in_the_next() -> None:
    raw = encode_text(encode_prefix("t", TEXT, properties={"a": 1}), "x")
    reader = MessageReader("pattern/#", 0)
    for _ in range(3):
        _, message, _ = reader.read(raw)
        assert message == {"topic": "t", "qos": 0, "properties": {"a": 1}}
        message["ttl"] = 1
        properties = message["properties"]
        assert isinstance(properties, dict)
        properties["b"] = 2


def test_binary_data_is_the_applications_own() -> None:
    raw = encode_binary(PREFIX, b"x")
    reader = MessageReader("pattern/#", 0)
    for _ in range(2):
        data, _, _ = reader.read(raw)
        assert data == b"x"
        assert isinstance(data, bytearray)
        data += b"y"
