"""What a program makes of states, signals and errors."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import mqlight
from mqlight_samples._process import Process

if TYPE_CHECKING:
    from collections.abc import Callable


class Client:
    """As much of a client as a process sees."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def stop(self) -> None:
        self.stopped.set()

    def get_id(self) -> str:
        return "me"

    def get_service(self) -> str:
        return "amqp://host:5672"


@pytest.fixture
def client() -> Any:
    return Client()


@pytest.fixture
def process() -> Process:
    return Process("program")


def raising(error: Exception) -> Callable[[], None]:
    def body() -> None:
        raise error

    return body


def test_a_program_that_ends_without_a_problem(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    assert process.run(lambda: None) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (mqlight.InvalidArgumentError("no such thing"), "no such thing"),
        (FileNotFoundError(2, "No such file or directory", "x.txt"), "x.txt: No such file or"),
        (BrokenPipeError(32, "Broken pipe"), "Broken pipe"),
        (OSError("only text"), "only text"),
        (KeyError(), "KeyError"),
        (ValueError("two\nlines\x1b"), r"two\nlines\x1b"),
    ],
)
def test_what_is_raised_becomes_one_line_and_exit_code_1(
    process: Process, error: Exception, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert process.run(raising(error)) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"program: {line}")
    assert err.count("\n") == 1


