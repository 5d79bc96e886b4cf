"""The asyncio client connects, reconnects and stops, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aio_runner import run

import mqlight
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Callable

NOWHERE = "amqp://127.0.0.1:1"
"""Nobody listens at this port."""


def recorder(log: list[str]) -> Callable[[object, str, Exception | None], None]:
    def on_state_changed(_client: object, state: str, _error: Exception | None) -> None:
        log.append(str(state))

    return on_state_changed


def when(wanted: str, event: asyncio.Event) -> Callable[[object, str, Exception | None], None]:
    def on_state_changed(_client: object, state: str, _error: Exception | None) -> None:
        if state == wanted:
            event.set()

    return on_state_changed


def test_a_block_is_the_life_of_a_client(server: DevServer) -> None:
    states: list[str] = []

    async def test() -> None:
        client = mqlight.aio.Client(server.url, "me", on_state_changed=recorder(states))
        assert client.state == mqlight.STOPPED
        async with client as entered:
            assert entered is client
            assert (client.client_id, client.state) == ("me", mqlight.STARTED)
            assert client.service == server.url
            assert client.error is None
        assert client.service is None

    run(test())
    assert states == ["starting", "started", "stopping", "stopped"]


def test_a_client_can_be_started_again(server: DevServer) -> None:
    async def test() -> None:
        client = mqlight.aio.Client(server.url)
        for _ in range(3):
            await client.start()
            await client.send("t", "x", qos=1)
            await client.stop()

    run(test())


def test_a_client_can_live_on_another_loop_after_a_stop(server: DevServer) -> None:
    client = mqlight.aio.Client(server.url)

    async def test() -> None:
        async with client:
            await client.send("t", "x", qos=1)

    run(test())
    run(test())


def test_a_client_belongs_to_one_loop_while_it_runs(server: DevServer) -> None:
    client = mqlight.aio.Client(server.url)

    async def other() -> None:
        with pytest.raises(RuntimeError, match="another event loop"):
            await client.start()

    async def test() -> None:
        async with client:
            await asyncio.to_thread(run, other())

    run(test())


def test_a_start_waits_for_a_server_that_comes_later(server: DevServer) -> None:
    server.stop()

    async def test() -> None:
        retrying = asyncio.Event()

        def on_state_changed(_client: object, state: str, error: Exception | None) -> None:
            if state == "retrying":
                assert "refused" in str(error)
                retrying.set()

        client = mqlight.aio.Client(server.url, on_state_changed=on_state_changed)
        starting = asyncio.create_task(client.start())
        await retrying.wait()
        assert client.error is not None
        server.start()
        assert await starting is client
        assert client.error is None
        await client.stop()

    run(test())


def test_a_start_that_is_cancelled_stops_the_client() -> None:
    async def test() -> None:
        client = mqlight.aio.Client(NOWHERE)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), client:
                pytest.fail("there is no server")
        assert client.state == mqlight.STOPPED

    run(test())


def test_a_start_that_is_cancelled_leaves_one_that_others_wait_for(server: DevServer) -> None:
    async def test() -> None:
        client = mqlight.aio.Client(server.url)
        first = asyncio.create_task(client.start())
        second = asyncio.create_task(client.start())
        await asyncio.sleep(0)
        first.cancel()
        await second
        assert client.state == mqlight.STARTED
        await client.stop()

    run(test())


def test_a_start_tells_why_it_can_not_succeed() -> None:
    async def test() -> None:
        with DevServer(users={"alice": "secret"}) as server:
            client = mqlight.aio.Client(server.url)
            with pytest.raises(mqlight.SecurityError, match="does not offer ANONYMOUS"):
                await client.start()
            assert client.state == mqlight.STOPPED
            assert isinstance(client.error, mqlight.SecurityError)

    run(test())


def test_a_stop_ends_a_start_that_waits() -> None:
    async def test() -> None:
        client = mqlight.aio.Client(NOWHERE)
        starting = asyncio.create_task(client.start())
        await asyncio.sleep(0)
        await client.stop()
        with pytest.raises(mqlight.StoppedError):
            await starting

    run(test())


def test_a_client_reconnects_by_itself(server: DevServer) -> None:
    states: list[str] = []

    async def test() -> None:
        changed = asyncio.Event()

        def on_state_changed(_client: object, state: str, _error: Exception | None) -> None:
            states.append(str(state))
            changed.set()

        async with (
            mqlight.aio.Client(server.url, on_state_changed=on_state_changed) as client,
            client.subscribe("t") as messages,
        ):
            await asyncio.to_thread(server.stop)
            while client.state != mqlight.RETRYING:
                changed.clear()
                await changed.wait()
            server.start()
            await client.send("t", "after", qos=1)
            assert (await anext(messages)).data == "after"

    run(test())
    assert states == ["starting", "started", "retrying", "started", "stopping", "stopped"]


def test_a_replaced_client_says_so_to_everyone_who_waits(server: DevServer) -> None:
    async def test() -> None:
        client = mqlight.aio.Client(server.url, "same")
        await client.start()
        async with client.subscribe("t") as messages:
            waiting = asyncio.create_task(messages.__anext__())
            stopped = asyncio.create_task(client.wait_stopped())
            await asyncio.sleep(0)
            async with mqlight.aio.Client(server.url, "same"):
                with pytest.raises(mqlight.ReplacedError):
                    await waiting
                await stopped
        assert isinstance(client.error, mqlight.ReplacedError)

    run(test())


def test_a_stop_sends_what_is_accepted(server: DevServer) -> None:
    async def test() -> None:
        async with (
            mqlight.aio.Client(server.url) as receiver,
            receiver.subscribe("t", qos=1) as messages,
        ):
            sender = mqlight.aio.Client(server.url)
            await sender.start()
            sends = [asyncio.create_task(sender.send("t", n, qos=1)) for n in range(100)]
            await asyncio.sleep(0)
            await sender.stop()
            await asyncio.gather(*sends)
            assert [(await anext(messages)).data for _ in range(100)] == list(range(100))

    run(test())


def test_what_can_not_be_sent_ends_with_the_client() -> None:
    async def test() -> None:
        retrying = asyncio.Event()
        client = mqlight.aio.Client(NOWHERE, on_state_changed=when("retrying", retrying))
        starting = asyncio.create_task(client.start())
        await asyncio.sleep(0)
        sends = [asyncio.create_task(client.send("t", n, qos=n)) for n in (0, 1)]
        subscribing = asyncio.create_task(client.subscribe("t").__aenter__())
        await retrying.wait()
        await client.stop()
        outcomes = await asyncio.gather(starting, *sends, subscribing, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [mqlight.StoppedError] * 4

    run(test())


def test_calls_on_a_stopped_client_are_refused(server: DevServer) -> None:
    async def test() -> None:
        client = mqlight.aio.Client(server.url)
        for qos in (0, 1):
            with pytest.raises(mqlight.StoppedError):
                await client.send("t", "x", qos=qos)
        with pytest.raises(mqlight.StoppedError):
            async with client.subscribe("t"):
                pytest.fail("the client is stopped")
        await client.stop()
        await client.wait_stopped()

    run(test())


def test_an_attempt_is_given_up_in_the_middle() -> None:
    async def test() -> None:
        connected = asyncio.Event()

        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connected.set()
            await reader.read()
            writer.close()

        async with await asyncio.start_server(mute, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            client = mqlight.aio.Client(f"amqp://127.0.0.1:{port}")
            starting = asyncio.create_task(client.start())
            await connected.wait()
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting
            assert client.state == mqlight.STOPPED

    run(test())


def test_a_mute_server_is_given_up_after_the_connect_timeout() -> None:
    async def test() -> None:
        hung_up = asyncio.Event()

        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            hung_up.set()

        async with await asyncio.start_server(mute, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            retrying = asyncio.Event()
            client = mqlight.aio.Client(
                f"amqp://127.0.0.1:{port}",
                client_options={"connect_timeout": 50},
                on_state_changed=when("retrying", retrying),
            )
            starting = asyncio.create_task(client.start())
            await retrying.wait()
            assert "no answer within 0.05 seconds" in str(client.error)
            await client.stop()
            with pytest.raises(mqlight.StoppedError):
                await starting
            await hung_up.wait()

    run(test())


def test_an_error_of_our_own_stops_the_client_and_is_told(
    server: DevServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        client = mqlight.aio.Client(server.url)
        await client.start()

        engine = client._driver.engine
        advance = engine.advance

        def fail_once(now: float) -> bool:
            engine.advance = advance  # type: ignore[method-assign]
            raise ZeroDivisionError(now)

        sending = asyncio.create_task(client.send("t", "x", qos=1))
        engine.advance = fail_once  # type: ignore[method-assign]
        with pytest.raises(mqlight.StoppedError):
            await sending
        await client.wait_stopped()
        assert isinstance(client.error, mqlight.InternalError)

    run(test())
    assert "the engine failed" in caplog.text
