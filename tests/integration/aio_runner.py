"""Runs the coroutine of a test, and looks at what it has left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

PATIENCE = 20.0
"""Seconds after which a test gives up."""


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a test to its end, within `PATIENCE`; no task, open transport or thread of the
    client's may be left."""
    before = set(threading.enumerate())

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await coroutine
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks left: {left}"

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(bounded())
        gc.collect()
    for thread in set(threading.enumerate()) - before:
        if thread.name.endswith("-lookups"):
            thread.join(PATIENCE)
            assert not thread.is_alive(), f"thread left: {thread}"
