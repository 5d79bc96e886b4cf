"""The asyncio client sends and receives, with a real server and real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aio_runner import run

import mqlight
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from mqlight.aio import Client, Subscription


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize(
    ("data", "received"),
    [
        ("text", "text"),
        ("", ""),
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"\x00"), b"\x00"),
        ({"a": [1, None]}, {"a": [1, None]}),
    ],
)
def test_what_is_sent_is_received(server: DevServer, data: Any, received: Any, qos: int) -> None:
    async def test() -> None:
        async with (
            mqlight.aio.Client(server.url) as client,
            client.subscribe("news/#", "readers", qos=qos) as messages,
        ):
            await client.send("news/today", data, qos=qos, ttl=60_000, properties={"n": 1})
            message = await anext(messages)
            assert (message.data, type(message.data)) == (received, type(received))
            assert (message.topic, message.qos) == ("news/today", qos)
            assert (message.topic_pattern, message.share) == ("news/#", "readers")
            assert message.ttl is not None
            assert 0 < message.ttl <= 60_000
            assert (message.properties, message.persistent) == ({"n": 1}, False)
            assert message.malformed is None

    run(test())


@pytest.mark.parametrize("qos", [0, 1])
def test_messages_come_in_order_whether_sent_one_by_one_or_at_once(
    server: DevServer, qos: int
) -> None:
    async def test() -> None:
        async with (
            mqlight.aio.Client(server.url) as client,
            client.subscribe("t", qos=qos) as messages,
        ):
            for number in range(500):
                await client.send("t", number, qos=qos)
            await asyncio.gather(*(client.send("t", n, qos=qos) for n in range(500, 3000)))
            assert [(await anext(messages)).data for _ in range(3000)] == list(range(3000))

    run(test())


def test_a_loop_over_sends_lets_others_run(server: DevServer) -> None:
    async def test() -> None:
        async with mqlight.aio.Client(server.url) as client, client.subscribe("t") as messages:

            async def send() -> None:
                while True:
                    await client.send("t", "x" * 1000)

            sending = asyncio.create_task(send())
            for _ in range(2000):
                await anext(messages)
            sending.cancel()
            await asyncio.wait([sending])

    run(test())


def test_a_send_that_is_cancelled_is_taken_back(server: DevServer) -> None:
    server.stop()

    async def test() -> None:
        retrying = asyncio.Event()

        def on_state_changed(_client: object, state: str, _error: Exception | None) -> None:
            if state == "retrying":
                retrying.set()

        client = mqlight.aio.Client(server.url, on_state_changed=on_state_changed)
        starting = asyncio.create_task(client.start())
        await asyncio.sleep(0)
        sends = [asyncio.create_task(client.send("t", n, qos=1)) for n in range(3)]
        await retrying.wait()
        sends[1].cancel()
        await asyncio.wait([sends[1]])
        with DevServer(port=server.port) as again:
            async with mqlight.aio.Client(again.url) as receiver, receiver.subscribe("t") as got:
                await starting
                await asyncio.gather(sends[0], sends[2])
                await client.send("t", "end", qos=1)
                assert [(await anext(got)).data for _ in range(3)] == [0, 2, "end"]
                await client.stop()

    run(test())


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        (("", "x"), {}, mqlight.InvalidArgumentError),
        ((5, "x"), {}, TypeError),
        (("t", None), {}, TypeError),
        (("t", print), {}, TypeError),
        (("t", "x"), {"qos": 2}, mqlight.RangeError),
        (("t", "x"), {"qos": True}, mqlight.RangeError),
        (("t", "x"), {"ttl": 0}, mqlight.RangeError),
        (("t", "x"), {"properties": {"a": []}}, TypeError),
        (("t", "x"), {"persistent": "yes"}, TypeError),
    ],
)
def test_bad_arguments_of_send_are_told_at_the_call(
    server: DevServer, arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception]
) -> None:
    async def test() -> None:
        async with mqlight.aio.Client(server.url) as client:
            with pytest.raises(error):
                await client.send(*arguments, **options)

    run(test())


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        (("",), {}, mqlight.InvalidArgumentError),
        ((5,), {}, TypeError),
        (("t", "a:b"), {}, mqlight.InvalidArgumentError),
        (("t",), {"qos": 2}, mqlight.RangeError),
        (("t",), {"ttl": -1}, mqlight.RangeError),
        (("t",), {"credit": -1}, mqlight.RangeError),
        (("t",), {"auto_confirm": 1}, TypeError),
    ],
)
def test_bad_arguments_of_subscribe_are_told_at_the_call(
    server: DevServer, arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception]
) -> None:
    client = mqlight.aio.Client(server.url)
    with pytest.raises(error):
        client.subscribe(*arguments, **options)


def test_a_message_that_the_server_refuses_raises() -> None:
    async def test() -> None:
        with DevServer(max_message_size=1000) as server:
            async with mqlight.aio.Client(server.url) as client:
                for qos in (0, 1):
                    with pytest.raises(mqlight.NotPermittedError, match="too large"):
                        await client.send("t", "x" * 2000, qos=qos)
                    await client.send("t", "small", qos=qos)

    run(test())


def test_sends_beyond_the_limit_wait_for_room(server: DevServer) -> None:
    async def test() -> None:
        options: Any = {"max_queued_bytes": 10_000}
        async with (
            mqlight.aio.Client(server.url, client_options=options) as client,
            client.subscribe("t", qos=1) as messages,
        ):
            await asyncio.gather(*(client.send("t", "x" * 1000, qos=1) for _ in range(100)))
            for _ in range(100):
                await anext(messages)
            with pytest.raises(mqlight.MQLightError, match="max_queued_bytes"):
                await client.send("t", "x" * 20_000)

    run(test())


async def redelivered(client: Client, messages: Subscription) -> list[Any]:
    """Leave a subscription, come back, and return what the server still has."""
    await messages.unsubscribe()
    async with client.subscribe("t", qos=1, ttl=60_000) as again:
        await client.send("t", "end", qos=1)
        data: list[Any] = []
        async for message in again:
            if message.data == "end":
                return data
            data.append(message.data)
    pytest.fail("the client has stopped")


def test_asking_for_the_next_message_confirms_the_last_one(server: DevServer) -> None:
    async def test() -> None:
        async with mqlight.aio.Client(server.url) as client:
            subscription = client.subscribe("t", qos=1, ttl=60_000)
            async with subscription as messages:
                for number in range(3):
                    await client.send("t", number, qos=1)
                assert [(await anext(messages)).data for _ in range(2)] == [0, 1]
                assert await redelivered(client, messages) == [1, 2]

    run(test())


def test_a_block_that_ends_well_confirms_its_last_message(server: DevServer) -> None:
    async def test() -> None:
        async with mqlight.aio.Client(server.url) as client:
            async with client.subscribe("t", qos=1, ttl=60_000) as messages:
                await client.send("t", "one", qos=1)
                await anext(messages)
            assert await redelivered(client, messages) == []

    run(test())


def test_a_block_that_fails_does_not_confirm_its_last_message(server: DevServer) -> None:
    async def test() -> None:
        async with mqlight.aio.Client(server.url) as client:
            subscription = client.subscribe("t", qos=1, ttl=60_000)

            async def fail() -> None:
                async with subscription as messages:
                    await client.send("t", "one", qos=1)
                    raise ValueError((await anext(messages)).data)

            with pytest.raises(ValueError, match="one"):
                await fail()
            assert await redelivered(client, subscription) == ["one"]

    run(test())


def test_messages_can_be_confirmed_by_hand_in_any_order(server: DevServer) -> None:
    async def test() -> None:
        async with mqlight.aio.Client(server.url) as client:
            subscription = client.subscribe("t", qos=1, ttl=60_000, auto_confirm=False)
            async with subscription as messages:
                for number in range(3):
                    await client.send("t", number, qos=1)
                got = [await anext(messages) for _ in range(3)]
                await got[2].confirm()
                await got[0].confirm()
                await got[0].confirm()
                assert await redelivered(client, messages) == [1]
                with pytest.raises(mqlight.NetworkError, match="unsubscribed"):
                    await got[1].confirm()

    run(test())


def test_a_slow_consumer_holds_the_server_back(server: DevServer) -> None:
    async def test() -> None:
        async with (
            mqlight.aio.Client(server.url) as client,
            client.subscribe("t", "workers", qos=1, credit=2) as slow,
            mqlight.aio.Client(server.url) as other,
            other.subscribe("t", "workers", qos=1, credit=2) as quick,
        ):
            for number in range(20):
                await client.send("t", number, qos=1)
            taken = [(await anext(quick)).data for _ in range(18)]
            left = [(await anext(slow)).data for _ in range(2)]
            assert sorted(taken + left) == list(range(20))

    run(test())


def test_waiting_for_a_message_can_be_cancelled_without_losing_one(server: DevServer) -> None:
    async def test() -> None:
        async with (
            mqlight.aio.Client(server.url) as client,
            client.subscribe("t", qos=1) as messages,
        ):
            waiting = asyncio.create_task(messages.__anext__())
            await asyncio.sleep(0)
            sending = asyncio.create_task(client.send("t", "one", qos=1))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting, sending])
            assert (await anext(messages)).data == "one"

    run(test())


def test_several_workers_may_share_a_subscription_that_is_confirmed_by_hand(
    server: DevServer,
) -> None:
    async def test() -> None:
        got: list[int] = []
        async with (
            mqlight.aio.Client(server.url) as client,
            client.subscribe("t", qos=1, auto_confirm=False) as messages,
        ):

            async def work() -> None:
                async for message in messages:
                    got.append(message.data)
                    await message.confirm()
                    if len(got) == 100:
                        await messages.unsubscribe()

            async with asyncio.TaskGroup() as group:
                for _ in range(4):
                    group.create_task(work())
                for number in range(100):
                    group.create_task(client.send("t", number, qos=1))
        assert sorted(got) == list(range(100))

    run(test())


def test_two_tasks_can_not_wait_where_asking_confirms(server: DevServer) -> None:
    async def test() -> None:
        async with (
            mqlight.aio.Client(server.url) as client,
            client.subscribe("t", qos=1) as messages,
        ):
            waiting = asyncio.create_task(messages.__anext__())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="auto_confirm=False"):
                await anext(messages)
            await client.send("t", "one")
            assert (await waiting).data == "one"

    run(test())


def test_a_subscription_begins_once_and_with_its_block(server: DevServer) -> None:
    async def test() -> None:
        async with mqlight.aio.Client(server.url) as client:
            subscription = client.subscribe("t")
            with pytest.raises(RuntimeError, match="not begun"):
                await anext(subscription)
            async with subscription:
                with pytest.raises(mqlight.SubscribedError):
                    async with client.subscribe("t"):
                        pytest.fail("it is subscribed already")
            with pytest.raises(RuntimeError, match="once"):
                async with subscription:
                    pytest.fail("it has ended")
            async with client.subscribe("t"):
                pass

    run(test())


def test_a_subscription_whose_beginning_is_cancelled_is_taken_back(server: DevServer) -> None:
    async def test() -> None:
        async with mqlight.aio.Client(server.url) as client:
            entering = asyncio.create_task(client.subscribe("t").__aenter__())
            await asyncio.sleep(0)
            entering.cancel()
            with pytest.raises(asyncio.CancelledError):
                await entering
            async with client.subscribe("t") as messages:
                await client.send("t", "x")
                assert (await anext(messages)).data == "x"

    run(test())


def test_iteration_ends_with_a_stop(server: DevServer) -> None:
    async def test() -> None:
        client = mqlight.aio.Client(server.url)
        await client.start()
        async with client.subscribe("t") as messages:

            async def read() -> list[Any]:
                return [message.data async for message in messages]

            reading = asyncio.create_task(read())
            await asyncio.sleep(0)
            await client.stop()
            assert await reading == []

    run(test())


def test_workers_finish_what_they_are_at_when_a_subscription_is_closed(server: DevServer) -> None:
    async def test() -> None:
        done: list[int] = []
        async with mqlight.aio.Client(server.url) as client:
            subscription = client.subscribe("t", qos=1, ttl=60_000, auto_confirm=False)
            busy, finish = asyncio.Event(), asyncio.Event()

            async def work() -> None:
                async for message in subscription:
                    busy.set()
                    await finish.wait()
                    await message.confirm()
                    done.append(message.data)

            async with subscription, asyncio.TaskGroup() as group:
                group.create_task(work())
                await client.send("t", 1, qos=1)
                await busy.wait()
                group.create_task(work())  # which finds no message
                await asyncio.sleep(0)
                await client.send("t", 2, qos=1)
                subscription.close()
                subscription.close()
                finish.set()
            assert 1 in done
            assert await redelivered(client, subscription) == [2, 1][: 2 - len(done)]

    run(test())
