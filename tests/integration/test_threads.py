"""What a client does on threads of its own: it waits when it should, and leaves nothing behind."""

from __future__ import annotations

import gc
import logging
import selectors
import socket
import threading
from logging.handlers import QueueHandler
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

import mqlight
from mqlight._drivers import threaded, watchdog
from mqlight._drivers.keeper import keeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Program

    from mqlight_devserver import DevServer

    Make = Callable[..., Program]

PATIENCE = 20.0


@pytest.fixture
def frozen(server: DevServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let the server stop at the first message; the event tells when it has."""
    reached, thaw = threading.Event(), threading.Event()

    def publish(*_: object) -> None:
        reached.set()
        thaw.wait()

    assert server._server is not None
    monkeypatch.setattr(server._server._broker, "publish", publish)
    yield reached
    thaw.set()


def test_a_client_whose_server_takes_no_more_waits(
    started: Make, frozen: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = started(client_options={"stop_timeout": 1})
    driver: Any = program.client._driver
    select = driver._selector.select
    waits = threading.Event()

    def watched_select(timeout: float | None) -> object:
        if driver._stream._interest & selectors.EVENT_WRITE and timeout != 0:
            waits.set()
        return select(timeout)

    monkeypatch.setattr(driver._selector, "select", watched_select)
    for _ in range(10):
        program.send("t", b"\0" * 3_000_000)

    assert frozen.wait(PATIENCE)
    assert waits.wait(PATIENCE)


@pytest.mark.parametrize("broken", ["socket", "connect"])
def test_an_address_that_can_not_be_tried_is_followed_by_the_next(
    server: DevServer, program: Make, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    first = ("::1", server.port) if broken == "socket" else ("127.0.0.1", 1)
    family = socket.AF_INET6 if broken == "socket" else socket.AF_INET
    found = [
        (family, socket.SOCK_STREAM, 6, "", first),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    make_socket = socket.socket

    def without_ipv6(family: int = -1, *rest: Any, **named: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return make_socket(family, *rest, **named)

    monkeypatch.setattr(socket, "socket", without_ipv6)
    one = program(f"amqp://two-addresses:{server.port}")
    one.wait_named("on_started")
    assert one.states == ["starting", "started"]


def test_without_a_socket_to_be_had_the_client_tries_again(
    server: DevServer, program: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_socket(*_: Any, **__: Any) -> socket.socket:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(socket, "socket", no_socket)
        one = program()
        error = one.wait_state("retrying")
    assert isinstance(error, mqlight.NetworkError)
    assert str(error) == f"{server.url}: Too many open files"
    one.wait_named("on_started")


def test_clients_that_nobody_has_any_more_leave_no_thread(server: DevServer) -> None:
    names = [f"gone{number}" for number in range(20)]
    for name in names:
        client = mqlight.Client(server.url, name)
        client.stop()
        assert client.wait_stopped(PATIENCE)
    del client
    gc.collect()
    for thread in threading.enumerate():
        if any(thread.name.startswith(f"mqlight-{name}") for name in names):
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_an_error_of_our_own_does_not_keep_a_client_from_stopping(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = started()
    driver: Any = program.client._driver

    def fail(*_: object) -> bool:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(driver.engine.traffic, "finish", fail)
    program.stop()
    assert program.states[-1] == "stopped"


def test_waiting_for_a_stopped_client_includes_the_callback_of_another_stop(
    started: Make,
) -> None:
    program = started()
    program.stop()
    for count in range(2, 50):
        program.stop()
        assert len(program.named("on_stopped")) == count


def test_on_started_is_not_called_after_the_stop(started: Make) -> None:
    program = started()
    entered, leave = threading.Event(), threading.Event()

    def blocking(_client: mqlight.Client) -> None:
        entered.set()
        leave.wait(PATIENCE)
        program.note("left")

    program.client.start(blocking)
    assert entered.wait(PATIENCE)
    program.client.start(lambda _: program.note("too late"))
    program.stop()
    leave.set()
    program.client.start(program.recorder("started again"))
    program.wait_named("started again")

    assert program.named("left") == [()]
    assert program.named("too late") == []


def test_a_service_function_that_exits_stops_the_client(program: Make) -> None:
    def service(_callback: object) -> None:
        raise SystemExit

    one = program(service)
    assert one.wait_state("stopped") is None
    assert one.client.wait_stopped(PATIENCE)


def test_the_process_is_held_while_a_client_is_not_stopped(started: Make) -> None:
    program = started()
    driver = program.client._driver
    assert keeper.holds(driver)
    program.stop()
    assert not keeper.holds(driver)
    program.client.start()
    assert keeper.holds(driver)


def test_a_callback_that_runs_for_long_is_logged_while_it_runs(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "LONG", 0.0)
    monkeypatch.setattr(threaded, "INTERVAL", 0.001)
    logged = SimpleQueue[logging.LogRecord]()
    monkeypatch.setattr(logging.getLogger("mqlight.driver"), "handlers", [QueueHandler(logged)])
    program = started()
    leave = threading.Event()

    def slow(*_: object) -> None:
        assert leave.wait(PATIENCE)

    program.client.send("t", "x", on_sent=slow)
    while (record := logged.get(timeout=PATIENCE)).levelno != logging.WARNING:
        pass
    text = record.getMessage()
    assert text.startswith("on_sent has been running for more than 0 seconds: ")
    assert "slow" in text
    leave.set()
