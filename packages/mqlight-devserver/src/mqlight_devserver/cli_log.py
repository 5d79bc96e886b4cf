"""What `mqlight-devserver` logs: one line each, whatever a client calls itself or asks for."""

from __future__ import annotations

import logging

from mqlight_core import printable

__all__ = ["Formatter"]


class Formatter(logging.Formatter):
    r"""Writes control characters as `\x1b` or `\n`; the traceback after a line stays as it is."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the line."""
        return printable(super().formatMessage(record))
