"""How a client uses its socket: over IPv6, a few bytes at a time, and not at all."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from mqlight._drivers.network import Stream
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Program

    Make = Callable[..., Program]

PATIENCE = 20.0


def test_messages_travel_over_ipv6(program: Make) -> None:
    server = DevServer("::1", 0)
    try:
        server.start()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with server:
        one = program(server.url)
        one.wait_named("on_started")
        assert one.client.get_service() == f"amqp://[::1]:{server.port}"
        one.subscribe("t")
        one.deliver("t", "x")
        one.wait_named("on_message")
        one.stop()


def test_what_the_socket_does_not_take_at_once_follows(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = started()
    program.subscribe("t", qos=1)
    write = Stream.write
    pieces: list[int] = []

    def write_little(stream: Stream, view: memoryview) -> int:
        pieces.append(write(stream, view[:1000]))
        return pieces[-1]

    monkeypatch.setattr(Stream, "write", write_little)
    payloads = [str(number) * 50_000 for number in range(5)]
    for payload in payloads:
        program.send("t", payload, qos=1)
    program.wait_named("on_message", len(payloads))
    assert program.messages == payloads
    assert len(pieces) >= 250


def test_an_idle_client_waits_for_its_next_heartbeat(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = started()
    driver: Any = program.client._driver
    select = driver._selector.select
    waits = threading.Event()

    def watched_select(timeout: float | None) -> object:
        if timeout is None or timeout > 5:
            waits.set()
        return select(timeout)

    monkeypatch.setattr(driver._selector, "select", watched_select)
    program.deliver("t", "x")
    assert waits.wait(PATIENCE)


def test_send_leaves_the_work_to_a_thread_of_the_client(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = started()
    traffic: Any = program.client._driver
    traffic = traffic.engine.traffic
    accept = traffic.accept
    workers: set[threading.Thread] = set()

    def watched_accept(sends: object) -> None:
        workers.add(threading.current_thread())
        accept(sends)

    monkeypatch.setattr(traffic, "accept", watched_accept)
    program.deliver("t", "x")
    assert workers
    assert threading.current_thread() not in workers
