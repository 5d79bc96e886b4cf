"""How a process with clients ends: by itself, by an exit, by Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqlight_devserver import DevServer

PROGRAM = Path(__file__).with_name("program_that_ends.py")
PATIENCE = 50.0


@contextmanager
def running(service: str, program: str) -> Iterator[subprocess.Popen[str]]:
    """Start a program, and see to it that it ends."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(PROGRAM), service, program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_line(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == f"{line}\n"


@pytest.fixture
def thaw(server: DevServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let the server accept no message before the event is set."""
    thawed = threading.Event()
    assert server._server is not None
    broker = server._server._broker
    publish = broker.publish

    def publish_then(*arguments: object) -> object:
        thawed.wait()
        return publish(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(broker, "publish", publish_then)
    yield thawed
    thawed.set()


def ended(process: subprocess.Popen[str]) -> tuple[str, str, int]:
    """Return what else a program says, its errors and its exit code."""
    output, errors = process.communicate(timeout=PATIENCE)
    return output, errors, process.returncode


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="no thread can be started once the main thread has ended"
)
def test_a_client_that_starts_late_holds_the_process_too(server: DevServer) -> None:
    with running(server.url, "starts_again") as process:
        assert ended(process) == ("last thread ends\nstopped\n", "", 0)


def test_a_client_holds_the_process_until_a_callback_stops_it(server: DevServer) -> None:
    with running(server.url, "falls_off") as process:
        assert ended(process) == ("main thread ends\n", "", 0)


def test_an_exception_in_the_main_thread_changes_nothing_but_the_exit_code(
    server: DevServer,
) -> None:
    with running(server.url, "raises") as process:
        _, errors, code = ended(process)
    assert errors.endswith("\nValueError: in the main thread\n")
    assert code == 1


def test_messages_are_sent_after_an_exit_and_its_code_is_kept(server: DevServer) -> None:
    with running(server.url, "exits") as process:
        assert ended(process) == ("", "", 3)


def test_an_exit_in_a_callback_stops_the_client_and_sends_what_is_accepted(
    server: DevServer,
) -> None:
    with running(server.url, "exits_in_a_callback") as process:
        assert ended(process) == ("sent None\n", "", 0)


def test_ctrl_c_in_the_main_thread_stops_the_clients(
    server: DevServer, thaw: threading.Event
) -> None:
    with running(server.url, "waits") as process:
        wait_for_line(process, "waiting")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        lines: list[str] = []
        while not lines or lines[-1] != "KeyboardInterrupt\n":
            lines.append(process.stderr.readline())
        assert lines[0] == "Traceback (most recent call last):\n"
        thaw.set()
        assert ended(process) == ("sent None\n", "", -signal.SIGINT)


def test_ctrl_c_after_the_main_thread_stops_the_clients(
    server: DevServer, thaw: threading.Event
) -> None:
    with running(server.url, "held") as process:
        wait_for_line(process, "waiting")
        process.send_signal(signal.SIGINT)
        wait_for_line(process, "waiting")
        thaw.set()
        assert ended(process) == ("sent None\n", "", 0)


def test_a_second_ctrl_c_does_not_wait_for_them(server: DevServer, thaw: threading.Event) -> None:
    with running(server.url, "held") as process:
        for _ in range(2):
            wait_for_line(process, "waiting")
            process.send_signal(signal.SIGINT)
        assert ended(process) == ("", "", 0)


def test_a_callback_that_never_returns_does_not_keep_an_interrupted_process(
    server: DevServer,
) -> None:
    with running(server.url, "held_by_a_blocked_callback") as process:
        wait_for_line(process, "waiting")
        process.send_signal(signal.SIGINT)
        wait_for_line(process, "waiting")
        assert ended(process) == ("", "", 0)


def test_without_a_server_an_interrupted_process_ends(server: DevServer) -> None:
    with running(server.url, "held_without_a_server") as process:
        wait_for_line(process, "waiting")
        process.send_signal(signal.SIGINT)
        output, errors, code = ended(process)
        assert "sent send aborted due to disconnect" in output.splitlines()
        assert (errors, code) == ("", 0)


def test_ctrl_c_that_meets_others_still_lets_the_clients_send(
    server: DevServer, thaw: threading.Event
) -> None:
    with running(server.url, "interrupted_elsewhere") as process:
        wait_for_line(process, "waiting")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        while process.stderr.readline() != "KeyboardInterrupt: \n":
            pass
        thaw.set()
        assert ended(process) == ("sent None\n", "", 0)


def test_a_process_that_leaves_at_once_does(server: DevServer, thaw: threading.Event) -> None:
    with running(server.url, "leaves_at_once") as process:
        assert ended(process) == ("", "", 4)