def test_the_first_problem_is_told_and_what_follows_from_it_is_not(
    process: Process, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    process.on_state_changed(client, mqlight.STARTING, None)
    process.fail("first")
    process.fail("second")

    assert client.stopped.is_set()
    assert capsys.readouterr().err == "program: first\n"


def test_a_client_that_cannot_connect_in_the_beginning_is_stopped(
    process: Process, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def body() -> None:
        process.on_state_changed(client, mqlight.STARTING, None)
        process.on_state_changed(client, mqlight.RETRYING, mqlight.NetworkError("nobody there"))
        assert client.stopped.is_set()
        process.on_state_changed(client, mqlight.STOPPED, None)
        assert not process.wait_started()

    assert process.run(body) == 1
    assert capsys.readouterr() == ("", "program: nobody there\n")


def test_an_outage_after_the_first_connection_is_told_and_left_to_the_client(
    process: Process, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def body() -> None:
        process.on_state_changed(client, mqlight.STARTED, None)
        assert process.wait_started()
        process.on_state_changed(client, mqlight.RETRYING, mqlight.NetworkError("gone"))
        process.on_state_changed(client, mqlight.STARTED, None)
        assert not client.stopped.is_set()

    assert process.run(body) == 0
    connected = "Connected to amqp://host:5672 using client-id me\n"
    assert capsys.readouterr() == (connected * 2, "program: gone; reconnecting\n")


def test_a_client_that_stops_with_an_error_fails_the_program(
    process: Process, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def body() -> None:
        process.on_state_changed(client, mqlight.STARTED, None)
        process.on_state_changed(client, mqlight.STOPPED, mqlight.ReplacedError("replaced"))

    assert process.run(body) == 1
    assert capsys.readouterr().err == "program: replaced\n"


def test_a_callback_that_was_overtaken_by_a_stop_is_no_problem(
    process: Process, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = mqlight.StoppedError("not started")

    assert process.run(lambda: process.on_state_changed(client, mqlight.STOPPED, stopped)) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_client_and_is_the_exit_code(
    process: Process, client: Any, number: int, status: int
) -> None:
    def body() -> None:
        process.on_state_changed(client, mqlight.STARTED, None)
        os.kill(os.getpid(), number)
        assert client.stopped.wait(30)
        process.fail("what follows from it")

    assert process.run(body) == status


def test_when_it_has_ended_after_a_signal_nothing_is_left_that_ends_python(
    process: Process, client: Any
) -> None:
    def body() -> None:
        process.on_state_changed(client, mqlight.STARTED, None)
        os.kill(os.getpid(), signal.SIGTERM)
        assert client.stopped.wait(30)

    process.run(body)

    timers = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
    assert all(timer.finished.is_set() for timer in timers)


def test_an_error_of_a_client_that_a_signal_stops_is_not_told(
    process: Process, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def body() -> None:
        process.on_state_changed(client, mqlight.STARTED, None)
        os.kill(os.getpid(), signal.SIGTERM)
        assert client.stopped.wait(30)
        process.on_state_changed(client, mqlight.STOPPED, mqlight.NetworkError("gone"))

    assert process.run(body) == 143
    assert capsys.readouterr().err == ""


def test_a_signal_before_there_is_a_client_ends_the_program_at_once() -> None:
    program = """
import os, signal, threading
from mqlight_samples._process import Process

def body():
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait()

Process("program").run(body)
"""
    ended = subprocess.run(  # noqa: S603 - the program above
        [sys.executable, "-c", program], capture_output=True, timeout=30, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (143, b"", b"")


def test_warnings_of_the_client_are_shown_and_tracebacks_are_not(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    log = logging.getLogger("mqlight.client")
    before = logging.getLogger("mqlight").handlers[:]

    def body() -> None:
        log.info("nothing to see")
        log.warning("take %s", "care")
        log.error("on_message raised", exc_info=ValueError("told elsewhere"))

    assert process.run(body) == 0
    assert capsys.readouterr().err == "program: warning: take care\n"
    assert logging.getLogger("mqlight").handlers == before


@pytest.fixture
def clients() -> tuple[Any, Any]:
    """Two clients, which have ids of their own."""
    first, second = Client(), Client()
    first.get_id = lambda: "first"  # type: ignore[method-assign]
    second.get_id = lambda: "second"  # type: ignore[method-assign]
    return first, second


def test_an_outage_of_several_clients_is_told_once(
    process: Process, clients: tuple[Any, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def fall_and_rise() -> None:
        for client in clients:
            process.on_state_changed(client, mqlight.RETRYING, mqlight.NetworkError("gone"))
        for client in clients:
            process.on_state_changed(client, mqlight.STARTED, None)

    for client in clients:
        process.on_state_changed(client, mqlight.STARTED, None)
    fall_and_rise()
    assert capsys.readouterr().err.splitlines() == ["program: gone; reconnecting"]
    fall_and_rise()
    assert capsys.readouterr().err.splitlines() == ["program: gone; reconnecting"]


def test_a_client_that_cannot_connect_ends_a_program_whose_other_clients_have(
    process: Process, clients: tuple[Any, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    ended = threading.Event()
    process.stop_with(ended.set)

    def body() -> None:
        first, second = clients
        process.on_state_changed(first, mqlight.STARTED, None)
        process.on_state_changed(second, mqlight.RETRYING, mqlight.NetworkError("no more of you"))
        assert ended.is_set()
        assert not first.stopped.is_set(), "the program has said how it is ended"

    assert process.run(body) == 1
    assert capsys.readouterr().err == "program: no more of you\n"


def test_a_program_can_tell_by_itself_that_a_client_is_connected(
    client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    connected: list[Any] = []
    process = Process("program", on_connected=connected.append)
    process.on_state_changed(client, mqlight.STARTED, None)

    assert connected == [client]
    assert capsys.readouterr() == ("", "")


def test_a_warning_that_several_clients_give_at_a_time_is_shown_once_and_later_again(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    def give(name: str, created: float) -> None:
        record = log.makeRecord(name, logging.WARNING, "file", 1, "take care", (), None)
        record.created = created
        log.handle(record)

    log = logging.getLogger("mqlight")

    def body() -> None:
        give("first", 1000.0)
        give("second", 1000.5)
        assert capsys.readouterr().err == "program: warning: take care\n"
        give("first", 2000.0)

    assert process.run(body) == 0
    assert capsys.readouterr().err == "program: warning: take care\n"


def test_whatever_goes_wrong_with_a_connected_client_ends_the_program(
    client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> None:
        raise ValueError("I/O operation on closed file")

    process = Process("program", on_connected=refuse)

    def body() -> None:
        process.on_state_changed(client, mqlight.STARTED, None)
        assert process.wait_started()
        assert client.stopped.is_set()

    assert process.run(body) == 1
    assert capsys.readouterr().err == "program: I/O operation on closed file\n"


def test_a_problem_with_a_file_of_tls_is_told_in_terms_of_the_command_line(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    error = mqlight.SecurityError("ssl_client_key 'k.pem' is not the key of ssl_client_certificate")
    assert process.run(raising(error)) == 1
    told = "program: --client-key 'k.pem' is not the key of --client-certificate\n"
    assert capsys.readouterr().err == told


def test_a_signal_ends_a_program_whose_output_nobody_reads_any_more() -> None:
    program = """
import os, signal, threading
from mqlight_samples import _process

def body():
    process.stop_with(lambda: None)
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait()

_process._SECONDS_TO_STOP = 0.01
process = _process.Process("program")
process.run(body)
"""
    ended = subprocess.run(  # noqa: S603 - the program above
        [sys.executable, "-c", program], capture_output=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, b"", b"")
