"""A message there and back, by both kinds of driver, or why there was none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aio_runner import run

import mqlight

if TYPE_CHECKING:
    from collections.abc import Callable


def _nothing() -> None:
    pass


def converse(
    program: Callable[..., Any], url: str, options: Any, between: Callable[[], None] = _nothing
) -> BaseException | None:
    """Let a client with callbacks start, receive what it sends, and stop.

    Returns:
        None, or the error that stopped the client before it had started.
    """
    one = program(url, security_options=options)
    one.wait_for(lambda: {"started", "stopped"} & set(one.states))
    if "started" not in one.states:
        assert one.states == ["starting", "stopped"]
        return one.wait_state("stopped")  # type: ignore[no-any-return]
    one.subscribe("t", qos=1)
    between()
    one.deliver("t", "over TLS")
    one.wait_named("on_message")
    one.stop()
    assert one.states == ["starting", "started", "stopping", "stopped"]
    return None


def converse_on_a_loop(
    url: str, options: Any, between: Callable[[], None] = _nothing
) -> BaseException | None:
    """The same by a client of asyncio."""
    errors = []

    async def test() -> None:
        client = mqlight.aio.Client(url, security_options=options)
        try:
            await client.start()
        except mqlight.MQLightError as error:
            assert client.state == "stopped"
            errors.append(error)
            return
        async with client, client.subscribe("t", qos=1) as messages:
            await asyncio.to_thread(between)
            await client.send("t", "over TLS", qos=1)
            assert (await anext(messages)).data == "over TLS"

    run(test())
    return errors[0] if errors else None
