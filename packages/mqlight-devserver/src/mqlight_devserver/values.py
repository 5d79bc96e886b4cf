"""The AMQP 1.0 type system (part 1.6), as far as the server looks into what clients send.

Encoded values are named by their position in a buffer; nothing is copied until it is asked for.
Every function raises `DecodeError` for bytes that are not AMQP.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "DecodeError",
    "as_bool",
    "as_int",
    "as_text",
    "descriptor",
    "end_of",
    "items_of",
    "variable",
]

NULL: Final = 0x40
DESCRIBED: Final = 0x00

# The high half of a constructor tells how many bytes follow (part 1.2.1): so many for 4 to 9; for
# a, c, e and b, d, f as many as a number of 1 or 4 bytes says that comes first.
_WIDTHS: Final = (None, None, None, None, 0, 1, 2, 4, 8, 16)
_FIRST_SIZED: Final = 0xA0

_SMALL_DESCRIPTOR: Final = b"\x00\x53"
_DEEPEST: Final = 64
"""Descriptors of descriptors: no value that anyone sends has more than one."""

_UNSIGNED: Final = frozenset({0x43, 0x44, 0x50, 0x52, 0x53, 0x60, 0x70, 0x80})
_BOOLEANS: Final = {b"\x41": True, b"\x42": False, b"\x56\x01": True, b"\x56\x00": False}
_LISTS: Final = {0x45: 0, 0xC0: 1, 0xD0: 4}


class DecodeError(ValueError):
    """The bytes are not the AMQP 1.0 that was expected here."""


def end_of(data: bytes, start: int) -> int:
    """The position after the value that starts at `start`."""
    position = start
    values = 1
    try:
        while values:
            values -= 1
            code = data[position]
            position += 1
            if code < _FIRST_SIZED:
                width = _WIDTHS[code >> 4]
                if width is not None:
                    position += width
                elif code == DESCRIBED and values < _DEEPEST:
                    values += 2
                else:
                    message = f"no AMQP type has the constructor 0x{code:02x}"
                    raise DecodeError(message)
            elif code & 0x10:
                position += 4 + _unsigned(data, position, 4)
            else:
                position += 1 + data[position]
    except IndexError:
        position = len(data) + 1
    if position > len(data):
        message = f"the value at byte {start} goes on beyond the {len(data)} bytes received"
        raise DecodeError(message)
    return position


def descriptor(data: bytes, start: int) -> tuple[int, int]:
    """The numeric descriptor of the described value at `start`, and where the value itself starts.

    A symbolic descriptor is given as -1: none that matters to the server is ever sent so.
    """
    if data[start : start + 2] == _SMALL_DESCRIPTOR and start + 2 < len(data):
        return data[start + 2], start + 3
    if data[start : start + 1] != b"\x00":
        message = f"a described type was expected at byte {start}"
        raise DecodeError(message)
    value = end_of(data, start + 1)
    if data[start + 1] not in _UNSIGNED:
        return -1, value
    return as_int(data, start + 1), value


def items_of(data: bytes, start: int, limit: int | None = None) -> list[int]:
    """Where the items of the list at `start` begin; of the first `limit` only, if it is given."""
    end = end_of(data, start)
    size = _LISTS.get(data[start])
    if size is None:
        message = f"a list was expected at byte {start}"
        raise DecodeError(message)
    if size == 0:
        return []
    position = start + 1 + 2 * size
    if position > end:
        message = f"the list at byte {start} is too short to hold its count"
        raise DecodeError(message)
    count = _unsigned(data, start + 1 + size, size)
    items: list[int] = []
    for _ in range(count):
        if len(items) == limit:
            return items
        if position >= end:
            message = f"the list at byte {start} holds fewer than its {count} items"
            raise DecodeError(message)
        items.append(position)
        position = end_of(data, position)
    if position != end:
        message = f"the list at byte {start} is not as long as it says"
        raise DecodeError(message)
    return items


def as_int(data: bytes, start: int, largest: int | None = None) -> int:
    """The unsigned integer at `start`, of any of AMQP's widths, at most `largest`."""
    if data[start] not in _UNSIGNED:
        message = f"an unsigned integer was expected at byte {start}"
        raise DecodeError(message)
    number = int.from_bytes(data[start + 1 : end_of(data, start)], "big")
    if largest is not None and number > largest:
        message = f"the number {number} at byte {start} is above {largest}"
        raise DecodeError(message)
    return number


def as_bool(data: bytes, start: int) -> bool:
    """The boolean at `start`."""
    value = _BOOLEANS.get(data[start : end_of(data, start)])
    if value is None:
        message = f"a boolean was expected at byte {start}"
        raise DecodeError(message)
    return value


def variable(data: bytes, start: int) -> bytes:
    """The content of the binary, string or symbol at `start`."""
    end = end_of(data, start)
    code = data[start]
    if code in (0xA0, 0xA1, 0xA3):
        return data[start + 2 : end]
    if code in (0xB0, 0xB1, 0xB3):
        return data[start + 5 : end]
    message = f"binary, a string or a symbol was expected at byte {start}"
    raise DecodeError(message)


def as_text(data: bytes, start: int) -> str:
    """The string or symbol at `start`."""
    try:
        return variable(data, start).decode()
    except UnicodeDecodeError as error:
        message = f"the string at byte {start} is not UTF-8"
        raise DecodeError(message) from error


def _unsigned(data: bytes, start: int, size: int) -> int:
    if start + size > len(data):
        raise IndexError(start)
    return int.from_bytes(data[start : start + size], "big")
