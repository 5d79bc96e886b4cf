"""How far a program is, as one line: a count, a rate and, where the end is known, a bar."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType
    from rich.progress import Progress, Task

__all__ = ["Count"]

_SECONDS_OF_RATE: Final = 5.0
_COLUMNS_FOR_BAR: Final = 75
"""Of the terminal: a narrower one has room for the numbers alone."""


class Count:
    """The picture of a number that grows; call it for what it looks like now."""

    def __init__(self, what: str, count: Callable[[], int], total: int | None = None) -> None:
        """`what` says what is counted; without a `total` there is no end."""
        self._what = what
        self._count = count
        self._total = total
        self._began_at = time.monotonic()
        self._progress: Progress | None = None

    def __call__(self) -> RenderableType:
        """Draw it."""
        if self._progress is None:
            self._progress = _line(self._what, self._total)
            self._progress.tasks[0].start_time = self._began_at
        (task,) = self._progress.tasks
        self._progress.update(task.id, completed=self._count())
        rate = task.finished_speed or task.speed or 0
        self._progress.update(task.id, rate=f"{rate:,.0f}/s", time=_time(task))
        return self._progress.get_renderable()


def _time(task: Task) -> str:
    if task.finished or task.total is None:
        return f"in {timedelta(seconds=round(task.elapsed or 0))}"
    left = task.time_remaining
    return "" if left is None else f"{timedelta(seconds=math.ceil(left))} left"


def _line(what: str, total: int | None) -> Progress:
    from rich import progress  # noqa: PLC0415 - takes a while, and few programs show a picture
    from rich.console import Console  # noqa: PLC0415

    has_bar = total is not None and Console(stderr=True).width >= _COLUMNS_FOR_BAR
    columns: tuple[progress.ProgressColumn, ...] = (
        progress.TextColumn("{task.completed:,} {task.description}"),
        progress.TextColumn("{task.fields[rate]}", style="progress.data.speed"),
        progress.TextColumn("{task.fields[time]}", style="progress.elapsed"),
    )
    if total is not None:
        bar = (progress.BarColumn(bar_width=None), progress.TaskProgressColumn())
        columns = (
            *(bar if has_bar else ()),
            progress.TextColumn("{task.completed:,} of {task.total:,} {task.description}"),
            *columns[1:],
        )
    line = progress.Progress(*columns, speed_estimate_period=_SECONDS_OF_RATE, expand=has_bar)
    line.add_task(what, total=total, rate="", time="")
    return line
