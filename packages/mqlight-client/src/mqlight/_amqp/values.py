"""AMQP 1.0 values to and from Python (AMQP 1.0 part 1, section 1.6).

Decoding covers every primitive type, described values and arrays, because other clients may send
any of them; encoding covers what MQ Light sends.  Bytes that break the rules raise
`MalformedValueError`, never anything else.
"""

from __future__ import annotations

from struct import Struct
from struct import error as struct_error
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

DEEPEST = 32
"""How many compound values may be nested in one another before a message counts as malformed."""

_UINT = Struct("!I").unpack_from

_FIXED: dict[int, Struct] = {
    0x50: Struct("!B"),
    0x51: Struct("!b"),
    0x52: Struct("!B"),
    0x53: Struct("!B"),
    0x54: Struct("!b"),
    0x55: Struct("!b"),
    0x56: Struct("!?"),
    0x60: Struct("!H"),
    0x61: Struct("!h"),
    0x70: Struct("!I"),
    0x71: Struct("!i"),
    0x72: Struct("!f"),
    0x80: Struct("!Q"),
    0x81: Struct("!q"),
    0x82: Struct("!d"),
    0x83: Struct("!q"),
}
"""Constructor -> layout.  A timestamp (0x83) stays milliseconds since 1970."""

_EMPTY: dict[int, object] = {0x40: None, 0x41: True, 0x42: False, 0x43: 0, 0x44: 0}
"""Constructors that are the value."""

_OPAQUE = {0x74: 4, 0x84: 8, 0x94: 16}
"""Decimals, which Python has no type for: their bytes."""


PropertyValue: TypeAlias = str | bool | int | float | bytes | None
"""What an application property may be."""


class MalformedValueError(ValueError):
    """The bytes are no AMQP value."""


def decode_value(data: bytes, at: int, depth: int = 0) -> tuple[object, int]:
    """Read the value that starts at `at`; return it and the offset behind it.

    Binary becomes `bytes`; symbols and strings `str`; lists and arrays `list`; maps `dict`; a
    described value is read as the value alone.

    Raises:
        MalformedValueError: the bytes end early, nest deeper than `DEEPEST`, or use an unknown
            constructor.
    """
    try:
        return _decode(data, at, depth)
    except MalformedValueError:
        raise
    except (IndexError, ValueError, TypeError, OverflowError, struct_error) as problem:
        message = f"no AMQP value at byte {at}: {problem}"
        raise MalformedValueError(message) from None


def _decode(data: bytes, at: int, depth: int) -> tuple[object, int]:
    code = data[at]
    at += 1
    if code == 0x00:
        if depth >= DEEPEST:
            raise MalformedValueError("values are nested too deeply")
        _, at = _decode(data, at, depth + 1)
        return _decode(data, at, depth + 1)
    return _decode_as(code, data, at, depth)


def _decode_as(  # noqa: PLR0911 - one for each family of constructors
    code: int, data: bytes, at: int, depth: int
) -> tuple[object, int]:
    if code in _EMPTY:
        return _EMPTY[code], at
    if code == 0x45:
        return [], at
    layout = _FIXED.get(code)
    if layout is not None:
        return layout.unpack_from(data, at)[0], at + layout.size
    family = code >> 4
    if family in (0xA, 0xB):
        return _decode_variable(code, data, at)
    if family in (0xC, 0xD):
        return _decode_compound(code, data, at, depth)
    if family in (0xE, 0xF):
        return _decode_array(code, data, at, depth)
    if code == 0x73:
        return chr(_UINT(data, at)[0]), at + 4
    if code == 0x98:
        return UUID(bytes=_slice(data, at, 16)), at + 16
    if code in _OPAQUE:
        return _slice(data, at, _OPAQUE[code]), at + _OPAQUE[code]
    message = f"unknown constructor 0x{code:02x}"
    raise MalformedValueError(message)


def _slice(data: bytes, at: int, size: int) -> bytes:
    part = data[at : at + size]
    if len(part) != size:
        message = f"{size} bytes announced, {len(part)} there"
        raise MalformedValueError(message)
    return part


def _decode_variable(code: int, data: bytes, at: int) -> tuple[object, int]:
    if code >> 4 == 0xA:
        size, at = data[at], at + 1
    else:
        size, at = _UINT(data, at)[0], at + 4
    part = _slice(data, at, size)
    kind = code & 0x0F
    if kind == 0:
        return part, at + size
    if kind in (1, 3):
        return part.decode("utf-8"), at + size
    message = f"unknown constructor 0x{code:02x}"
    raise MalformedValueError(message)


