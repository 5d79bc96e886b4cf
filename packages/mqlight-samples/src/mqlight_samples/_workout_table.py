"""The clients of `mqlight-uiworkout` as a table that lives in a terminal."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

from mqlight_samples._display import preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table

    from mqlight_samples._workout_report import Entry

__all__ = ["WorkoutTable"]

_SECONDS_OF_RATE: Final = 10.0
_STYLES: Final = {"started": "green", "retrying": "bold yellow"}
_MESSAGE: Final = "Message"
_DROPPED: Final = (_MESSAGE, "Client", "Share", "State")
"""The columns that a narrow window does without, in this order."""
_LEAST_OF_MESSAGE: Final = len(_MESSAGE)
_MOST_OF_MESSAGE: Final = 200
"""No terminal shows more characters beside the other columns."""
_LINES_BESIDE_ROWS: Final = 4
"""Title, headings with a line below them, and totals."""


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
        """Draw it, as large as the window allows."""
        from rich.console import Group  # noqa: PLC0415 - takes a while; only a terminal needs it

        if self.service is None:
            return Group()
        self.drawn = True
        return _Picture(self.service, self._entries, self._rates())

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


class _Picture:
    """Finds out how large the window is when it is drawn, and shows what fits in there."""

    def __init__(self, service: str, entries: Sequence[Entry], rates: Sequence[float]) -> None:
        self._service = service
        self._entries = entries
        self._rates = rates
        self._sent = f"{sum(entry.sent for entry in entries):,}"
        self._received = f"{sum(entry.received for entry in entries):,}"
        self._rate = f"{sum(rates):,.1f}"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text  # noqa: PLC0415 - loaded already

        yield Text(f"Connected to {self._service}", "italic", no_wrap=True, overflow="ellipsis")
        columns = _that_fit(self._columns(), options.max_width)
        rows = min(len(self._entries), options.size.height - _LINES_BESIDE_ROWS)
        if columns and rows > 0:
            yield self._table(columns, rows)
        else:
            totals = f"Sent {self._sent}, received {self._received}, both {self._rate}/s"
            yield Text(totals, no_wrap=True, overflow="ellipsis")

    def _columns(self) -> list[_Column]:
        entries = self._entries
        return [
            _Column("Client", (entry.client_id for entry in entries)),
            _Column("Topic pattern", (entry.topic for entry in entries)),
            _Column("Share", (entry.share or "" for entry in entries)),
            _Column("State", (entry.state for entry in entries)),
            _Column("Sent", (f"{entry.sent:,}" for entry in entries), self._sent),
            _Column("Received", (f"{entry.received:,}" for entry in entries), self._received),
            _Column("Both/s", (f"{rate:,.1f}" for rate in self._rates), self._rate),
            _Column(_MESSAGE, (preview(entry.last)[:_MOST_OF_MESSAGE] for entry in entries)),
        ]

    def _table(self, columns: Sequence[_Column], rows: int) -> Table:
        from rich import box  # noqa: PLC0415 - loaded already
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        has_message = columns[-1].heading == _MESSAGE
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0, expand=has_message)
        for column in columns:
            table.add_column(
                column.heading,
                justify="right" if column.total else "left",
                no_wrap=True,
                ratio=1 if column.heading == _MESSAGE else None,
            )
        for row in range(rows):
            table.add_row(*(Text(one.cells[row], one.style(row)) for one in columns))
        hidden = rows < len(self._entries)
        total = f"Total of {len(self._entries)}" if hidden else "Total"
        table.add_row(total, *(column.total for column in columns[1:]), style="bold")
        return table


class _Column:
    """What stands below each other; numbers have a total."""

    def __init__(self, heading: str, cells: Iterable[str], total: str = "") -> None:
        self.heading = heading
        self.cells = list(cells)
        self.total = total
        self.width = (
            _LEAST_OF_MESSAGE
            if heading == _MESSAGE
            else max(map(len, (heading, total, *self.cells)))
        )

    def style(self, row: int) -> str:
        """Return how a cell is written."""
        return _STYLES.get(self.cells[row], "dim") if self.heading == "State" else ""


def _that_fit(columns: Sequence[_Column], width: int) -> list[_Column]:
    """Return the columns that a window shows without cutting any but the message, or none."""
    for count in range(len(_DROPPED) + 1):
        kept = [column for column in columns if column.heading not in _DROPPED[:count]]
        if sum(column.width + 1 for column in kept) - 1 <= width:
            return kept
    return []
