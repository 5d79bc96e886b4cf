"""What `mqlight-devserver` logs: one line each, whatever a client calls itself or asks for."""

from __future__ import annotations

import logging
import re
from typing import Final

__all__ = ["Formatter"]

# What moves the cursor, starts an escape sequence, ends a line, turns the direction of writing
# around, or cannot be encoded (a lone surrogate).
_UNSAFE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Formatter(logging.Formatter):
    r"""Writes control characters as `\x1b` or `\n`; the traceback after a line stays as it is."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the line."""
        line = super().formatMessage(record)
        return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), line)
