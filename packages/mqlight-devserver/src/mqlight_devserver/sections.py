"""The sections of an encoded message (AMQP 1.0 part 3.2): what a server must read and rewrite.

A delivered message has a header, properties with a `to`, and a body: the published clients read
them without checks (mqlight-protocol.md §4.7).  Bodies, annotations and application properties go
through as they came; the sections come out in the order of the standard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mqlight_devserver import values
from mqlight_devserver.values import DecodeError

__all__ = ["NOTHING_ALIKE", "Header", "Layout", "encode_header", "read_header", "read_sections"]

HEADER: Final = 0x70
DELIVERY_ANNOTATIONS: Final = 0x71
MESSAGE_ANNOTATIONS: Final = 0x72
PROPERTIES: Final = 0x73
APPLICATION_PROPERTIES: Final = 0x74
DATA: Final = 0x75
SEQUENCE: Final = 0x76
VALUE: Final = 0x77
FOOTER: Final = 0x78

_BODIES: Final = frozenset({DATA, SEQUENCE, VALUE})
_KNOWN: Final = frozenset(range(HEADER, FOOTER + 1))
_EMPTY_TEXT: Final = b"\x00\x53\x77\xa1\x00"
_TO: Final = 2
_DEFAULT_PRIORITY: Final = 4
_LARGEST_UBYTE: Final = 0xFF
_LARGEST_UINT: Final = 0xFFFFFFFF
_SMALLEST_VARIABLE: Final = 2
_MOST_SECTIONS: Final = 4096
_MOST_PROPERTIES: Final = 13
_HEADER_FIELDS: Final = ("durable", "priority", "ttl", "first-acquirer", "delivery-count")


@dataclass(frozen=True, slots=True)
class Header:
    """What the publisher's header says, and how many bytes it takes in the encoded message.

    `ttl` is in ms, None without a limit; `deliveries` is the publisher's delivery-count.
    """

    size: int
    durable: bool = False
    priority: int = _DEFAULT_PRIORITY
    ttl: int | None = None
    deliveries: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """A message taken apart.

    `encoded` is what to deliver, its header first.  Where all that comes before the body's value
    is likely to come again (one AMQP value, nothing after it), `prefix` is that part as it was
    received and `replacement` what `encoded` has instead (`unchanged`: the same); else `prefix` is
    empty.
    """

    encoded: bytes
    header: Header
    prefix: bytes = b""
    replacement: bytes = b""
    unchanged: bool = False

    def repeated(self, received: bytes) -> bytes | None:
        """`received` as it is to be delivered, if it differs from this message in its body only."""
        prefix = self.prefix
        if not prefix or not received.startswith(prefix):
            return None
        start = len(prefix)
        left = len(received) - start
        if left < _SMALLEST_VARIABLE:
            return None
        # Only string and binary, the usual bodies, are worth a look.
        code = received[start]
        if code in (0xA1, 0xA0):
            size = 2 + received[start + 1]
        elif code in (0xB1, 0xB0):
            size = 5 + int.from_bytes(received[start + 1 : start + 5], "big")
        else:
            return None
        if left != size:
            return None
        return received if self.unchanged else self.replacement + received[start:]


NOTHING_ALIKE: Final = Layout(b"", Header(0))
"""A layout that no message repeats."""


def read_sections(received: bytes, topic: str) -> Layout:
    """Take a published message apart and put it together as it is to be delivered.

    `topic` becomes the `to` of a message that has none.

    Raises:
        DecodeError: the bytes are not the sections of one message.
    """
    found: dict[int, tuple[int, int]] = {}
    bodies: list[tuple[int, int]] = []
    position = 0
    while position < len(received):
        start = position
        code, value = values.descriptor(received, start)
        position = values.end_of(received, value)
        if code not in _KNOWN:
            message = f"no section of a message has the descriptor {code:#x} (at byte {start})"
            raise DecodeError(message)
        if code in _BODIES:
            if bodies and (code == VALUE or received[bodies[0][0] + 2] != code):
                message = "a message has more than one body"
                raise DecodeError(message)
            if len(bodies) == _MOST_SECTIONS:
                message = f"the body has more than {_MOST_SECTIONS} sections"
                raise DecodeError(message)
            bodies.append((start, position))
        elif code in found:
            message = f"a message has more than one section {code:#x}"
            raise DecodeError(message)
        else:
            found[code] = (start, position)
    return _assemble(received, topic, found, bodies)


def _assemble(
    received: bytes,
    topic: str,
    found: dict[int, tuple[int, int]],
    bodies: list[tuple[int, int]],
) -> Layout:
    def section(code: int) -> bytes:
        start, end = found.get(code, (0, 0))
        return received[start:end]

    header_section = section(HEADER) or encode_header(Header(0), None, 0)
    header = _read_header(header_section)
    head = b"".join(
        (
            header_section,
            section(DELIVERY_ANNOTATIONS),
            section(MESSAGE_ANNOTATIONS),
            _properties_with_to(section(PROPERTIES), topic),
            section(APPLICATION_PROPERTIES),
        )
    )
    body = b"".join(received[start:end] for start, end in bodies) or _EMPTY_TEXT
    encoded = head + body + section(FOOTER)
    if len(bodies) == 1 and bodies[0][1] == len(received):
        start = bodies[0][0]
        code, value = values.descriptor(received, start)
        if code == VALUE:
            prefix, replacement = received[:value], head + received[start:value]
            return Layout(encoded, header, prefix, replacement, prefix == replacement)
    return Layout(encoded, header)


def read_header(encoded: bytes) -> Header:
    """The header with which a message begins that was put together by `read_sections`.

    Raises:
        DecodeError: it does not begin with one.
    """
    code, value = values.descriptor(encoded, 0)
    if code != HEADER:
        message = "the message does not begin with a header"
        raise DecodeError(message)
    return _read_header(encoded[: values.end_of(encoded, value)])


def encode_header(header: Header, ttl: int | None, deliveries: int) -> bytes:
    """A header section: the publisher's priority and durability, these `ttl` (ms) and attempts."""
    fields = b"".join(
        (
            b"\x41" if header.durable else b"\x42",
            b"\x50",
            header.priority.to_bytes(1, "big"),
            b"\x40" if ttl is None else b"\x70" + ttl.to_bytes(4, "big"),
            b"\x42",
            b"\x43" if not deliveries else b"\x70" + deliveries.to_bytes(4, "big"),
        )
    )
    return b"\x00\x53\x70\xc0" + bytes((len(fields) + 1, 5)) + fields


