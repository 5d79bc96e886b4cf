"""How messages and what is known about them are shown, each on lines that no payload can break."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from mqlight_core import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["as_bytes", "describe", "preview"]

_MOST_CHARACTERS: Final = 4096
_MOST_BYTES: Final = 16


def preview(data: object) -> str:
    """Return one line that shows a payload: text and JSON as such, the first bytes of binary."""
    if isinstance(data, bytes | bytearray):
        return _preview_of_binary(data)
    text = data if isinstance(data, str) else _as_json(data)
    shown = printable(text[:_MOST_CHARACTERS])
    return shown if len(text) <= _MOST_CHARACTERS else f"{shown} ... ({len(text)} characters)"


def describe(details: Mapping[str, object], path: str = "") -> Iterator[str]:
    """Yield a line for each value in nested dictionaries: `  message.topic: public`."""
    for name, value in details.items():
        if isinstance(value, dict):
            yield from describe(value, f"{path}{name}.")
        elif not callable(value):
            yield printable(f"  {path}{name}: ") + preview(value)


def as_bytes(data: object) -> bytes:
    """Return a payload as a file holds it: text in UTF-8, JSON as text."""
    if isinstance(data, bytes | bytearray):
        return bytes(data)
    return (data if isinstance(data, str) else _as_json(data)).encode()


def _preview_of_binary(data: bytes | bytearray) -> str:
    shown = bytes(data[:_MOST_BYTES]).hex(" ")
    more = " ..." if len(data) > _MOST_BYTES else ""
    return f"({len(data)} bytes) {shown}{more}".rstrip()


def _as_json(data: object) -> str:
    try:
        return json.dumps(data, ensure_ascii=False)
    except (TypeError, ValueError):
        return repr(data)  # a value of another AMQP type, from a client that is not MQ Light's
