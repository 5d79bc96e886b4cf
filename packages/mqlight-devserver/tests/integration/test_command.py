"""The command `mqlight-devserver`, as a process."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from devserver_socket import SocketClient

from mqlight_devserver import DevServer, cli
from mqlight_devserver.server import Server
from mqlight_devserver.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UI_LINE = re.compile(r"mqlight-devserver ui on http://127\.0\.0\.1:(\d+)/\n")
LINE = re.compile(r"mqlight-devserver listening on amqp://127\.0\.0\.1:(\d+)\n")

Start = "Callable[..., subprocess.Popen[str]]"


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "mqlight_devserver", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    found = LINE.fullmatch(process.stdout.readline())
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_one_line_serves_and_stops_cleanly(
    start: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    process = start("--port", "0")
    with SocketClient(port_of(process), "c") as client:
        client.subscribe("private:a")
        client.publish_to("a")
        client.publish("hello")
        assert client.next_body() == "hello"
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, "", "")


def test_a_port_in_use_is_one_clear_line_and_status_1(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    with DevServer() as served:
        process = start("--port", str(served.port))
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (1, "")
    assert errors == (
        f"mqlight-devserver: cannot listen on 127.0.0.1:{served.port}: Address already in use\n"
    )


def test_users(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start("--port", "0", "--user", "bob:secret", "--user", "eve:apple:pie")
    port = port_of(process)
    with SocketClient(port, "c", plain=b"\0eve\0apple:pie"):
        pass
    with pytest.raises(PermissionError):
        SocketClient(port, "c")


def test_verbose_says_on_stderr_what_clients_do(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    process = start("--port", "0", "--verbose")
    with SocketClient(port_of(process), "teapot") as client:
        client.subscribe("private:a/#")
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=20)
    assert output == ""
    assert "teapot" in errors
    assert "a/#" in errors


@pytest.mark.parametrize("name", [name for name in ("SIGUSR1", "SIGINFO") if hasattr(signal, name)])
def test_a_signal_asks_for_the_status(
    start: Callable[..., subprocess.Popen[str]], name: str
) -> None:
    process = start("--port", "0")
    with SocketClient(port_of(process), "c") as client:
        client.subscribe("private:a")
        client.publish_to("a")
        client.publish("hello")
        assert client.next_body() == "hello"
        assert process.stderr is not None
        for _ in range(2):
            process.send_signal(getattr(signal, name))
            assert re.fullmatch(
                r"mqlight-devserver: up \d+ s, 1 client, 1 destination, "
                r"0 messages waiting \(0 B\), 1 received, 1 delivered\n",
                process.stderr.readline(),
            )
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, "", "")


def test_who_asks_for_the_status_where_it_cannot_be_written_costs_nothing() -> None:
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$0" -m mqlight_devserver --port 0 <&- 2>&-', sys.executable],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with SocketClient(port_of(process), "c") as client:
            process.send_signal(signal.SIGUSR1)
            client.subscribe("private:a")
            client.publish_to("a")
            client.publish("still here")
            assert client.next_body() == "still here"
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, output) == (0, "")


def test_verbose_twice_says_more(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start("--port", "0", "-vv")
    with SocketClient(port_of(process), "teapot"):
        pass
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert "DEBUG teapot (127.0.0.1:" in errors
    assert "session begun" in errors


def test_a_limit_of_the_command_line_is_kept(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    process = start("--port", "0", "--max-message-size", "1K")
    with SocketClient(port_of(process), "c") as client:
        client.publish_to("a")
        client.publish("x" * 2000)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert "the message is larger than the 1024 bytes that are allowed" in errors


def test_the_page_is_announced_after_the_service(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    process = start("--port", "0", "--ui", "0")
    port_of(process)
    assert process.stdout is not None
    found = UI_LINE.fullmatch(process.stdout.readline())
    assert found is not None
    with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/state", timeout=20) as answer:
        assert json.load(answer)["totals"]["clients"] == 0
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, "", "")


def test_a_port_of_the_page_in_use_is_one_clear_line_and_status_1(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    with DevServer() as served:
        process = start("--port", "0", "--ui", str(served.port))
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (1, "")
    assert errors == (
        f"mqlight-devserver: cannot listen on 127.0.0.1:{served.port}: Address already in use\n"
    )


def test_a_host_that_is_no_name_is_one_clear_line(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    output, errors = start("--host", "a" * 300, "--port", "0").communicate(timeout=20)
    assert output == ""
    assert len(errors.splitlines()) == 1
    assert errors.startswith("mqlight-devserver: cannot listen on aaa")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_line_that_can_not_be_written_is_one_clear_line() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "mqlight_devserver", "--port", "0"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=20,
            check=False,
        )
    problem = "cannot write to standard output: No space left on device"
    assert (ended.returncode, ended.stderr) == (1, f"mqlight-devserver: {problem}\n")


def test_a_signal_wakes_a_loop_that_is_just_about_to_wait() -> None:
    """The handler alone does not: Python calls it when the loop goes on."""
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    server = Server("127.0.0.1", 0, Settings())
    try:
        cli._handle_signals(server)
        descriptor = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(descriptor)
        assert descriptor == server.wakeup_fd
        signal.raise_signal(signal.SIGTERM)
        server.run()
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before:
            signal.signal(number, handler)
