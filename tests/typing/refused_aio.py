"""Calls of `mqlight.aio` that a type checker must refuse; see refused.py."""

from __future__ import annotations

import mqlight.aio

URL = "amqp://localhost"


async def constructors() -> None:
    mqlight.aio.Client()  # type: ignore[call-arg]
    mqlight.aio.Client(5)  # type: ignore[arg-type]
    mqlight.aio.Client(URL, "client_1", {})  # type: ignore[call-arg]
    mqlight.aio.Client(URL, security_options={"pasword": "x"})  # type: ignore[arg-type]
    mqlight.aio.Client(URL, on_state_changed=lambda state: None)  # type: ignore[misc, arg-type]
    mqlight.aio.Client(URL, on_started=print)  # type: ignore[call-arg]
    with mqlight.aio.Client(URL):  # type: ignore[attr-defined]
        pass


async def calls(client: mqlight.aio.Client) -> None:
    await client.send("news", "text", {"qos": 1})  # type: ignore[arg-type, call-arg]
    await client.send("news", "text", qos="1")  # type: ignore[arg-type]
    await client.send("news", "text", timeout=1)  # type: ignore[call-arg]
    await client.subscribe("news")  # type: ignore[misc]
    async with client.subscribe("news", credit="many"):  # type: ignore[arg-type]
        pass
    async with client.subscribe("news") as messages:
        for _ in messages:  # type: ignore[attr-defined]
            pass
        async for message in messages:
            print(message.topik)  # type: ignore[attr-defined]
