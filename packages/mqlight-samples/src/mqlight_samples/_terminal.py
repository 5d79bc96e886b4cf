"""What a program shows: lines and, on a terminal, a picture below them that lives."""

from __future__ import annotations

import os
import stat
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self, TextIO

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.live import Live

__all__ = ["Display"]

_SECONDS_TO_PICTURE: Final = 1.0
"""A program that is done sooner shows none."""
_SECONDS_TO_REFRESH: Final = 0.1
_MOST_LINES: Final = 1000
"""Lines are written together with the next picture, or when there are so many."""


class Display:
    """A context manager: from a second after `begin` the picture lives, until it is left.

    The picture is drawn on standard error if that is a terminal, so that it can be watched while
    lines go to a file. Where lines go through a pipe there is none: what reads them may write to
    the terminal. Without a picture a line can be read as soon as it is written. Any thread may
    call.
    """

    def __init__(
        self, picture: Callable[[], RenderableType] | None = None, *, aside: bool = False
    ) -> None:
        """`picture` is asked again and again, on a thread of the display.

        With `aside`, lines go to standard error: standard output is for a payload.
        """
        self._picture = picture
        self._aside = aside
        self._lock = threading.Lock()
        self._left = threading.Event()
        self._thread: threading.Thread | None = None
        self._live: Live | None = None
        self._together = False
        """Whether lines go to the terminal that the picture is on."""
        self._pending: list[str] = []

    @property
    def live(self) -> bool:
        """Whether the picture is, or soon will be, where the lines are shown."""
        return self._has_picture() and _same_terminal(self._lines, sys.stderr)

    def begin(self) -> None:
        """Let there be a picture soon: there is something to show. Later calls do nothing."""
        with self._lock:
            if self._thread is None and not self._left.is_set() and self._has_picture():
                self._thread = threading.Thread(target=self._show_pictures, daemon=True)
                self._thread.start()

    def line(self, *lines: str) -> None:
        """Show lines on standard output, above the picture.

        Raises:
            OSError: they cannot be written.
        """
        with self._lock:
            if self._live is None or not self._together:
                _write(self._lines, *lines)
                return
            self._pending += lines
            if len(self._pending) >= _MOST_LINES:
                self._write_pending(self._live.console)

    def error(self, line: str) -> None:
        """Show a line on standard error.

        Raises:
            OSError: it cannot be written.
        """
        with self._lock:
            if self._live is None:
                _write(sys.stderr, line)
            else:
                self._pending.append(line)
                self._write_pending(self._live.console)

    def __enter__(self) -> Self:
        """Nothing is drawn before `begin`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End; the last picture stays."""
        with self._lock:
            self._left.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _has_picture(self) -> bool:
        return (
            self._picture is not None
            and _can_show_pictures(sys.stderr)
            and _leaves_room(sys.stdout, payload=self._aside)
        )

    @property
    def _lines(self) -> TextIO | None:
        return sys.stderr if self._aside else sys.stdout

    def _show_pictures(self) -> None:
        if self._left.wait(_SECONDS_TO_PICTURE):
            return
        from rich.console import Console  # noqa: PLC0415 - takes a while, and few programs need it
        from rich.live import Live  # noqa: PLC0415

        live = Live(
            get_renderable=self._picture,
            console=Console(stderr=True),
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        try:
            live.start()
            # A program that is killed leaves no terminal without a cursor behind.
            live.console.show_cursor()
            with self._lock:
                self._live = live
                self._together = _same_terminal(self._lines, sys.stderr)
            while not self._left.wait(_SECONDS_TO_REFRESH):
                self._refresh(live)
            self._refresh(live)
            live.stop()
        except OSError:
            pass  # the terminal has gone; whoever shows a line next is told
        finally:
            with self._lock:
                self._live = None
                lines, self._pending = self._pending, []
            if lines:
                self.line(*lines)

    def _refresh(self, live: Live) -> None:
        with self._lock, live.console:
            self._write_pending(live.console)
            live.refresh()

    def _write_pending(self, console: Console) -> None:
        lines, self._pending = self._pending, []
        if lines:
            console.print(_AsItIs("\n".join(lines) + "\n"), end="", crop=False)


class _AsItIs:
    """Text that rich neither wraps nor colours."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.segment import Segment  # noqa: PLC0415 - loaded already

        yield Segment(self._text)


def _write(stream: TextIO | None, *lines: str) -> None:
    if stream is None:  # as it is where a program was started with it closed
        return
    try:
        stream.write("\n".join(lines) + "\n")
    except OSError as error:
        name = "standard error" if stream is sys.stderr else "standard output"
        raise OSError(error.errno, error.strerror, name) from error


def _can_show_pictures(stream: TextIO | None) -> bool:
    if os.environ.get("TERM") in {"dumb", "unknown"} or "MQLIGHT_PYTHON_LOG" in os.environ:
        return False  # the client's log goes to the same place, and would tear the picture
    return stream is not None and stream.isatty()


def _leaves_room(output: TextIO | None, *, payload: bool) -> bool:
    """Whether what goes to standard output cannot come out between the lines of a picture."""
    if output is None:
        return True
    if output.isatty():
        return not payload
    try:
        mode = os.fstat(output.fileno()).st_mode
    except (OSError, ValueError):
        return True  # it has no descriptor, and so no way to the terminal
    return stat.S_ISREG(mode) or stat.S_ISCHR(mode)


def _same_terminal(one: TextIO | None, other: TextIO | None) -> bool:
    if one is None or other is None:
        return False
    return one.isatty() and os.path.samestat(os.fstat(one.fileno()), os.fstat(other.fileno()))
