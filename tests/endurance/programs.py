"""Very many messages from `mqlight-send` to `mqlight-recv`, with pictures on a terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_BETWEEN_READINGS: Final = 0.2
_ERASED: Final = "\r\x1b[2K"


@dataclass
class Found:
    """What a run has shown."""

    seconds: float = 0.0
    wrong_lines: list[str] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    settled_mib: dict[str, float] = field(default_factory=dict)
    """Resident set of each program after a tenth of the messages, in MiB."""
    most_mib: dict[str, float] = field(default_factory=dict)
    """The largest one after that."""
    pictures: dict[str, str] = field(default_factory=dict)
    """The last that each program drew."""

    def lines(self, messages: int) -> Iterable[str]:
        """Say it."""
        yield f"{messages} messages in {self.seconds:.1f} s, {messages / self.seconds:,.0f}/s"
        for name, settled in self.settled_mib.items():
            most = self.most_mib[name]
            yield f"{name}: {settled:.1f} MiB after a tenth, at most {most:.1f} MiB after that"
        yield from (f"{name}: {picture}" for name, picture in self.pictures.items())


class _Program:
    """A program whose messages are read from a pipe, with a terminal as its standard error."""

    def __init__(self, name: str, module: str, *arguments: str) -> None:
        self.name = name
        reading, writing = os.openpty()
        self.process = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=writing,
            encoding="utf-8",
            env=os.environ | {"TERM": "xterm"},
        )
        os.close(writing)
        self.drawn = bytearray()
        self._reader = threading.Thread(target=self._read, args=(reading,))
        self._reader.start()

    def _read(self, terminal: int) -> None:
        with suppress(OSError):  # Linux's way to say that nobody writes any more
            while some := os.read(terminal, 65536):
                self.drawn[:-65536] = b""
                self.drawn += some
        os.close(terminal)

    @property
    def output(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def line_with(self, text: str) -> str:
        """Read on to a line."""
        return next(line for line in self.output if text in line)

    def resident_mib(self) -> float:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * _PAGE / 2**20

    def end(self, number: int | None = None) -> int:
        if number is not None:
            self.process.send_signal(number)
        status = self.process.wait(60)
        self._reader.join(60)
        return status

    def picture(self) -> str:
        """The last line drawn, without colours."""
        last = self.drawn.decode(errors="replace").rpartition(_ERASED)[2]
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", last).strip()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.output.close()


def run_programs(messages: int) -> Found:
    """Send that many with sequence numbers through a server, each program a process of its own."""
    found = Found()
    with ExitStack() as opened:

        def start(name: str, module: str, *arguments: str) -> _Program:
            program = _Program(name, module, *arguments)
            opened.callback(program.close)
            return program

        server = start("server", "mqlight_devserver", "--port", "0")
        url = server.line_with("listening on").split()[-1]
        receiver = start("receiver", "mqlight_samples.recv", "-s", url)
        receiver.line_with("Subscribed")
        began = time.monotonic()
        sender = start(
            "sender", "mqlight_samples.send", "-s", url, "--repeat", str(messages), "--sequence"
        )
        sender.line_with("Sending to")
        programs = (server, receiver, sender)
        reading = [
            threading.Thread(target=_check, args=(one, messages, found, programs))
            for one in (receiver, sender)
        ]
        for thread in reading:
            thread.start()
        while any(thread.is_alive() for thread in reading):
            reading[0].join(_BETWEEN_READINGS)
            for one in programs if found.settled_mib and sender.process.poll() is None else ():
                found.most_mib[one.name] = max(found.most_mib[one.name], one.resident_mib())
        found.seconds = time.monotonic() - began
        found.statuses = {
            "sender": sender.end(),
            "receiver": receiver.end(signal.SIGINT),
            "server": server.end(signal.SIGTERM),
        }
        found.pictures = {one.name: one.picture() for one in (sender, receiver)}
    return found


def _check(program: _Program, messages: int, found: Found, programs: tuple[_Program, ...]) -> None:
    """Read a program's messages; each must be there once and in order."""
    for number in range(1, messages + 1):
        line = program.output.readline()
        if line != f"{number}: Hello world!\n":
            found.wrong_lines.append(f"{program.name}, message {number}: {line!r}")
            program.process.kill()
            return
        if number == messages // 10 and program.name == "receiver":
            found.most_mib = {one.name: one.resident_mib() for one in programs}
            found.settled_mib = dict(found.most_mib)
