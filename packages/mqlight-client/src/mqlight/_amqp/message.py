"""MQ Light messages as AMQP sections (AMQP 1.0 part 3.2; `mqlight-protocol.md` §3.4, §4.7).

A message is a *prefix* (header, properties, application-properties) and a body.  The prefix of a
topic is encoded once and reused; on the way in, a message that starts with the previous one's
prefix is taken apart without parsing it again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mqlight._amqp.values import (
    MalformedValueError,
    decode_value,
    encode_list,
    encode_map,
    encode_string,
    encode_symbol,
    encode_uint,
)
from mqlight_core.topics import topic_from_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqlight._amqp.values import PropertyValue

TEXT = "text/plain"
BINARY = "application/octet-stream"
JSON = "application/json"

_VALUE = b"\x00\x53\x77"
_SHORT_TEXT = tuple(bytes((0xA1, size)) for size in range(256))
_NULL = b"\x40"

_HEADER, _DELIVERY_ANNOTATIONS, _PROPERTIES, _APPLICATION_PROPERTIES = 0x70, 0x71, 0x73, 0x74
_DATA, _SEQUENCE, _AMQP_VALUE = 0x75, 0x76, 0x77
_SECTIONS = range(0x70, 0x79)

_MALFORMED = "x-opt-message-malformed-"
"""Delivery annotations with this prefix say why a server could not map a message (§4.8)."""


def encode_prefix(
    topic: str,
    content_type: str,
    ttl: int | None = None,
    *,
    persistent: bool = False,
    properties: Mapping[str, PropertyValue] | None = None,
) -> bytes:
    """Encode everything that stands before the body's type: header, properties, body descriptor.

    `ttl` is the time-to-live in ms, 1 to 4294967295; None for no limit.

    Raises:
        OverflowError: a property is an integer of more than 64 bits.
    """
    durable = b"\x41" if persistent else b"\x42"
    if ttl is not None:
        header = encode_list(durable, _NULL, encode_uint(ttl))
    else:
        header = encode_list(durable) if persistent else encode_list()
    to = encode_string(f"amqp:///{topic}")
    sections = [
        b"\x00\x53\x70" + header,
        b"\x00\x53\x73"
        + encode_list(_NULL, _NULL, to, _NULL, _NULL, _NULL, encode_symbol(content_type)),
    ]
    if properties:
        sections.append(b"\x00\x53\x74" + encode_map(properties))
    sections.append(_VALUE)
    return b"".join(sections)


def encode_text(prefix: bytes, text: str) -> bytes:
    """Encode a message whose body is a string.

    Raises:
        UnicodeEncodeError: the text has lone surrogates, which UTF-8 cannot carry.
    """
    body = text.encode()
    size = len(body)
    if size < 256:
        return prefix + _SHORT_TEXT[size] + body
    return b"%b\xb1%b%b" % (prefix, size.to_bytes(4, "big"), body)


def encode_binary(prefix: bytes, body: bytes | bytearray | memoryview) -> bytes:
    """Encode a message whose body is binary data."""
    data = bytes(body)
    size = len(data)
    if size < 256:
        return b"%b\xa0%c%b" % (prefix, size, data)
    return b"%b\xb0%b%b" % (prefix, size.to_bytes(4, "big"), data)


def to_json(data: object) -> str:
    """Turn a payload into JSON text.

    Raises:
        TypeError: JSON has no form for it (NaN and infinities included).
    """
    try:
        return json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as problem:
        message = (
            f"data of type {type(data).__name__} can not be sent: it is neither str nor bytes, "
            f"nor can JSON hold it ({problem})"
        )
        raise TypeError(message) from None


class MessageReader:
    """Takes apart the messages of one link, remembering the sections of the last one.

    `fallback_topic` is reported for messages without a `to` address.
    """

    __slots__ = (
        "_fallback_topic",
        "_is_json",
        "_prefix",
        "_properties",
        "_qos",
        "_size",
        "_template",
    )

    def __init__(self, fallback_topic: str, qos: int) -> None:
        self._fallback_topic = fallback_topic
        self._qos = qos
        self._prefix = b"\xff"
        self._size = 0
        self._is_json = False
        self._template: dict[str, object] = {}
        self._properties: dict[str, object] | None = None

    def read(self, raw: bytes) -> tuple[object, dict[str, object], dict[str, object] | None]:
        """Return (data, the `message` part of a delivery, why it is malformed or None)."""
        at = self._size
        if raw.startswith(self._prefix) and not self._is_json and len(raw) > at + 1:
            code = raw[at]
            if code == 0xA1 or code == 0xA0:  # noqa: PLR1714 - a tuple costs more, here it counts
                start, size = at + 2, raw[at + 1]
            elif code == 0xB1 or code == 0xB0:  # noqa: PLR1714
                start, size = at + 5, int.from_bytes(raw[at + 1 : at + 5], "big")
            else:
                return self._parse(raw)
            if start + size == len(raw):
                data: str | bytearray
                if code & 1:
                    try:
                        data = raw[start:].decode("utf-8")
                    except UnicodeDecodeError:
                        return self._parse(raw)
                else:
                    data = bytearray(raw[start:])
                message = self._template.copy()
                if self._properties is not None:
                    message["properties"] = self._properties.copy()
                return data, message, None
        return self._parse(raw)

    def _parse(self, raw: bytes) -> tuple[object, dict[str, object], dict[str, object] | None]:
        try:
            sections = _Sections(raw)
        except MalformedValueError as problem:
            message: dict[str, object] = {"topic": self._fallback_topic, "qos": self._qos}
            return bytearray(raw), message, _malformed("PAYLOADNOTAMQP", str(problem))
        message = sections.message(self._fallback_topic, self._qos)
        data, malformed = sections.data()
        annotated = sections.malformed()
        if annotated is None and sections.value_at is not None and sections.value_is_all:
            self._prefix = raw[: sections.value_at]
            self._size = sections.value_at
            self._is_json = sections.is_json
            self._template = message.copy()
            properties = message.get("properties")
            self._properties = properties.copy() if isinstance(properties, dict) else None
        return data, message, annotated or malformed


class _Sections:
    """The sections of one message, parsed."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.value_at: int | None = None
        self._found: dict[int, object] = {}
        self._data: list[bytes] = []
        self._sequence: list[object] = []
        self._body_error: str | None = None
        at = 0
        self._last = 0
        self._values = 0
        while at < len(raw):
            at = self._section(at)

    def _section(self, at: int) -> int:
        raw = self.raw
        if raw[at] != 0x00:
            message = f"no section at byte {at}"
            raise MalformedValueError(message)
        code, value_at = decode_value(raw, at + 1)
        if not isinstance(code, int) or code not in _SECTIONS:
            message = f"unknown section {code!r} at byte {at}"
            raise MalformedValueError(message)
        if code == _AMQP_VALUE:
            self.value_at = value_at
            self._values += 1
            self._body_error = None
            self._last = code
            end = _string_end(raw, value_at)
            if end is not None:
                self._text(value_at, end)
                return end
        self._last = code
        value, end = decode_value(raw, value_at)
        if code == _DATA and isinstance(value, bytes):
            self._data.append(value)
        elif code == _SEQUENCE and isinstance(value, list):
            self._sequence += value
        else:
            self._found[code] = value
        return end

    def _text(self, at: int, end: int) -> None:
        start = at + (2 if self.raw[at] == 0xA1 else 5)
        try:
            self._found[_AMQP_VALUE] = self.raw[start:end].decode("utf-8")
        except UnicodeDecodeError as problem:
            self._found[_AMQP_VALUE] = self.raw[start:end]
            self._body_error = f"the text is not UTF-8: {problem}"

    def _field(self, section: int, index: int) -> object:
        fields = self._found.get(section)
        return fields[index] if isinstance(fields, list) and index < len(fields) else None

    @property
    def value_is_all(self) -> bool:
        """The body is one AMQP value, and nothing stands behind it."""
        alone = self._values == 1 and not self._data and not self._sequence
        return alone and self._last == _AMQP_VALUE

    @property
    def is_json(self) -> bool:
        content_type = self._field(_PROPERTIES, 6)
        if not isinstance(content_type, str):
            return False
        return content_type.partition(";")[0].strip().lower() == JSON

    def message(self, fallback_topic: str, qos: int) -> dict[str, object]:
        """Return what the sections before the body say of the message."""
        to = self._field(_PROPERTIES, 2)
        message: dict[str, object] = {
            "topic": topic_from_to(to) if isinstance(to, str) else fallback_topic,
            "qos": qos,
        }
        ttl = self._field(_HEADER, 2)
        if isinstance(ttl, int) and 0 < ttl < 0xFFFFFFFF:
            message["ttl"] = ttl
        properties = self._found.get(_APPLICATION_PROPERTIES)
        if isinstance(properties, dict) and properties:
            message["properties"] = properties
        if self._field(_HEADER, 0) is True:
            message["persistent"] = True
        return message

    def data(self) -> tuple[object, dict[str, object] | None]:
        """Return the payload, and why it is malformed if it is."""
        if self._data:
            return bytearray(b"".join(self._data)), None
        if self._sequence:
            return self._sequence, None
        value = self._found.get(_AMQP_VALUE, "")
        if self._body_error is not None:
            return bytearray(_as_bytes(value)), _malformed("PAYLOADENCODING", self._body_error)
        if isinstance(value, str) and self.is_json:
            try:
                return json.loads(value), None
            except (ValueError, RecursionError) as problem:
                return value, _malformed("PAYLOADENCODING", f"the text is not JSON: {problem}")
        return (bytearray(value) if isinstance(value, bytes) else value), None

    def malformed(self) -> dict[str, object] | None:
        """Return what a server says that could not map a message, from its annotations."""
        annotations = self._found.get(_DELIVERY_ANNOTATIONS)
        if not isinstance(annotations, dict):
            return None
        condition = annotations.get(f"{_MALFORMED}condition")
        if not condition:
            return None
        description = annotations.get(f"{_MALFORMED}description")
        report = _malformed(str(condition), str(description or ""))
        mqmd = {
            name: annotations[f"{_MALFORMED}MQMD.{name}"]
            for name in ("CodedCharSetId", "Format")
            if f"{_MALFORMED}MQMD.{name}" in annotations
        }
        if mqmd:
            report["MQMD"] = mqmd
        return report


def _malformed(condition: str, description: str) -> dict[str, object]:
    return {"condition": condition, "description": description}


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _string_end(raw: bytes, at: int) -> int | None:
    """Return where the string at `at` ends; None when there is no whole string."""
    if at + 1 < len(raw) and raw[at] == 0xA1:
        end = at + 2 + raw[at + 1]
    elif at + 4 < len(raw) and raw[at] == 0xB1:
        end = at + 5 + int.from_bytes(raw[at + 1 : at + 5], "big")
    else:
        return None
    return end if end <= len(raw) else None
