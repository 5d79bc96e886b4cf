"""AMQP 1.0 on the wire, written out by hand, so that no test trusts the engine that it tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AMQP_HEADER: Final = b"AMQP\x00\x01\x00\x00"
SASL_HEADER: Final = b"AMQP\x03\x01\x00\x00"

FIELDS: Final = {
    "open": (
        0x10,
        """
        container_id hostname max_frame_size channel_max idle_time_out outgoing_locales
        incoming_locales offered_capabilities desired_capabilities properties
        """,
    ),
    "begin": (0x11, "remote_channel next_outgoing_id incoming_window outgoing_window handle_max"),
    "attach": (
        0x12,
        """
        name handle role snd_settle_mode rcv_settle_mode source target unsettled
        incomplete_unsettled initial_delivery_count max_message_size
        offered_capabilities desired_capabilities properties
        """,
    ),
    "flow": (
        0x13,
        """
        next_incoming_id incoming_window next_outgoing_id outgoing_window handle
        delivery_count link_credit available drain echo properties
        """,
    ),
    "transfer": (
        0x14,
        """
        handle delivery_id delivery_tag message_format settled more rcv_settle_mode
        state resume aborted batchable
        """,
    ),
    "disposition": (0x15, "role first last settled state batchable"),
    "detach": (0x16, "handle closed error"),
    "end": (0x17, "error"),
    "close": (0x18, "error"),
    "error": (0x1D, "condition description info"),
    "accepted": (0x24, ""),
    "rejected": (0x25, "error"),
    "released": (0x26, ""),
    "modified": (0x27, "delivery_failed undeliverable_here message_annotations"),
    "received": (0x23, "section_number section_offset"),
    "source": (
        0x28,
        """
        address durable expiry_policy timeout dynamic dynamic_node_properties
        distribution_mode filter default_outcome outcomes capabilities
        """,
    ),
    "target": (
        0x29,
        """
        address durable expiry_policy timeout dynamic dynamic_node_properties
        capabilities
        """,
    ),
    "coordinator": (0x30, "capabilities"),
    "sasl_mechanisms": (0x40, "mechanisms"),
    "sasl_init": (0x41, "mechanism initial_response hostname"),
    "sasl_outcome": (0x44, "code additional_data"),
    "header": (0x70, "durable priority ttl first_acquirer delivery_count"),
    "properties": (0x73, "message_id user_id to subject reply_to correlation_id content_type"),
}
NAMES: Final = {code: name for name, (code, _) in FIELDS.items()}


class Symbol(str):
    __slots__ = ()


class UByte(int):
    pass


class UInt(int):
    pass


class Raw(bytes):
    """An encoded value, to be taken as it is."""


class Composite:
    """A described list, with the names of the standard: `Composite("open", container_id="a")`."""

    def __init__(self, kind: str, **fields: object) -> None:
        self.kind = kind
        self.fields = fields
        unknown = set(fields) - set(FIELDS[kind][1].split())
        assert not unknown, unknown

    def __getitem__(self, name: str) -> object:
        return self.fields.get(name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Composite) and repr(self) == repr(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(f'{k}={v!r}' for k, v in self.fields.items())})"


@dataclass
class Frame:
    channel: int
    body: Composite | None
    payload: bytes = b""

    @property
    def kind(self) -> str:
        return self.body.kind if self.body is not None else "empty"

    def __getitem__(self, name: str) -> object:
        return self.body[name] if self.body is not None else None


def encode(value: object) -> bytes:  # noqa: C901, PLR0911
    if value is None:
        return b"\x40"
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, bool):
        return b"\x41" if value else b"\x42"
    if isinstance(value, UByte):
        return b"\x50" + value.to_bytes(1, "big")
    if isinstance(value, UInt):
        return b"\x70" + value.to_bytes(4, "big")
    if isinstance(value, int):
        return b"\x71" + value.to_bytes(4, "big", signed=True)
    if isinstance(value, Symbol):
        return b"\xa3" + bytes((len(value),)) + value.encode()
    if isinstance(value, str):
        return b"\xb1" + len(value.encode()).to_bytes(4, "big") + value.encode()
    if isinstance(value, bytes):
        return b"\xb0" + len(value).to_bytes(4, "big") + value
    if isinstance(value, dict):
        items = b"".join(encode(item) for pair in value.items() for item in pair)
        return b"\xd1" + _sized(items, 2 * len(value))
    if isinstance(value, Composite):
        code, names = FIELDS[value.kind]
        fields = [value[name] for name in names.split()]
        while fields and fields[-1] is None:
            fields.pop()
        items = b"".join(encode(field) for field in fields)
        return b"\x00\x53" + bytes((code,)) + b"\xd0" + _sized(items, len(fields))
    raise TypeError(value)


def _sized(items: bytes, count: int) -> bytes:
    return (len(items) + 4).to_bytes(4, "big") + count.to_bytes(4, "big") + items


def frame(body: Composite | None, payload: bytes = b"", channel: int = 0, kind: int = 0) -> bytes:
    content = (encode(body) if body is not None else b"") + payload
    size = (len(content) + 8).to_bytes(4, "big")
    return size + b"\x02" + bytes((kind,)) + channel.to_bytes(2, "big") + content


def frames(data: bytes) -> list[Frame]:
    """The frames, SASL's and AMQP's; protocol headers between them are skipped."""
    found = []
    while data:
        if data.startswith(b"AMQP"):
            data = data[8:]
            continue
        size = int.from_bytes(data[:4], "big")
        assert 8 <= size <= len(data), data
        channel = int.from_bytes(data[6:8], "big")
        content, data = data[8:size], data[size:]
        if not content:
            found.append(Frame(channel, None))
            continue
        body, end = decode(content, 0)
        assert isinstance(body, Composite)
        found.append(Frame(channel, body, content[end:]))
    return found


def decode(data: bytes, at: int) -> tuple[object, int]:  # noqa: C901, PLR0911
    code = data[at]
    at += 1
    if code == 0x00:
        number, at = decode(data, at)
        value, at = decode(data, at)
        assert isinstance(number, int)
        if number not in NAMES:
            return (number, value), at
        assert isinstance(value, list)
        names = FIELDS[NAMES[number]][1].split()
        given = {n: v for n, v in zip(names, value, strict=False) if v is not None}
        return Composite(NAMES[number], **given), at
    if code in (0x40, 0x41, 0x42, 0x43, 0x44, 0x45):
        return {0x40: None, 0x41: True, 0x42: False, 0x43: UInt(0), 0x44: 0, 0x45: []}[code], at
    width = {5: 1, 6: 2, 7: 4, 8: 8, 9: 16}.get(code >> 4)
    if width is not None:
        signed = code in (0x51, 0x54, 0x55, 0x61, 0x71, 0x81)
        number = int.from_bytes(data[at : at + width], "big", signed=signed)
        if code == 0x56:
            return bool(number), at + width
        kinds = {0x50: UByte, 0x52: UInt, 0x70: UInt}
        return kinds.get(code, int)(number), at + width
    width = 1 if (code >> 4) in (0xA, 0xC, 0xE) else 4
    size = int.from_bytes(data[at : at + width], "big")
    at += width
    content, end = data[at : at + size], at + size
    if code in (0xA0, 0xB0):
        return content, end
    if code in (0xA1, 0xB1):
        return content.decode(), end
    if code in (0xA3, 0xB3):
        return Symbol(content.decode()), end
    count = int.from_bytes(content[:width], "big")
    items: list[object] = []
    inside = width
    if code in (0xE0, 0xF0):
        constructor = content[inside : inside + 1]
        inside += 1
        for _ in range(count):
            item, length = decode(constructor + content[inside:], 0)
            items.append(item)
            inside += length - 1
        return items, end
    for _ in range(count):
        item, inside = decode(content, inside)
        items.append(item)
    if code in (0xC1, 0xD1):
        return dict(zip(items[::2], items[1::2], strict=True)), end
    return items, end


def sections(encoded: bytes) -> list[tuple[str | int, object]]:
    """The sections of a message: the names of those that are lists with fields, else the number."""
    found: list[tuple[str | int, object]] = []
    at = 0
    while at < len(encoded):
        value, at = decode(encoded, at)
        if isinstance(value, Composite):
            found.append((value.kind, value))
        else:
            assert isinstance(value, tuple)
            found.append(value)
    return found


def value_section(body: object) -> bytes:
    return b"\x00\x53\x77" + encode(body)


def message(
    body: object = "hello", *, to: str | None = "amqp://h:5672/t", **header: object
) -> bytes:
    """A message as the published clients write it; fields of the header by name."""
    return (
        encode(Composite("header", **header))
        + encode(Composite("properties", to=to, content_type=Symbol("text/plain")))
        + value_section(body)
    )
