"""The programs of a run, with coroutines: `mqlight.aio.Client`."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import mqlight
import mqlight.aio

from .life import CLIENT_OPTIONS, DESTINATION_TTL, PATIENCE, PATTERN, Life

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .record import Reader, Record

_AT_A_TIME = 500
"""Sends that are awaited at the same time."""


class _OnALoop:
    """Coroutines on an event loop in a thread of its own, until `stop`."""

    def __init__(self, name: str, record: Record, lost: Callable[[], None]) -> None:
        self._name = name
        self._record = record
        self._life = Life(name, record, lost)
        self._loop = asyncio.new_event_loop()
        self._asked_to_stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _begin(self, url: str) -> None:
        self._client = mqlight.aio.Client(
            url,
            f"endurance/{self._name}",
            client_options=CLIENT_OPTIONS,
            on_state_changed=self._life.on_state_changed,
        )
        self._thread.start()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._live())
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has failed
            self._record.surprise(f"{self._name} failed: {error!r}")

    async def _live(self) -> None:
        async with self._client:
            working = asyncio.create_task(self._work())
            stopping = asyncio.create_task(self._asked_to_stop.wait())
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working  # raises what it has failed with
                await stopping
            working.cancel()
            stopping.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    def _work(self) -> Coroutine[None, None, None]:
        raise NotImplementedError

    def stop(self) -> None:
        """Stop its client and wait until that is done."""
        self._life.stopping = True
        with suppress(RuntimeError):  # the loop has ended by a failure
            self._loop.call_soon_threadsafe(self._asked_to_stop.set)
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            self._record.surprise(f"{self._name} does not stop")


class AsyncioSender(_OnALoop):
    """Sends every message at quality of service 1, a number of them at a time."""

    def __init__(self, url: str, record: Record) -> None:
        super().__init__("sender", record, record.lose_sender)
        self._begin(url)

    async def _work(self) -> None:
        room = asyncio.Semaphore(_AT_A_TIME)
        async with asyncio.TaskGroup() as sends:
            for _ in range(self._record.total):
                await room.acquire()
                sends.create_task(self._send(room))

    async def _send(self, room: asyncio.Semaphore) -> None:
        number = self._record.accept()
        error: Exception | None = None
        try:
            await self._client.send(self._record.topic(number), number, qos=1)
        except mqlight.MQLightError as problem:
            error = problem
        self._record.tell(number, error)
        room.release()


class AsyncioReader(_OnALoop):
    """Subscribes at quality of service 1 to a destination that outlives its disconnections."""

    def __init__(self, url: str, record: Record, reader: Reader, *, manual: bool = False) -> None:
        super().__init__(reader.name, record, self._on_loss)
        self._reader = reader
        self._manual = manual
        self._subscribed = threading.Event()
        self._begin(url)
        if not self._subscribed.wait(PATIENCE):
            record.surprise(f"{reader.name} is not subscribed")

    def _on_loss(self) -> None:
        self._reader.losses += 1

    async def _work(self) -> None:
        subscription = self._client.subscribe(
            PATTERN,
            qos=1,
            ttl=DESTINATION_TTL,
            credit=self._reader.credit,
            auto_confirm=not self._manual,
        )
        async with subscription as messages:
            self._subscribed.set()
            async for message in messages:
                self._record.receive(self._reader, message.topic, message.data)
                if self._manual:
                    # If the connection has been lost meanwhile, the message comes again.
                    with suppress(mqlight.NetworkError):
                        await message.confirm()