def _count(code: int, data: bytes, at: int) -> tuple[int, int, int]:
    """Return (number of elements, offset of the first, offset behind the compound)."""
    if code >> 4 in (0xC, 0xE):
        size, count, first = data[at], data[at + 1], at + 2
        end = at + 1 + size
    else:
        size, count, first = _UINT(data, at)[0], _UINT(data, at + 4)[0], at + 8
        end = at + 4 + size
    if end > len(data) or count > size:
        message = f"{count} elements in {size} bytes announced, {len(data) - at} bytes there"
        raise MalformedValueError(message)
    return count, first, end


def _decode_compound(code: int, data: bytes, at: int, depth: int) -> tuple[object, int]:
    if depth >= DEEPEST:
        raise MalformedValueError("values are nested too deeply")
    count, at, end = _count(code, data, at)
    elements: list[object] = []
    for _ in range(count):
        element, at = _decode(data, at, depth + 1)
        elements.append(element)
    if at != end:
        raise MalformedValueError("a list or map does not end where it says")
    kind = code & 0x0F
    if kind == 0:
        return elements, end
    if kind == 1 and count % 2 == 0:
        return dict(zip(elements[::2], elements[1::2], strict=True)), end
    message = f"unknown constructor 0x{code:02x}, or a map with half an entry"
    raise MalformedValueError(message)


def _decode_array(code: int, data: bytes, at: int, depth: int) -> tuple[object, int]:
    if depth >= DEEPEST:
        raise MalformedValueError("values are nested too deeply")
    count, at, end = _count(code, data, at)
    element_code = data[at]
    at += 1
    if element_code == 0x00:
        _, at = _decode(data, at, depth + 1)
        element_code = data[at]
        at += 1
    elements: list[object] = []
    for _ in range(count):
        element, at = _decode_as(element_code, data, at, depth + 1)
        elements.append(element)
    if at != end:
        raise MalformedValueError("an array does not end where it says")
    return elements, end


def encode_string(value: str) -> bytes:
    """Encode a string (constructor 0xa1 or 0xb1)."""
    return _variable(0xA1, value.encode("utf-8"))


def encode_symbol(value: str) -> bytes:
    """Encode an ASCII symbol."""
    return _variable(0xA3, value.encode("ascii"))


def encode_binary(value: bytes) -> bytes:
    """Encode binary data."""
    return _variable(0xA0, value)


def encode_uint(value: int) -> bytes:
    """Encode an unsigned integer of at most 32 bits."""
    return b"\x43" if value == 0 else b"\x70" + value.to_bytes(4, "big")


def _variable(code: int, value: bytes) -> bytes:
    if len(value) < 256:
        return bytes((code, len(value))) + value
    return bytes((code + 0x10,)) + len(value).to_bytes(4, "big") + value


def encode_list(*encoded: bytes) -> bytes:
    """Encode a list of values that are encoded already."""
    return _compound(0xC0, encoded) if encoded else b"\x45"


def encode_map(values: Mapping[str, PropertyValue]) -> bytes:
    """Encode a map from strings to simple values (an application-properties section).

    Raises:
        OverflowError: an integer needs more than 64 bits.
    """
    parts: list[bytes] = []
    for name, value in values.items():
        parts += (encode_string(name), _simple(value))
    return _compound(0xC1, parts)


def _simple(value: PropertyValue) -> bytes:  # noqa: PLR0911 - one for each type
    if value is None:
        return b"\x40"
    if value is True:
        return b"\x41"
    if value is False:
        return b"\x42"
    if isinstance(value, str):
        return encode_string(value)
    if isinstance(value, int):
        return b"\x81" + value.to_bytes(8, "big", signed=True)
    if isinstance(value, float):
        return b"\x82" + _FIXED[0x82].pack(value)
    return encode_binary(value)


def _compound(code: int, encoded: tuple[bytes, ...] | list[bytes]) -> bytes:
    body = b"".join(encoded)
    if len(body) < 255 and len(encoded) < 256:
        return bytes((code, len(body) + 1, len(encoded))) + body
    size, count = (len(body) + 4).to_bytes(4, "big"), len(encoded).to_bytes(4, "big")
    return bytes((code + 0x10,)) + size + count + body
