"""How far a program is, as one line: a count, a rate and, where the end is known, a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType
    from rich.progress import Progress

__all__ = ["Count"]

_SECONDS_OF_RATE: Final = 5.0


class Count:
    """The picture of a number that grows; call it for what it looks like now."""

    def __init__(self, what: str, count: Callable[[], int], total: int | None = None) -> None:
        """`what` says what is counted; without a `total` there is no end."""
        self._what = what
        self._count = count
        self._total = total
        self._progress: Progress | None = None

    def __call__(self) -> RenderableType:
        """Draw it."""
        if self._progress is None:
            self._progress = _line(self._what, self._total)
        (task,) = self._progress.tasks
        rate = task.finished_speed or task.speed or 0
        self._progress.update(task.id, completed=self._count(), rate=f"{rate:,.0f}/s")
        return self._progress.get_renderable()


def _line(what: str, total: int | None) -> Progress:
    from rich import progress  # noqa: PLC0415 - takes a while, and few programs show a picture

    columns: tuple[progress.ProgressColumn, ...] = (
        progress.TextColumn("{task.completed:,} {task.description}"),
        progress.TextColumn("{task.fields[rate]}", style="progress.data.speed"),
        progress.TimeElapsedColumn(),
    )
    if total is not None:
        columns = (
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TextColumn("{task.completed:,} of {task.total:,} {task.description}"),
            progress.TextColumn("{task.fields[rate]}", style="progress.data.speed"),
            progress.TimeRemainingColumn(elapsed_when_finished=True),
        )
    line = progress.Progress(*columns, speed_estimate_period=_SECONDS_OF_RATE)
    line.add_task(what, total=total, rate="")
    return line
