"""`client.subscribe(...)` for coroutines: a block that gives messages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self, final

from mqlight._drivers.pulled import Pulled
from mqlight._received import received
from mqlight.aio._delivery import Delivery
from mqlight_core.errors import MQLightError, StoppedError, UnsubscribedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from mqlight._arguments import SubscribeOptions
    from mqlight._drivers.loop import LoopDriver
    from mqlight_core.topics import Destination


_IN_A_ROW = 128
"""Messages that are given without a turn of the loop, when so many wait."""


@final
class Subscription:
    """Messages of one topic pattern, while its block lasts; made by `Client.subscribe`.

    `async for` gives them one by one until the client stops: it ends after a stop that was asked
    for, and raises the reason of any other.  Reconnections do not end it.
    """

    def __init__(
        self,
        driver: LoopDriver,
        ends: set[Callable[[Exception | None], None]],
        destination: Destination,
        options: SubscribeOptions,
    ) -> None:
        self._ends = ends
        """What the client calls, with its reason, when it stops."""
        self._destination = destination
        self._pulled = Pulled(
            driver.control,
            destination,
            qos=options.qos,
            ttl=options.ttl_seconds,
            credit=options.credit,
            auto_confirm=options.auto_confirm,
            finish=driver.take,
            wake=self._wake,
        )
        self._waiting: set[asyncio.Future[None]] = set()
        self._used = False
        self._given = 0
        self._closed = False
        self._over = False
        self._error: Exception | None = None

    @property
    def topic_pattern(self) -> str:
        """The topic pattern."""
        return self._destination.pattern

    @property
    def share(self) -> str | None:
        """The share."""
        return self._destination.share

    async def __aenter__(self) -> Self:
        """Subscribe; return once the server has accepted that.

        Raises:
            SubscribedError: the client has this subscription.
            StoppedError: the client is stopping or stopped, or stopped meanwhile.
            MQLightError: the server refused.
            RuntimeError: the subscription has been entered before.
        """
        if self._used:
            message = "a subscription can be entered once; call client.subscribe() again"
            raise RuntimeError(message)
        subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def on_subscribed(
            _client: object, error: Exception | None, _pattern: str, _share: str | None
        ) -> None:
            if subscribed.done():
                return
            if error is None:
                subscribed.set_result(None)
            else:
                subscribed.set_exception(error)

        self._pulled.subscribe(on_subscribed)
        self._used = True
        self._ends.add(self._end)
        try:
            await subscribed
        except asyncio.CancelledError:
            self._leave(None, delete=False)
            raise
        except MQLightError:
            self._end(None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Unsubscribe; a destination with a ttl lives on for it."""
        if error is None:
            self._pulled.finish_last()
        await self.unsubscribe()

    def close(self) -> None:
        """Give no more messages: `async for` ends, in every task.

        What has been given can still be confirmed, until the block ends.  This is how to let
        workers finish what they are at, for instance from a signal handler of the loop.
        """
        self._closed = True
        self._wake()

    async def unsubscribe(self, *, delete: bool = False) -> None:
        """End the subscription before its block does.

        Args:
            delete: drop the destination at once, whatever its ttl.
        """
        unsubscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._leave(unsubscribed, delete=delete):
            await unsubscribed

    def _leave(self, told: asyncio.Future[None] | None, *, delete: bool) -> bool:
        """Begin to unsubscribe; False when there is nothing to end any more."""

        def on_unsubscribed(*_: object) -> None:
            if told is not None and not told.done():
                told.set_result(None)

        if self._over:
            return False
        self._end(None)
        try:
            self._pulled.unsubscribe(delete=delete, on_unsubscribed=on_unsubscribed)
        except (StoppedError, UnsubscribedError):
            return False
        return True

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> Delivery:
        """Return the next message, once there is one.

        Cancelling loses nothing: the message stays for the next call.

        Raises:
            StopAsyncIteration: the subscription or the client has been closed or ended as asked.
            MQLightError: the client has stopped for another reason.
            RuntimeError: the subscription has not been entered; or another task waits for the next
                message, while messages are confirmed by asking for the next one.
        """
        if not self._used:
            problem = "the subscription has not begun: async with client.subscribe(...) as messages"
            raise RuntimeError(problem)
        if self._pulled.one_by_one and not all(one.cancelled() for one in self._waiting):
            problem = "another task waits for the next message: with auto_confirm=False several may"
            raise RuntimeError(problem)
        self._pulled.finish_last()
        self._given += 1
        if self._given % _IN_A_ROW == 0:
            await asyncio.sleep(0)
        while True:
            if self._over:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            if self._closed:
                raise StopAsyncIteration
            taken = self._pulled.take()
            if taken is not None:
                message, confirm = taken
                return received(Delivery, message, confirm)
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(waiting)
            try:
                await waiting
            finally:
                self._waiting.discard(waiting)

    def _end(self, error: Exception | None) -> None:
        """Nothing comes any more."""
        self._ends.discard(self._end)
        if not self._over:
            self._over = True
            self._error = error
        self._wake()

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
