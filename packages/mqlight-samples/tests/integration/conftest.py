"""The programs as a shell runs them: processes, with pipes or a terminal for what they print."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

import pytest

# The helper modules beside this file; the import mode of the project puts no test folder there.
sys.path.insert(0, str(Path(__file__).parent))

from pseudo_terminal import PseudoTerminal
from tls_files import TlsFiles

import mqlight
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mqlight.blocking import Client

_MOST_SECONDS: Final = 30.0
"""How long anything may take before a test fails; a machine under load is slow."""


class Running:
    """One program that runs; its lines are read as they come."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - the programs under test
            [sys.executable, "-m", f"mqlight_samples.{module}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._changed = threading.Condition()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=pipe, daemon=True)
            for pipe in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            with self._changed:
                lines.append(line.removesuffix("\n"))
                self._changed.notify_all()

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until the condition holds for the lines read."""
        deadline = time.monotonic() + _MOST_SECONDS
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0 or not any(reader.is_alive() for reader in self._readers):
                    pytest.fail(f"{self.process.args!r}\nstdout: {self.out}\nstderr: {self.err}")
                self._changed.wait(min(left, 0.1))

    def until_printed(self, text: str) -> None:
        """Wait until a line on stdout contains the text."""
        self.until(lambda: any(text in line for line in self.out))

    def until_warned(self, text: str) -> None:
        """Wait until a line on stderr contains the text."""
        self.until(lambda: any(text in line for line in self.err))

    def end(self, signal: int | None = None) -> int:
        """Wait, after a signal if one is given, until the program has ended."""
        if signal is not None:
            self.process.send_signal(signal)
        status = self.process.wait(_MOST_SECONDS)
        for reader in self._readers:
            reader.join(_MOST_SECONDS)
        return status

    @property
    def lines(self) -> list[str]:
        """What it printed, wherever."""
        return self.out + self.err

    @property
    def messages(self) -> list[str]:
        """What it printed after the two lines that say that it is connected, and how."""
        return self.out[2:]

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


class Run(Protocol):
    """Starts a program of this name with these arguments."""

    def __call__(self, module: str, *arguments: str) -> Running: ...


class InTerminal(Protocol):
    """Starts a program of this name with these arguments in a terminal, which can be described."""

    def __call__(self, module: str, *arguments: str, **terminal: Any) -> PseudoTerminal: ...


class Shown(Protocol):
    """A program of which is known what a person sees, be it in a pipe or in a terminal."""

    @property
    def lines(self) -> list[str]: ...

    def until_printed(self, text: str) -> None: ...

    def end(self, number: int | None = None, /) -> int: ...


class RunAnywhere(Protocol):
    """Starts a program of this name with these arguments."""

    def __call__(self, module: str, *arguments: str) -> Shown: ...


class Start(Protocol):
    """Starts a program with these arguments."""

    def __call__(self, *arguments: str) -> Running: ...


@pytest.fixture
def server() -> Iterator[DevServer]:
    """A server for this test."""
    with DevServer() as server:
        yield server


@pytest.fixture
def run() -> Iterator[Run]:
    """Start a program: `run("send", "-s", url)`."""
    programs: list[Running] = []

    def start(module: str, *arguments: str) -> Running:
        programs.append(Running(module, *arguments))
        return programs[-1]

    yield start
    for program in programs:
        program.close()


@pytest.fixture
def send(run: Run, server: DevServer) -> Start:
    """Start `mqlight-send` for the server."""
    return lambda *arguments: run("send", "-s", server.url, *arguments)


@pytest.fixture
def recv(run: Run, server: DevServer) -> Start:
    """Start `mqlight-recv` for the server, and wait until it has subscribed."""

    def start(*arguments: str) -> Running:
        receiver = run("recv", "-s", server.url, *arguments)
        receiver.until_printed("Subscribed to")
        return receiver

    return start


@pytest.fixture
def terminal() -> Iterator[Callable[..., PseudoTerminal]]:
    """Start any command in a terminal of its own: `terminal(["sh", "-c", "..."], columns=40)`."""
    terminals: list[PseudoTerminal] = []

    def start(command: list[str], **described: Any) -> PseudoTerminal:
        terminals.append(PseudoTerminal(command, **described))
        return terminals[-1]

    yield start
    for opened in terminals:
        opened.close()


@pytest.fixture
def in_terminal(terminal: Callable[..., PseudoTerminal]) -> InTerminal:
    """Start a program in a terminal: `in_terminal("send", "-s", url)`."""

    def start(module: str, *arguments: str, **described: Any) -> PseudoTerminal:
        return terminal(
            [sys.executable, "-m", f"mqlight_samples.{module}", *arguments], **described
        )

    return start


@pytest.fixture(params=["pipe", "terminal"])
def anywhere(request: pytest.FixtureRequest, run: Run, in_terminal: InTerminal) -> RunAnywhere:
    """Start a program with pipes, and in another test of the same name in a terminal."""
    return run if request.param == "pipe" else in_terminal


@pytest.fixture
def client(server: DevServer) -> Iterator[Client]:
    """What the program under test exchanges messages with; it takes no time to start."""
    with mqlight.blocking.Client(server.url, "counterpart") as client:
        yield client


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """Files of certificates and keys, made once."""
    return TlsFiles(tmp_path_factory.mktemp("tls"))
