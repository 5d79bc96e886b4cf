"""Servers with a store, one after the other."""

from __future__ import annotations

import logging
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from devserver_socket import SocketClient

from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINE = re.compile(r"mqlight-devserver listening on amqp://127\.0\.0\.1:(\d+)\n")
ADDRESS = "private:kept/#"
TTL = 3600


class Command:
    """The command with `--store`, to be started and killed."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "mqlight_devserver", "--port", "0", "--store", self.store],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def serve(self) -> int:
        """Start it; return its port once it listens."""
        process = self.start()
        assert process.stdout is not None
        found = LINE.fullmatch(process.stdout.readline())
        assert found is not None, process.communicate()[1]
        return int(found[1])

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """End the latest one; return its status and what it said on stderr."""
        process = self.processes[-1]
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
        return process.returncode, errors


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path / "store")
    yield command
    for process in command.processes:
        process.kill()
        process.communicate()


def keep(port: int, *texts: str) -> None:
    """Make a destination that is kept, publish to it, and leave."""
    with SocketClient(port, "c") as client:
        client.subscribe(ADDRESS, timeout=TTL)
    with SocketClient(port, "p") as publisher:
        publisher.publish_to("kept/a")
        for text in texts:
            publisher.publish(text)


def kept(port: int, count: int) -> list[object]:
    with SocketClient(port, "c") as client:
        client.subscribe(ADDRESS, timeout=TTL)
        return [client.next_body() for _ in range(count)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_was_accepted_is_there_after_the_next_start(
    command: Command, number: signal.Signals
) -> None:
    texts = [str(number) for number in range(50)]
    keep(command.serve(), *texts)
    status, errors = command.end(number)
    assert (status, errors) == (-9 if number == signal.SIGKILL else 0, "")
    assert kept(command.serve(), 50) == texts


def test_a_subscriber_that_is_there_when_the_server_is_killed_gets_what_it_had_not_settled(
    command: Command,
) -> None:
    port = command.serve()
    with SocketClient(port, "c") as client:
        client.subscribe(ADDRESS, timeout=TTL)
        client.publish_to("kept/a")
        client.publish("settled")
        assert client.next_body() == "settled"
        # Answered after the settlement before it.
        client.publish("held")
        command.end(signal.SIGKILL)
    assert kept(command.serve(), 1) == ["held"]


def test_a_second_server_at_the_file_is_one_clear_line_and_status_1(command: Command) -> None:
    port = command.serve()
    output, errors = command.start().communicate(timeout=20)
    assert (command.processes[-1].returncode, output) == (1, "")
    assert errors == (
        f"mqlight-devserver: cannot use the store {command.store}: another server uses it\n"
    )
    keep(port, "the first goes on")


def test_a_file_that_is_no_store_is_one_clear_line_and_status_1(command: Command) -> None:
    command.store.write_text("my letter" * 1000, "utf-8")
    output, errors = command.start().communicate(timeout=20)
    assert (command.processes[-1].returncode, output) == (1, "")
    assert errors == (
        f"mqlight-devserver: cannot use the store {command.store}: it is not a SQLite file\n"
    )


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="a limit needs Linux")
def test_a_store_that_cannot_grow_ends_the_server_and_loses_nothing_accepted(
    command: Command,
) -> None:
    port = command.serve()
    process = command.processes[-1]
    keep(port)
    # The system refuses to let files grow beyond it.
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (300_000, 300_000))
    accepted: list[object] = []
    with SocketClient(port, "p") as publisher, suppress(EOFError, OSError):
        publisher.publish_to("kept/a")
        while True:
            text = f"{len(accepted)} {'x' * 10_000}"
            publisher.publish(text)
            accepted.append(text)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (1, "")
    assert errors.startswith(f"mqlight-devserver: cannot write to the store {command.store}: ")
    assert errors.count("\n") == 1
    assert len(accepted) > 5
    port = command.serve()
    keep(port, "next")
    assert kept(port, len(accepted) + 1) == [*accepted, "next"]


def test_a_server_in_a_program_keeps_what_is_to_last_over_its_restart(tmp_path: Path) -> None:
    served = DevServer(store=os.fspath(tmp_path / "store"))
    for text in ("first", "second"):
        with served:
            keep(served.port, text)
    with DevServer(store=tmp_path / "store") as another:
        assert kept(another.port, 2) == ["first", "second"]


def test_what_has_no_ttl_does_not_last(tmp_path: Path) -> None:
    served = DevServer(store=tmp_path / "store")
    with served, SocketClient(served.port, "c") as client:
        client.subscribe(ADDRESS)
        client.publish_to("kept/a")
        client.publish("first")
    with served, SocketClient(served.port, "c") as client:
        client.subscribe(ADDRESS)
        client.publish_to("kept/a")
        client.publish("second")
        assert client.next_body() == "second"


def test_a_program_hears_of_a_store_that_cannot_be_used(tmp_path: Path) -> None:
    with (
        DevServer(store=tmp_path / "store"),
        pytest.raises(OSError, match="another server uses it"),
    ):
        DevServer(store=tmp_path / "store").start()


def test_a_store_that_fails_in_a_program_is_one_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with DevServer(store=tmp_path / "store") as served:
        keep(served.port)
        assert served._server is not None
        assert served._server._store is not None
        with SocketClient(served.port, "p") as publisher, caplog.at_level(logging.ERROR):
            publisher.publish_to("kept/a")
            served._server._store._database.execute("PRAGMA max_page_count = 1")
            with pytest.raises((EOFError, ConnectionResetError)):
                publisher.publish("x" * 100_000)
        served.stop()
        problem = f"cannot write to the store {tmp_path / 'store'}: database or disk is full"
        assert [record.getMessage() for record in caplog.records] == [
            f"the server has stopped: {problem}"
        ]


def test_what_has_come_back_is_one_line_of_the_log_and_too_much_of_it_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "store"
    with DevServer(store=store) as served:
        keep(served.port, "x" * 1000, "x" * 1000)
    with (
        caplog.at_level(logging.INFO),
        DevServer(store=store, max_queued_bytes=1000) as served,
        SocketClient(served.port, "p") as publisher,
    ):
        publisher.send_attach_to("other")
        publisher.wait_for("attach")
    told = [record.getMessage() for record in caplog.records]
    loaded, held_back = told[0], [line for line in told if "held back" in line]
    start = f"the store {store} is loaded: 1 destination(s), 2 message(s), "
    assert loaded.startswith(start)
    size = loaded.removeprefix(start).removesuffix(" bytes")
    assert len(held_back) == 1
    assert held_back[0].startswith(f"publishers are held back: {size} bytes wait for subscribers")


def test_a_server_in_a_program_that_its_store_has_ended_can_be_started_again(
    tmp_path: Path,
) -> None:
    served = DevServer(store=tmp_path / "store", ui_port=0)
    with served:
        keep(served.port, "first")
        end_by_its_store(served)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", urlsplit(served.ui_url).port or 0), 20)
        served.start()
        with urllib.request.urlopen(served.ui_url, timeout=20) as answer:  # noqa: S310 - our own
            assert answer.status == HTTPStatus.OK
        assert kept(served.port, 1) == ["first"]


def end_by_its_store(served: DevServer) -> None:
    """Make its file one that cannot be written, and have it written."""
    assert served._server is not None
    assert served._server._store is not None
    assert served._thread is not None
    with SocketClient(served.port, "x") as publisher:
        publisher.publish_to("kept/a")
        served._server._store._database.execute("PRAGMA max_page_count = 1")
        with pytest.raises((EOFError, ConnectionResetError)):
            publisher.publish("x" * 100_000)
    served._thread.join(20)
