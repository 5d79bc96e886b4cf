"""`mqlight.aio.Client`: validate, hand over, await."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, cast, final

from mqlight._drivers.loop import LoopDriver
from mqlight._encoding import SendPlans
from mqlight._machine.states import State
from mqlight._settings import check_settings
from mqlight.aio._room import Room
from mqlight.aio._subscription import Subscription
from mqlight_core.callbacks import check_callback
from mqlight_core.errors import MQLightError, StoppedError
from mqlight_core.topics import Destination, check_pattern, check_share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from mqlight import typing as t

_UNFLUSHED = 64 * 1024
"""Bytes that coroutines may transfer before the loop has its turn to write and to read."""


@final
class Client:
    """A client of an MQ Light service, for coroutines of one event loop.

    It connects with `async with`, or `await client.start()`, and reconnects by itself until it is
    stopped.  Not thread-safe, as everything in asyncio.

    Args:
        service: as `mqlight.Client` takes it.
        client_id: 1 to 256 characters of `A-Z a-z 0-9 % / . _`; None for a random one.
        security_options: as `mqlight.Client` takes them.
        client_options: as `mqlight.Client` takes them; times in ms.
        on_state_changed: `on_state_changed(client, state, error)`, a plain function that is called
            on the loop for each change of state.

    Raises:
        TypeError: an argument is of a wrong type.
        InvalidArgumentError: an argument is invalid.
        RangeError: a client option is out of range.
    """

    def __init__(
        self,
        service: t.Service,
        client_id: str | None = None,
        *,
        security_options: t.SecurityOptionsArgument = None,
        client_options: t.ClientOptionsArgument = None,
        on_state_changed: Callable[[Client, State, Exception | None], object] | None = None,
    ) -> None:
        settings = check_settings(service, client_id, security_options, client_options)
        check_callback("on_state_changed", on_state_changed, 3)
        self._id = settings.client_id
        self._on_state_changed = on_state_changed
        self._plans = SendPlans(set())
        self._driver = LoopDriver(
            self, settings, on_state_changed=self._state_changed, on_drain=self._drained
        )
        self._control = self._driver.control
        self._backlog = self._driver.backlog
        self._error: Exception | None = None
        self._room = Room(self._backlog)
        self._unflushed = 0
        self._starting: set[asyncio.Future[None]] = set()
        self._stopping: set[asyncio.Future[None]] = set()
        self._held = False
        """A start has returned since the last stop: the client is in use."""
        self._subscriptions: set[Callable[[Exception | None], None]] = set()
        """What ends each subscription that has begun."""

    @property
    def client_id(self) -> str:
        """The client id."""
        return self._id

    @property
    def service(self) -> str | None:
        """The service that is connected, as `amqp://host:port`; None when none is."""
        service = self._control.service
        return None if service is None else service.address

    @property
    def state(self) -> State:
        """The state of the client; `stopped` before the first start."""
        return self._control.state

    @property
    def error(self) -> Exception | None:
        """Why the client is retrying or has stopped; None when all is well."""
        return self._error

    async def start(self) -> Self:
        """Connect; return once the client is started, however long that takes.

        Services that do not answer are tried again, as after a loss: bound the wait with
        `asyncio.timeout`.  The first start that is cancelled stops the client again, unless another
        coroutine waits for the start too.  While the client is stopping a start waits for the end
        of that.

        Raises:
            SecurityError: the server does not accept us, or we do not accept its certificate.
            ReplacedError: another client with this id took over.
            StoppedError: the client was stopped meanwhile.
            MQLightError: another reason for which trying again can not help.
        """
        while self.state is State.STOPPING:
            await self.wait_stopped()
        started = asyncio.get_running_loop().create_future()
        self._starting.add(started)
        try:
            self._driver.start(lambda _: _finish(started, None))
            await started
        except asyncio.CancelledError:
            self._starting.discard(started)
            if not self._starting and not self._held:
                await self.stop()
            raise
        except MQLightError:
            await self._driver.closed()
            raise
        finally:
            self._starting.discard(started)
        self._held = True
        return self

    async def stop(self) -> None:
        """Disconnect: what is accepted is sent and settled first, at most for `stop_timeout`.

        Subscriptions end.  A stop that is cancelled goes on by itself.

        Raises:
            RuntimeError: the client runs on another event loop, or was left behind on one.
        """
        self._driver.check_loop()
        if self.state is not State.STOPPED:
            stopped = asyncio.get_running_loop().create_future()
            self._control.stop(lambda *_: _finish(stopped, None))
            await stopped
        await self._driver.closed()

    async def wait_stopped(self) -> None:
        """Wait until the client has stopped, for whatever reason; `error` says for which."""
        while self.state is not State.STOPPED:
            stopped = asyncio.get_running_loop().create_future()
            self._stopping.add(stopped)
            try:
                await stopped
            finally:
                self._stopping.discard(stopped)
        await self._driver.closed()

    async def send(  # noqa: PLR0913 - the documented options
        self,
        topic: str,
        data: Any,  # noqa: ANN401 - anything that JSON can hold
        *,
        qos: int = 0,
        ttl: int | None = None,
        properties: Mapping[str, t.Property] | None = None,
        persistent: bool = False,
    ) -> None:
        """Send a message; return when it is sent.

        At quality of service 0 that is when it is on its way, at 1 when the server has accepted it,
        across reconnections.  A send that is cancelled is taken back if it has not been transferred
        yet; otherwise the server may have it.

        Args:
            topic: where to; not empty.
            data: str is sent as text, bytes, bytearray and memoryview as binary, everything else as
                JSON.
            qos: 0 (at most once) or 1 (at least once).
            ttl: in ms, 1 to 2592000000; None for no limit.
            properties: str to str, bool, int, float, bytes or None.
            persistent: ask the server to keep the message across its restarts.

        Raises:
            TypeError: an argument is of a wrong type.
            RangeError: an option is out of range.
            InvalidArgumentError: the topic is invalid.
            StoppedError: the client is stopping or stopped, or stopped before the message was sent.
            NotPermittedError: the server does not take the message.
            MQLightError: it refused the message for another reason, or the message alone is larger
                than `max_queued_bytes`.
        """
        plan = self._plans.of(qos=qos, ttl=ttl, properties=properties, persistent=persistent)
        encoded = plan.encode(topic, data)
        control = self._control
        if control.muted:
            control.check_not_stopped()
        size = len(encoded)
        if not self._room.has(size):
            await self._room.wait(size)
            if control.muted:
                control.check_not_stopped()
        if not plan.qos and self._driver.transfer_at_once((topic, encoded, 0, None, None, None)):
            self._unflushed += size
            if self._unflushed > _UNFLUSHED:
                self._unflushed = 0
                await asyncio.sleep(0)
            return
        sent = asyncio.get_running_loop().create_future()
        send = (topic, encoded, plan.qos, _sent, sent, None)
        self._driver.accept(send)
        try:
            await sent
        finally:
            if sent.cancelled() or not sent.done():
                self._driver.withdraw(send)  # nobody waits any more

    def subscribe(  # noqa: PLR0913 - the documented options
        self,
        topic_pattern: str,
        share: str | None = None,
        *,
        qos: int = 0,
        ttl: int = 0,
        credit: int = 1024,
        auto_confirm: bool = True,
    ) -> Subscription:
        """Return a subscription, which begins with `async with` and ends with its block.

        >>> async with client.subscribe("news/#", qos=1) as messages:
        ...     async for message in messages:
        ...         print(message.topic, message.data)

        Args:
            topic_pattern: not empty; `+` stands for one level, `#` for any number.
            share: clients that name the same share share its messages; None for all of them.
            qos: 0 (at most once) or 1 (at least once).
            ttl: in ms, that the destination outlives its last subscriber.
            credit: messages that may be under way, waiting here or unconfirmed at a time.
            auto_confirm: at quality of service 1 a message is confirmed when the next one is asked
                for, or when the block ends without an exception; False: with
                `await message.confirm()`.

        Raises:
            TypeError: an argument is of a wrong type.
            RangeError: an option is out of range.
            InvalidArgumentError: the pattern or the share is invalid.
        """
        from mqlight._arguments import SubscribeOptions  # noqa: PLC0415 - loads pydantic

        destination = Destination(check_pattern(topic_pattern), check_share(share))
        options = SubscribeOptions(qos=qos, ttl=ttl, credit=credit, auto_confirm=auto_confirm)
        return Subscription(self._driver, self._subscriptions, destination, options)

    async def __aenter__(self) -> Self:
        """Start the client; see `start` for what is raised."""
        try:
            return await self.start()
        except asyncio.CancelledError:
            await self.stop()  # also when it has become started at the same moment
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the client."""
        await self.stop()

    def __repr__(self) -> str:
        """Show the id and the state, also where the constructor has raised: debuggers ask."""
        if not hasattr(self, "_control"):
            return "<mqlight.aio.Client>"
        return f"<mqlight.aio.Client {self._id!r} {self.state}>"

    def _state_changed(self, _client: object, state: State, error: Exception | None) -> None:
        self._error = error
        if state in (State.STOPPING, State.STOPPED):
            for end in tuple(self._subscriptions):
                end(error)
        if state is State.STOPPED:
            self._over(error)
        if self._on_state_changed is not None:
            self._on_state_changed(self, state, error)

    def _over(self, error: Exception | None) -> None:
        """The client has stopped: nobody waits any longer."""
        for started in tuple(self._starting):
            _finish(started, error or StoppedError("the client was stopped before it was started"))
        for waiting in self._stopping:
            _finish(waiting, None)
        self._room.close(StoppedError("not started: the client is stopped"))
        self._held = False

    def _drained(self, _client: object) -> None:
        self._room.give()


def _sent(
    _client: object, error: Exception | None, _topic: str, sent: object, _options: object
) -> None:
    _finish(cast("asyncio.Future[None]", sent), error)


def _finish(future: asyncio.Future[None], error: Exception | None) -> None:
    """Let a coroutine go on, if it still waits."""
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
