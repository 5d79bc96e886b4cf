"""Programs run as child processes: what they print is shown as it comes, each line with a name."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

from rich.console import Console
from rich.text import Text

from mqlight_samples._signals import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import IO, Self

__all__ = ["Child", "Children", "ChildrenError"]

_SECONDS_TO_END: Final = 5.0
_COLOURS: Final = ("cyan", "green", "yellow", "magenta", "blue")
"""Of the names, on a terminal."""

Output: TypeAlias = "tuple[Child, str | None] | None"
"""A line of a child; its end, as None; or None alone: stop waiting."""


class ChildrenError(Exception):
    """A child ended before its time, or it was asked to stop waiting for them."""


class Child:
    """One running program."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self.process = process
        self.lines: list[str] = []
        self.ended = False

    def find(self, text: str) -> str | None:
        """Return the first line, so far, that contains the text."""
        return next((line for line in self.lines if text in line), None)


class Children:
    """A context manager: when it is left, however that happens, no child is left running.

    A key like Ctrl-C is for this program alone, which ends the children in the right order. Where
    it is killed before that, they end by themselves.
    """

    def __init__(self, width: int) -> None:
        """`width` is that of the column of names."""
        self._width = width
        self._console = Console(soft_wrap=True)
        self._children: list[tuple[Child, threading.Thread]] = []
        self._output: queue.SimpleQueue[Output] = queue.SimpleQueue()

    def start(self, name: str, module: str, *arguments: str) -> Child:
        """Run a module of Python's path as a program."""
        process = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, "-P", "-m", "mqlight_samples._tethered", module, *arguments],
            stdin=subprocess.PIPE,  # nothing is written there: it is the tether
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            start_new_session=True,  # in the group of this one, Ctrl-C would end them all at once
        )
        child = Child(name, process)
        reader = threading.Thread(target=self._read, args=(child, process.stdout), daemon=True)
        self._children.append((child, reader))
        reader.start()
        return child

    def wait_until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Show what the children print until the condition holds; False if time runs out.

        Raises:
            ChildrenError: a child ended with another exit code than 0, or `interrupt` was called.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            try:
                output = self._output.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                return False
            if output is None:
                message = "interrupted"
                raise ChildrenError(message)
            self._show(*output)
        return True

    def wait_for(self, child: Child, text: str, seconds: float) -> str:
        """Return the first line of a child that contains the text, once it has come.

        Raises:
            ChildrenError: as `wait_until`, and when time runs out.
        """
        if not self.wait_until(lambda: child.find(text), seconds):
            message = f"{child.name} did not print {text!r} within {seconds:.0f} seconds"
            raise ChildrenError(message)
        return child.find(text) or ""

    def interrupt(self) -> None:
        """Make `wait_until` raise; from any thread."""
        self._output.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # This takes a bounded time, and an impatient user must not leave orphans behind.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for child, reader in reversed(self._children):
            child.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(_SECONDS_TO_END)
            child.process.kill()
            child.process.wait()
            reader.join(_SECONDS_TO_END)
            if child.process.stdin is not None:
                child.process.stdin.close()

    def _show(self, child: Child, line: str | None) -> None:
        if line is None:
            child.ended = True
            status = child.process.wait()
            if status:
                message = f"{child.name} ended with exit code {status}"
                raise ChildrenError(message)
            return
        index = [one for one, _ in self._children].index(child)
        colour = _COLOURS[index % len(_COLOURS)]
        self._console.print(Text.assemble((f"{child.name:<{self._width}}", colour), " | ", line))
        child.lines.append(line)

    def _read(self, child: Child, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._output.put((child, line.rstrip("\n")))
        self._output.put((child, None))
