"""A second client with the same id and service in one process, whatever the first one is doing."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from aio_runner import run

import mqlight
import mqlight.aio
import mqlight.blocking
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Make = Callable[..., Any]

PATIENCE = 20.0


@pytest.fixture
def mute() -> Iterator[str]:
    """A service that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"amqp://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def nobody() -> str:
    """A service that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"amqp://127.0.0.1:{listener.getsockname()[1]}"


def assert_replaced(program: Any, *states: str) -> None:
    error = program.wait_state("stopped")
    assert program.client.wait_stopped(PATIENCE)
    assert isinstance(error, mqlight.ReplacedError)
    told = [entry for entry in program.named("on_state_changed") if entry[1] is not None]
    assert [error for _, error in told if isinstance(error, mqlight.ReplacedError)] == [error]
    assert program.states == [*states, "stopped"]


def test_a_connected_client_is_replaced_once_and_stays_away(started: Make) -> None:
    first = started("same")
    first.subscribe("t")
    second = started("same")
    assert_replaced(first, "starting", "started")
    second.subscribe("t")
    second.deliver("t", "x")
    assert second.wait_named("on_message")
    assert second.states == ["starting", "started"]
    assert first.messages == []


def test_a_client_that_retries_is_replaced(nobody: str, program: Make) -> None:
    first = program(nobody, "same")
    first.wait_state("retrying")
    second = program(nobody, "same")
    assert_replaced(first, "starting", "retrying")
    with DevServer(port=int(nobody.rpartition(":")[2])):
        second.wait_named("on_started")
        second.stop()


def test_a_client_that_connects_is_replaced(mute: str, program: Make) -> None:
    first = program(mute, "same")
    second = program(mute, "same")
    assert_replaced(first, "starting")
    assert second.client.state == mqlight.STARTING


def test_a_new_client_does_not_wait_for_the_callbacks_of_the_old_one(started: Make) -> None:
    first = started("same")
    entered, leave = threading.Event(), threading.Event()

    def blocking(*_: object) -> None:
        entered.set()
        assert leave.wait(PATIENCE)

    first.client.send("t", "x", on_sent=blocking)
    assert entered.wait(PATIENCE)
    second = started("same")
    assert first.client.state == mqlight.STOPPED
    assert not first.client.wait_stopped(0)
    leave.set()
    assert_replaced(first, "starting", "started")
    assert second.client.state == mqlight.STARTED


def test_a_replaced_client_that_starts_again_replaces_the_other(started: Make) -> None:
    first = started("same")
    second = started("same")
    assert_replaced(first, "starting", "started")
    first.client.start(first.recorder("started again"))
    first.wait_named("started again")
    assert_replaced(second, "starting", "started")
    assert first.client.state == mqlight.STARTED


def test_the_same_id_at_another_service_replaces_nobody(started: Make, program: Make) -> None:
    with DevServer(port=0) as other_server:
        first = started("same")
        second = program(other_server.url, "same")
        second.wait_named("on_started")
        first.deliver("t", "x")
        second.deliver("t", "x")
        assert (first.states, second.states) == (["starting", "started"],) * 2
        second.stop()


def test_a_service_function_is_a_service(server: DevServer, program: Make) -> None:
    def service(callback: Callable[..., object]) -> None:
        callback(None, server.url)

    first = program(service, "same")
    first.wait_named("on_started")
    second = program(service, "same")
    assert_replaced(first, "starting", "started")
    second.wait_named("on_started")


@pytest.mark.parametrize("where", ["a loop", "a thread"])
def test_clients_of_event_loops_and_of_threads_replace_each_other(nobody: str, where: str) -> None:
    async def test() -> None:
        old = mqlight.aio.Client(nobody, "same")
        starting = asyncio.create_task(old.start())
        await asyncio.sleep(0)
        if where == "a loop":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0), mqlight.aio.Client(nobody, "same"):
                    pass
        else:
            with pytest.raises(TimeoutError):
                mqlight.blocking.Client(nobody, "same").start(0)
        with pytest.raises(mqlight.ReplacedError):
            await starting
        assert old.state == mqlight.STOPPED

    run(test())


def test_of_many_that_start_at_once_the_last_one_lives(server: DevServer, program: Make) -> None:
    programs = [program(..., "same") for _ in range(20)]
    threads = [
        threading.Thread(target=one.client.start, args=(one.recorder("started again"),))
        for one in programs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    living = [one for one in programs if one.client.state != mqlight.STOPPED]
    assert len(living) == 1
    living[0].wait_named("started again")
    for one in programs:
        if one is not living[0]:
            assert one.client.wait_stopped(PATIENCE)
            assert isinstance(one.wait_state("stopped"), mqlight.ReplacedError)
    assert living[0].client.state == mqlight.STARTED
