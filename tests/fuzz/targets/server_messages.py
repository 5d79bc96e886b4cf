"""Messages that reach the server: refused, or passed on as something that can be read again."""

from __future__ import annotations

from mqlight_devserver.sections import read_sections
from mqlight_devserver.values import DecodeError


def fuzz(data: bytes) -> None:
    """Two messages, one after the other; the first byte is the length of the first."""
    size = data[0] if data else 0
    first, second = data[1 : 1 + size], data[1 + size :]
    try:
        layout = read_sections(first, "topic")
    except DecodeError:
        return
    assert read_sections(layout.encoded, "topic").encoded == layout.encoded
    repeated = layout.repeated(second)
    if repeated is not None:
        assert read_sections(second, "topic").encoded == repeated
