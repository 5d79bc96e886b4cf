"""Notices a callback that runs for long, while it runs (design §3).

Whoever makes callbacks only says which part of a batch it makes; the engine's owner, which is
another thread by then, looks from time to time how far that part has come.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqlight._drivers.calls import Call
    from mqlight._log.client_log import Log

LONG = 10.0
"""Seconds that a callback may run before it is logged."""

INTERVAL = 1.0
"""Seconds from one look to the next while callbacks are being made."""


class Watchdog:
    """Watches the callbacks of one client."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._call: Call | None = None
        self._number = 0
        self._seen = (0, 0)
        """The part and the number of callbacks left in it, at the last look."""
        self._since = 0.0
        self._told = False

    def begin(self, call: Call) -> None:
        """A part of a batch is being made."""
        self._call = call
        self._number += 1

    def end(self) -> None:
        """The batch has been made."""
        self._call = None

    def look(self, now: float) -> None:
        """See whether a callback has run for long; on the engine's owner, every `INTERVAL`."""
        call = self._call
        current = call.current() if call is not None else None
        if current is None:
            return
        left, name, callback = current
        if self._seen != (self._number, left):
            self._seen = self._number, left
            self._since = now
            self._told = False
        elif not self._told and now - self._since >= LONG:
            self._told = True
            self._log.warning(
                "%s has been running for more than %g seconds: %s; the callbacks behind it wait",
                name,
                LONG,
                _qualified_name(callback),
            )


def _qualified_name(callback: object) -> str:
    while isinstance(callback, functools.partial):
        callback = callback.func
    named = callback if hasattr(callback, "__qualname__") else type(callback)
    return f"{named.__module__}.{named.__qualname__}"
