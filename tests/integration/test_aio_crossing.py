"""The asyncio client where calls cross each other: stops, starts, cancels, confirmations."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING

import pytest
from aio_runner import run

import mqlight.aio

if TYPE_CHECKING:
    from mqlight_devserver import DevServer


def test_a_block_that_is_cancelled_as_the_client_starts_stops_it(server: DevServer) -> None:
    async def test() -> None:
        entering: asyncio.Task[None] | None = None

        def on_state_changed(_client: object, state: str, _error: Exception | None) -> None:
            if state == mqlight.STARTED and entering is not None:
                entering.cancel()

        client = mqlight.aio.Client(server.url, on_state_changed=on_state_changed)

        async def enter() -> None:
            async with client:
                await asyncio.Event().wait()

        entering = asyncio.create_task(enter())
        await asyncio.wait([entering])
        assert entering.cancelled()
        state = client.state
        await client.stop()
        assert state == mqlight.STOPPED

    run(test())


def test_a_start_while_the_client_stops_returns_once_it_is_started_again(
    server: DevServer,
) -> None:
    async def test() -> None:
        client = await mqlight.aio.Client(server.url).start()
        stopping = asyncio.create_task(client.stop())
        await asyncio.sleep(0)
        assert client.state == mqlight.STOPPING
        try:
            await client.start()
            assert client.state == mqlight.STARTED
        finally:
            await stopping
            await client.stop()

    run(test())


def test_a_message_confirmed_by_the_next_one_gives_its_credit_back_once(
    server: DevServer,
) -> None:
    async def test() -> None:
        credit = 2
        async with (
            mqlight.aio.Client(server.url) as client,
            client.subscribe("late", qos=1, ttl=60_000, credit=credit) as messages,
        ):
            for number in range(12):
                await client.send("late", number, qos=1)
            gone = []
            for _ in range(6):
                gone.append(await anext(messages))
                for message in gone[:-1]:
                    await message.confirm()
            assert messages._pulled.subscription.unsettled in range(credit + 1)

    run(test())


def test_confirming_by_hand_in_a_loop_meets_a_stop_without_an_error(server: DevServer) -> None:
    async def test() -> None:
        async with (
            mqlight.aio.Client(server.url) as client,
            client.subscribe("end", qos=1, ttl=60_000, auto_confirm=False) as messages,
        ):
            for number in range(3):
                await client.send("end", number, qos=1)
            await (await anext(messages)).confirm()
            stopping = asyncio.create_task(client.stop())
            await asyncio.sleep(0)
            assert client.state == mqlight.STOPPING
            async for message in messages:
                await message.confirm()
            await stopping

    run(test())


def test_room_in_the_queue_is_given_to_one_send_only() -> None:
    async def test() -> None:
        most = 100_000
        client = mqlight.aio.Client("amqp://127.0.0.1:1", client_options={"max_queued_bytes": most})
        starting = asyncio.create_task(client.start())
        await asyncio.sleep(0)

        def send() -> asyncio.Task[None]:
            return asyncio.create_task(client.send("room", "x" * 1000, qos=1))

        sends = [send() for _ in range(300)]
        await asyncio.sleep(0)
        for waiting in sends[200:240]:
            waiting.cancel()
        for queued in sends[:50]:
            queued.cancel()
        largest = 0
        for _ in range(20):
            await asyncio.sleep(0)
            for behind in [task for task in sends[240:] if not task.done()][:3]:
                behind.cancel()
            largest = max(largest, client._backlog.size)
        stopping = asyncio.create_task(client.stop())
        await asyncio.gather(stopping, starting, *sends, return_exceptions=True)
        assert largest <= most

    run(test())


def test_a_loop_over_messages_that_wait_lets_others_run(server: DevServer) -> None:
    async def test() -> None:
        count = 20_000
        async with (
            mqlight.aio.Client(server.url) as client,
            client.subscribe("many", credit=count) as messages,
        ):
            for number in range(count):
                await client.send("many", number)
            while len(messages._pulled._prefetch) < count:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            others = asyncio.Event()
            asyncio.get_running_loop().call_soon(others.set)
            for _ in range(count):
                await anext(messages)
            assert others.is_set()

    run(test())


def test_a_turn_that_is_interrupted_does_not_stop_the_others(
    server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with asyncio.Runner() as runner:
        client = runner.run(mqlight.aio.Client(server.url).start())
        engine = client._driver.engine
        advance = engine.advance

        def interrupted(_now: float) -> bool:
            monkeypatch.setattr(engine, "advance", advance)
            raise KeyboardInterrupt

        monkeypatch.setattr(engine, "advance", interrupted)

        async def send() -> None:
            await client.send("interrupted", 1, qos=1)

        with pytest.raises(KeyboardInterrupt):
            runner.run(send())

        async def stop() -> None:
            async with asyncio.timeout(5):
                await client.stop()

        runner.run(stop())
        assert client.state == mqlight.STOPPED


LEFT_BEHIND = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
"""What such a program deserves: asyncio warns of the transport that it has left open."""


@LEFT_BEHIND
def test_a_client_left_on_a_closed_loop_does_not_hinder_the_next_of_its_id(
    server: DevServer,
) -> None:
    left: list[mqlight.aio.Client] = []

    async def leave() -> None:
        left.append(await mqlight.aio.Client(server.url, "me").start())

    async def begin() -> None:
        async with mqlight.aio.Client(server.url, "me") as client:
            assert client.state == mqlight.STARTED

    asyncio.run(leave())
    asyncio.run(begin())
    left.clear()
    gc.collect()


@LEFT_BEHIND
def test_a_client_that_is_gone_with_its_loop_leaves_no_thread(server: DevServer) -> None:
    async def leave() -> None:
        await mqlight.aio.Client(server.url, "gone_with_its_loop").start()

    asyncio.run(leave())
    gc.collect()
    for thread in threading.enumerate():
        if "gone_with_its_loop" in thread.name:
            thread.join(5)
            assert not thread.is_alive()
