"""The clients of `mqlight-uiworkout` as a table that lives in a terminal."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

from mqlight_samples._display import preview

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from mqlight_samples._workout_report import Entry

__all__ = ["WorkoutTable"]

_SECONDS_OF_RATE: Final = 10.0
_STYLES: Final = {"started": "green", "retrying": "bold yellow"}
_MOST_CHARACTERS: Final = 200
"""Of a message: no terminal shows more beside the other columns."""


class WorkoutTable:
    """The picture of what the clients do; call it for what it looks like now."""

    def __init__(
        self, entries: Sequence[Entry], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.service: str | None = None
        """Where a client has connected; before that nothing is drawn."""
        self.drawn: bool = False
        """Whether it has been."""
        self._entries = entries
        self._clock = clock
        self._readings: deque[tuple[float, list[int]]] = deque()
        """When, and how many messages of each entry; the oldest is what rates are counted from."""

    def __call__(self) -> RenderableType:
        """Draw it; a message that is too long is cut off."""
        from rich import box  # noqa: PLC0415 - takes a while, and only a terminal needs it
        from rich.console import Group  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        if self.service is None:
            return Group()
        self.drawn = True
        rates = self._rates()
        title = Text(f" Connected to {self.service}")
        table = Table(
            box=box.SIMPLE_HEAD,
            show_footer=True,
            expand=True,
            padding=0,
            title=title,
            title_justify="left",
        )
        for name, footer in (("Client", "Total"), ("Topic pattern", ""), ("Share", "")):
            table.add_column(name, footer, no_wrap=True)
        table.add_column("State", no_wrap=True)
        for name, total in (
            ("Sent", f"{sum(entry.sent for entry in self._entries):,}"),
            ("Received", f"{sum(entry.received for entry in self._entries):,}"),
            ("Rate", _rate(sum(rates))),
        ):
            table.add_column(name, total, no_wrap=True, justify="right")
        table.add_column("Last message", no_wrap=True, overflow="ellipsis", ratio=1)
        for entry, rate in zip(self._entries, rates, strict=True):
            table.add_row(
                entry.client_id,
                entry.topic,
                entry.share,
                Text(entry.state, style=_STYLES.get(entry.state, "dim")),
                f"{entry.sent:,}",
                f"{entry.received:,}",
                _rate(rate),
                Text(preview(entry.last)[:_MOST_CHARACTERS]),
            )
        return table

    def _rates(self) -> list[float]:
        """Return the messages per second of each entry, sent and received, of the last 10 s."""
        now = self._clock()
        counts = [entry.sent + entry.received for entry in self._entries]
        while len(self._readings) > 1 and self._readings[1][0] <= now - _SECONDS_OF_RATE:
            self._readings.popleft()
        self._readings.append((now, counts))
        then, before = self._readings[0]
        seconds = now - then or 1.0  # the first reading is compared with itself
        return [(count - earlier) / seconds for count, earlier in zip(counts, before, strict=True)]


def _rate(rate: float) -> str:
    return f"{rate:,.1f}/s"
