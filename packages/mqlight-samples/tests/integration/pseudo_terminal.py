"""A pseudo-terminal: a program in it has a keyboard and a screen, as in a window of a desktop."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import termios
import threading
import time
from typing import TYPE_CHECKING, Final

import pyte
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyte.screens import Char

CTRL_C: Final = "\x03"
CTRL_D: Final = "\x04"
CTRL_Z: Final = "\x1a"

_MOST_SECONDS: Final = 30.0
"""How long anything may take before a test fails; a machine under load is slow."""
_MOST_BYTES: Final = 65536
"""What is read at a time; it can make no more rows leave the screen."""


class PseudoTerminal:
    """A program that runs in a terminal of its own, which is emulated from what it writes."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 100,
        lines: int = 30,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`environment` is added to that of the tests, without what speaks about their terminal."""
        self.written: bytes = b""
        """Every byte that came, control sequences and all."""
        self._screen = pyte.HistoryScreen(columns, lines, history=_MOST_BYTES)
        self._scrolled: list[str] = []
        self._stream = pyte.ByteStream(self._screen)
        self._changed = threading.Condition()
        self._keyboard, inside = os.openpty()
        try:
            self._name = os.ttyname(inside)
            self.resize(columns)
            # `setsid --ctty` makes it the terminal of the program, and so Ctrl-C a signal.
            self.process = subprocess.Popen(  # noqa: S603 - the programs under test
                ["/usr/bin/setsid", "--ctty", *command],
                stdin=inside,
                stdout=inside,
                stderr=inside,
                env=_environment() | dict(environment or {}),
            )
        finally:
            os.close(inside)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def lines(self) -> list[str]:
        """The rows as a person reads them, those that have scrolled away included."""
        with self._changed:
            shown = self._scrolled + [
                _text(self._screen.buffer[line], self._screen.columns)
                for line in range(self._screen.lines)
            ]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    @property
    def cells(self) -> list[list[Char]]:
        """What is on the screen, character by character with its colours."""
        with self._changed:
            return [
                [self._screen.buffer[line][column] for column in range(self._screen.columns)]
                for line in range(self._screen.lines)
            ]

    @property
    def title(self) -> str:
        """The title of the window, which programs can set."""
        return self._screen.title

    @property
    def cursor_is_visible(self) -> bool:
        """Whether a person sees where the next character will stand."""
        return not self._screen.cursor.hidden

    @property
    def cursor_column(self) -> int:
        """Where the next character will stand; 0 is at the left."""
        return self._screen.cursor.x

    def resize(self, columns: int) -> None:
        """Make the window wider or narrower; the program is told."""
        lines = self._screen.lines
        fcntl.ioctl(self._keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        with self._changed:
            self._screen.resize(lines, columns)

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self._keyboard, text.encode())

    def has_unread_lines(self) -> bool:
        """Whether lines were typed that the program has not read yet."""
        inside = os.open(self._name, os.O_RDONLY | os.O_NOCTTY)
        try:
            count: bytes = fcntl.ioctl(inside, termios.FIONREAD, bytes(4))
        finally:
            os.close(inside)
        return any(count)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until the condition holds for what is shown."""
        deadline = time.monotonic() + _MOST_SECONDS
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    pytest.fail("\n".join([repr(self.process.args), *self.lines]))
                self._changed.wait(min(left, 0.1))

    def until_printed(self, text: str) -> None:
        """Wait until a row contains the text."""
        self.until(lambda: any(text in line for line in self.lines))

    def end(self, number: int | None = None) -> int:
        """Wait, after a signal if one is given, until the program has ended and all is shown."""
        if number is not None:
            self.process.send_signal(number)
        status = self.process.wait(_MOST_SECONDS)
        self._reader.join(_MOST_SECONDS)
        return status

    def is_deserted(self) -> bool:
        """Whether the program has ended, and every other one that it started here."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def close(self) -> None:
        """End it and what it has started, whatever they do."""
        if self._reader.is_alive():  # then somebody is there, and the number is not another's
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self._reader.join(_MOST_SECONDS)
        os.close(self._keyboard)

    def _read(self) -> None:
        # Linux has no end of file for a terminal that nobody holds any more, but an error.
        with contextlib.suppress(OSError):
            while data := os.read(self._keyboard, _MOST_BYTES):
                with self._changed:
                    self.written += data
                    self._stream.feed(data)
                    above = self._screen.history.top
                    while above:
                        self._scrolled.append(_text(above.popleft(), self._screen.columns))
                    self._changed.notify_all()


def _text(row: Mapping[int, Char], columns: int) -> str:
    # The second half of a wide character is an empty one.
    return "".join(row[column].data for column in range(columns)).rstrip()


def _environment() -> dict[str, str]:
    ours = {"COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