def _read_header(section: bytes) -> Header:
    _, value = values.descriptor(section, 0)
    items = values.items_of(section, value, len(_HEADER_FIELDS))
    given = dict(zip(_HEADER_FIELDS, items, strict=False))
    durable, priority, ttl, deliveries = False, _DEFAULT_PRIORITY, 0, 0
    for name, item in given.items():
        if section[item] == values.NULL:
            continue
        if name == "durable":
            durable = values.as_bool(section, item)
        elif name == "priority":
            priority = values.as_int(section, item, _LARGEST_UBYTE)
        elif name == "ttl":
            ttl = values.as_int(section, item, _LARGEST_UINT)
        elif name == "delivery-count":
            deliveries = values.as_int(section, item, _LARGEST_UINT)
    # The engines of some clients write 0 for a message without a limit.
    return Header(len(section), durable, priority, ttl or None, deliveries)


def _properties_with_to(section: bytes, topic: str) -> bytes:
    before, after, count = b"\x40\x40", b"", 3
    if section:
        _, value = values.descriptor(section, 0)
        items = values.items_of(section, value, _TO + 1)
        if len(items) > _TO and section[items[_TO]] != values.NULL:
            return section
        items = values.items_of(section, value, _MOST_PROPERTIES + 1)
        if len(items) > _MOST_PROPERTIES:
            message = f"there are more than {_MOST_PROPERTIES} properties"
            raise DecodeError(message)
        items.append(len(section))
        missing = b"\x40" * (_TO + 1 - len(items))
        before = section[items[0] : items[min(_TO, len(items) - 1)]] + missing
        after = section[items[_TO + 1] :] if len(items) > _TO + 1 else b""
        count = max(len(items) - 1, _TO + 1)
    to = topic.encode()
    fields = before + b"\xb1" + len(to).to_bytes(4, "big") + to + after
    size = (len(fields) + 4).to_bytes(4, "big")
    return b"\x00\x53\x73\xd0" + size + count.to_bytes(4, "big") + fields
