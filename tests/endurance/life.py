"""What the programs of a run have in common: how they connect, and what their clients live through.

A program works in the background from its making on, and keeps the books in a `Record` from what
its client tells it, and from nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import mqlight

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight.typing import ClientOptionsDict

    from .record import Record

PATIENCE = 60.0
"""Seconds without any progress after which a run is given up."""

PATTERN = "endurance/#"

CLIENT_OPTIONS: ClientOptionsDict = {"idle_timeout": 2_000}
"""A connection that has fallen silent is given up after 2 s."""

DESTINATION_TTL = 600_000
"""ms: the destination outlives every outage."""


class Program(Protocol):
    """A sender or a reader."""

    def stop(self) -> None:
        """Stop its client and wait until that is done."""


class Life:
    """Watches the states of a client: it is started, loses connections, and is stopped by us."""

    def __init__(self, name: str, record: Record, lost: Callable[[], None]) -> None:
        self._name = name
        self._record = record
        self._lost = lost
        self._last = mqlight.STOPPED
        self.stopping = False

    def on_state_changed(
        self, _client: object, state: mqlight.State, error: Exception | None
    ) -> None:
        """Take note of a state."""
        if state == mqlight.RETRYING and self._last == mqlight.STARTED:
            self._lost()
        expected = state in (mqlight.STARTING, mqlight.STARTED) or (
            state == mqlight.RETRYING and isinstance(error, mqlight.NetworkError)
        )
        if not expected and not self.stopping:
            self._record.surprise(f"{self._name} is {state}: {error!r}")
        self._last = state
