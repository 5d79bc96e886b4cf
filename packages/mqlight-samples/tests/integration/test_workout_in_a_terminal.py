"""`mqlight-uiworkout` in a terminal: a table that lives, and stays in the end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mqlight_devserver import DevServer

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal:
    """A program that runs in a terminal, of 100 columns; its standard output may go elsewhere."""

    def __init__(self, *arguments: str, stdout: int | None = None, **environment: str) -> None:
        self._reading, inside = os.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        ours = {"COLUMNS", "FORCE_COLOR", "LINES", "MQLIGHT_PYTHON_LOG", "NO_COLOR"}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        self.process = subprocess.Popen(  # noqa: S603 - the program under test
            [sys.executable, "-m", "mqlight_samples.uiworkout", *arguments],
            stdin=inside,
            stdout=inside if stdout is None else stdout,
            stderr=inside,
            env=kept | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"} | environment,
        )
        os.close(inside)
        self.written = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        # Linux has an error for a terminal that nobody has open any more, not an end of file.
        with contextlib.suppress(OSError):
            while data := os.read(self._reading, 65536):
                with self._changed:
                    self.written += data.decode(errors="replace")
                    self._changed.notify_all()

    def until(self, pattern: str) -> None:
        """Wait until this has been written."""
        with self._changed:
            shown = self._changed.wait_for(lambda: re.search(pattern, self.written), 30)
        assert shown, self.written

    def end(self, number: int | None = None) -> int:
        """Wait, after a signal if one is given, until it has ended."""
        if number is not None:
            self.process.send_signal(number)
        status = self.process.wait(30)
        self._reader.join(30)
        return status

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        self._reader.join(30)
        os.close(self._reading)

    @property
    def last_lines(self) -> list[str]:
        """What stays, from the last heading on."""
        rows = [" ".join(row.split()) for row in _CONTROL.sub("", self.written).splitlines()]
        headings = [index for index, row in enumerate(rows) if row.startswith("Client Topic")]
        return [row for row in rows[headings[-1] :] if row] if headings else []


@pytest.fixture
def workout(server: DevServer) -> Iterator[Callable[..., Terminal]]:
    """Start the program for the server, in a terminal."""
    with contextlib.ExitStack() as programs:

        def start(*arguments: str, **others: Any) -> Terminal:
            terminal = Terminal("-s", server.url, *arguments, **others)
            programs.callback(terminal.close)
            return terminal

        yield start


def test_the_table_stays_and_counts_all(workout: Callable[..., Terminal]) -> None:
    terminal = workout("--delay", "0.05", "--duration", "2")

    assert terminal.end() == 0
    heading, _, *rows, total = terminal.last_lines
    assert heading == "Client Topic pattern Share State Sent Received Rate Last message"
    assert [re.sub(r"^CLIENT_[0-9a-f]{7} (.*) stopped .*", r"\1", row) for row in rows] == [
        *("shared1 share1", "shared1 share1", "shared/shared2 share2", "shared/shared2 share2"),
        *("private1", "private/private2", "private/private3", "private4"),
    ]
    counts = [re.search(r" stopped (\d+) (\d+) [\d.]+/s [A-Za-z]", row) for row in rows]
    sent, received = (sum(int(one[index]) for one in counts if one) for index in (1, 2))
    assert sent == received > 0
    assert total.startswith(f"Total {sent} {received} ")
    assert "Sent 10 messages" not in terminal.written, "the table says it"


def test_the_table_lives(workout: Callable[..., Terminal], server: DevServer) -> None:
    terminal = workout("--delay", "0.05")
    terminal.until("started")
    server.stop()
    terminal.until("retrying")
    terminal.until("(?s)(?:; reconnecting.*?){8}")
    server.start()

    assert terminal.end(signal.SIGINT) == 130
    assert terminal.written.count("; reconnecting") == 8


def test_verbose_shows_messages_above_the_table(workout: Callable[..., Terminal]) -> None:
    terminal = workout("--verbose", "--delay", "0.05")
    terminal.until("Last message")
    terminal.until("CLIENT_[0-9a-f]{7} received from private1: ")

    assert terminal.end(signal.SIGTERM) == 143


def test_no_color_is_honoured(workout: Callable[..., Terminal]) -> None:
    coloured, plain = workout(), workout(NO_COLOR="1")
    coloured.until(r"\x1b\[32mstarted")
    plain.until(r"started")

    assert plain.end(signal.SIGTERM) == coloured.end(signal.SIGTERM) == 143
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain.written)


def test_a_dumb_terminal_gets_plain_lines(workout: Callable[..., Terminal]) -> None:
    terminal = workout("--delay", "0.05", "--duration", "0.5", TERM="dumb")

    assert terminal.end() == 0
    assert "\x1b" not in terminal.written
    lines = terminal.written.replace("\r\n", "\n").splitlines()
    assert "Sending messages" in lines
    assert lines[-1].startswith("Total: sent ")


def test_lines_go_to_a_file_while_the_table_lives(
    workout: Callable[..., Terminal], tmp_path: Path
) -> None:
    with (tmp_path / "lines").open("wb") as file:
        terminal = workout("--delay", "0.05", stdout=file.fileno())
        terminal.until("Last message")

        assert terminal.end(signal.SIGTERM) == 143
    lines = (tmp_path / "lines").read_text(encoding="utf-8").splitlines()
    assert "Sending messages" in lines
    assert lines[-1].startswith("Total: sent ")
    assert "Sending messages" not in terminal.written
