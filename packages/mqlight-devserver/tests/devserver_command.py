"""The command `mqlight-devserver` in a terminal or with a pipe, and what it shows there."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from typing import Final, Literal, TypeAlias

import pytest

CTRL_C: Final = "\x03"
_SECONDS: Final = 30.0
"""How long anything may take before a test fails; a machine under load is slow."""

Place: TypeAlias = Literal["pipe", "terminal"]


class Command:
    """One run of it; standard output and error go to the same place, as in a shell."""

    def __init__(self, place: Place, *arguments: str) -> None:
        self.written = ""
        self._changed = threading.Condition()
        self._outside, inside = os.openpty() if place == "terminal" else os.pipe()
        # `setsid --ctty` makes the terminal the program's own, and so Ctrl-C a signal.
        own = ["/usr/bin/setsid", "--ctty"] if place == "terminal" else []
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [*own, sys.executable, "-m", "mqlight_devserver", *arguments],
            stdin=inside if place == "terminal" else subprocess.DEVNULL,
            stdout=inside,
            stderr=inside,
        )
        os.close(inside)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def lines(self) -> list[str]:
        """What it has shown."""
        return self.written.replace("\r\n", "\n").splitlines()

    @property
    def port(self) -> int:
        """Where it listens, once it does."""
        return int(self.until(r"mqlight-devserver listening on amqps?://[\d.]+:(\d+)\r?\n")[1])

    def until(self, pattern: str) -> re.Match[str]:
        """Wait until what it has shown matches somewhere."""
        with self._changed:
            self._changed.wait_for(
                lambda: re.search(pattern, self.written) or not self._reader.is_alive(), _SECONDS
            )
        if found := re.search(pattern, self.written):
            return found
        pytest.fail(f"{self.process.args!r}\n{self.written}")

    def type(self, keys: str) -> None:
        """Press these keys, in a terminal."""
        os.write(self._outside, keys.encode())

    def end(self, number: int | None = None) -> int:
        """Wait, after a signal if one is given, until it has ended and all is shown."""
        if number is not None:
            self.process.send_signal(number)
        status = self.process.wait(_SECONDS)
        self._reader.join(_SECONDS)
        return status

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.end()
        os.close(self._outside)

    def _read(self) -> None:
        # Linux has an error for a terminal that nobody has open any more, not an end of file.
        with contextlib.suppress(OSError):
            while data := os.read(self._outside, 65536):
                with self._changed:
                    self.written += data.decode("utf-8", "backslashreplace")
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()
