"""Calls of `mqlight.aio` that a type checker must accept; nothing runs this file."""

from __future__ import annotations

from typing import Any, assert_type

import mqlight.aio


def on_state_changed(client: mqlight.aio.Client, state: str, err: Exception | None) -> None:
    print(client.client_id, state, err)


async def session() -> None:
    async with mqlight.aio.Client(
        ["amqp://one", "amqp://two"],
        "client_1",
        security_options={"user": "me", "password": "secret"},
        client_options=mqlight.ClientOptions(connect_timeout=1000),
        on_state_changed=on_state_changed,
    ) as client:
        assert_type(client, mqlight.aio.Client)
        assert_type(client.state, mqlight.State)
        assert_type(client.service, str | None)
        assert_type(client.error, Exception | None)
        await client.send("news", {"any": "json"})
        await client.send("news", b"binary", qos=1, ttl=1000, properties={"a": 1}, persistent=True)
        async with client.subscribe("news/#", "share", qos=1, auto_confirm=False) as messages:
            assert_type(messages.share, str | None)
            async for message in messages:
                await handle(message)
            await messages.unsubscribe(delete=True)
        await client.stop()
        await client.wait_stopped()


async def handle(message: mqlight.aio.Delivery) -> None:
    assert_type(message.data, Any)
    assert_type(message.topic, str)
    assert_type(message.ttl, int | None)
    print(message.properties.get("a"), message.malformed and message.malformed["condition"])
    await message.confirm()
