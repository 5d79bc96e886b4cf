"""The beginning of a message's body, for people."""

from __future__ import annotations

import codecs
from typing import Final, Literal, NamedTuple

from mqlight_devserver import values
from mqlight_devserver.sections import DATA, SEQUENCE, VALUE
from mqlight_devserver.values import DecodeError

__all__ = ["Preview", "preview"]

_STRINGS: Final = {0xA1: 1, 0xB1: 4}
_BINARIES: Final = {0xA0: 1, 0xB0: 4}
_BYTES_A_CHARACTER: Final = 4


class Preview(NamedTuple):
    """`text` is the beginning as it is, or of binary in hexadecimal; `other` has none.

    `whole` says that nothing follows.
    """

    kind: Literal["text", "binary", "other"]
    text: str
    whole: bool


_OTHER: Final = Preview("other", "", whole=True)


def preview(encoded: bytes, most: int) -> Preview:
    """Decode at most `most` characters, or bytes, of a message of which the beginning is known."""
    position = 0
    try:
        while True:
            code, value = values.descriptor(encoded, position)
            if code in (DATA, SEQUENCE, VALUE):
                return _body(encoded, value, most)
            position = values.end_of(encoded, value)
    except (DecodeError, IndexError):  # what comes before the body is longer than what is known
        return _OTHER


def _body(encoded: bytes, start: int, most: int) -> Preview:
    code = encoded[start]
    width = _STRINGS.get(code) or _BINARIES.get(code)
    if width is None:
        return _OTHER
    begin = start + 1 + width
    size = int.from_bytes(encoded[start + 1 : begin], "big")
    if code in _BINARIES:
        return Preview("binary", encoded[begin : begin + min(size, most)].hex(" "), size <= most)
    some = encoded[begin : begin + min(size, most * _BYTES_A_CHARACTER)]
    # A character may be cut in two where the text goes on.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(some, final=len(some) == size)
    return Preview("text", text[:most], len(some) == size and len(text) <= most)
