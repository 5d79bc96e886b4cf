"""What goes wrong is told in one line, without a traceback, and by the exit code."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Run, Start

PROGRAMS = ("send", "recv", "uiworkout")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine on which nothing listens, and nothing else can meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def web_server() -> Iterator[int]:
    """The port of a server that speaks HTTP to everybody."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_port_on_which_nothing_listens(run: Run, program: str, closed_port: int) -> None:
    running = run(program, "-s", f"amqp://127.0.0.1:{closed_port}")

    assert running.end() == 1
    assert running.out == []
    assert running.err == [f"mqlight-{program}: amqp://127.0.0.1:{closed_port}: Connection refused"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_server_that_does_not_speak_amqp(run: Run, program: str, web_server: int) -> None:
    running = run(program, "-s", f"amqp://127.0.0.1:{web_server}")

    assert running.end() == 1
    assert running.out == []
    (line,) = running.err
    assert line.startswith(f"mqlight-{program}: amqp://127.0.0.1:{web_server}: ")
    assert "AMQP" in line


@pytest.mark.parametrize("program", PROGRAMS)
def test_wrong_usage(run: Run, program: str) -> None:
    running = run(program, "--no-such-option")

    assert running.end() == 2
    assert running.out == []
    assert running.err == [
        f"mqlight-{program}: unrecognized arguments: --no-such-option (--help shows all options)"
    ]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_password_that_the_server_refuses(run: Run, program: str) -> None:
    with DevServer(users={"alice": "wonderland"}) as server:
        url = server.url.replace("://", "://alice:looking-glass@")
        running = run(program, "-s", url)

        assert running.end() == 1
    errors = [line for line in running.err if "warning: " not in line]
    assert len(errors) == 1
    assert "looking-glass" not in " ".join(running.err)


def test_a_file_that_cannot_be_written_leaves_the_message_at_the_server(
    send: Start, recv: Start, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "file"
    receiver = recv("-f", str(target), "-i", "r", "--destination-ttl", "60")
    (tmp_path / "folder").rmdir()

    assert send("kept").end() == 0
    assert receiver.end() == 1
    assert receiver.err == [f"mqlight-recv: {target}: No such file or directory"]
    recv("-i", "r", "--destination-ttl", "60").until_printed("kept")


def test_a_reader_of_the_output_that_goes_away(server: DevServer) -> None:
    command = [sys.executable, "-m", "mqlight_samples.send", "-s", server.url, "-r", "0"]
    with subprocess.Popen(  # noqa: S603 - the program under test
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdout is not None
        assert sender.stderr is not None
        sender.stdout.readline()
        sender.stdout.close()

        assert sender.wait(30) == 1
        assert sender.stderr.read() == "mqlight-send: standard output: Broken pipe\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("program", PROGRAMS)
def test_output_that_cannot_be_written(server: DevServer, program: str) -> None:
    command = [sys.executable, "-m", f"mqlight_samples.{program}", "-s", server.url]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(  # noqa: S603 - the program under test
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False
        )

    assert ended.returncode == 1
    assert ended.stderr == f"mqlight-{program}: standard output: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("option", ["--help", "--version", "--print-completion=tcsh"])
def test_an_answer_that_cannot_be_written(option: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(  # noqa: S603 - the program under test
            [sys.executable, "-m", "mqlight_samples.send", option],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )

    assert ended.returncode == 1
    assert ended.stderr == "mqlight-send: standard output: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("file", ["/dev/full", "-"])
def test_a_payload_that_cannot_be_written_is_told_with_the_name_of_the_file(
    send: Start, server: DevServer, file: str
) -> None:
    with Path("/dev/full").open("w") as full:
        receiver = subprocess.Popen(  # noqa: S603 - the program under test
            [sys.executable, "-m", "mqlight_samples.recv", "-s", server.url, "-f", file],
            stdout=full if file == "-" else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    with receiver:
        send("-r", "0", "-d", "0.1")
        assert receiver.wait(30) == 1
        assert receiver.stderr is not None
        name = "standard output" if file == "-" else file
        last = receiver.stderr.read().splitlines()[-1]
    assert last == f"mqlight-recv: {name}: No space left on device"


@pytest.mark.parametrize("program", ["send", "recv"])
def test_a_second_client_with_the_same_id_ends_the_first(
    run: Run, program: str, server: DevServer
) -> None:
    arguments = ["-s", server.url, "-i", "same"]
    forever = ["-r", "0", "-d", "0.01"] if program == "send" else []
    first = run(program, *arguments, *forever)
    first.until_printed("Connected to")
    second = run("recv", *arguments)

    assert first.end() == 1
    assert len(first.err) == 1
    second.until_printed("Subscribed to")
