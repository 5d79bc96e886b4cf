"""The driver of `mqlight.aio.Client`: an event loop around one engine.

Everything happens on the loop; only what blocks before a connection (service functions, look-ups,
certificate files) has a thread of its own.  The application's coroutines wait for futures that the
engine's callbacks complete.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import random
import threading
import weakref
from typing import TYPE_CHECKING

from mqlight._amqp._binding import Buffer
from mqlight._drivers import forking
from mqlight._drivers.background import Background
from mqlight._drivers.control import Control, Invoke
from mqlight._drivers.engine import Engine
from mqlight._drivers.lookups import Lookups
from mqlight._drivers.loop_stream import connect
from mqlight._drivers.passwords import Passwords
from mqlight._drivers.replacement import Claim
from mqlight._log.client_log import ClientLog, first_failure
from mqlight._machine.backlog import Backlog
from mqlight._machine.states import State
from mqlight_core.errors import InternalError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from mqlight._amqp.connection import AmqpConnection
    from mqlight._amqp.links import Receiver
    from mqlight._drivers.loop_stream import LoopStream
    from mqlight._drivers.network import Address
    from mqlight._drivers.settings import ClientSettings
    from mqlight._machine.outbox import Send
    from mqlight._machine.prefetch import Prefetched
    from mqlight._machine.subscriptions import Subscription
    from mqlight_core.errors import MQLightError
    from mqlight_core.service import Service

    Callback = Callable[..., object]

_READ_SIZE = 256 * 1024
_WRITE_SIZE = 128 * 1024


class LoopDriver:
    """Runs one client; all methods are for the loop's thread, except `wake`."""

    callbacks_pending = False
    """Callbacks are made within the turn in which they become due."""

    def __init__(
        self,
        client: object,
        settings: ClientSettings,
        *,
        on_state_changed: Callback,
        on_drain: Callback,
    ) -> None:
        self._client = client
        self._settings = settings
        self._log = ClientLog("mqlight.driver", settings.client_id)
        self.backlog: Backlog = Backlog(settings.max_queued_bytes)
        self.control: Control = Control(self.wake)
        self._claim = Claim(self.control, settings, self._is_alive)
        self.engine: Engine = Engine(
            self.control,
            self.backlog,
            self,
            settings,
            on_state_changed=on_state_changed,
            on_drain=on_drain,
        )
        self._passwords = Passwords(settings)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._turning = False
        self._next: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._background: Background | None = None
        self._attempt = 0
        self._connecting: asyncio.Task[None] | None = None
        self._stream: LoopStream | None = None
        self._leaving: set[asyncio.Future[None]] = set()
        """Streams that are closed and attempts that are given up, until the loop is done."""
        self._read = Buffer(_READ_SIZE)
        self._write = Buffer(_WRITE_SIZE)
        self._withdrawn: list[Send] = []
        forking.watch(self)

    def start(self, on_started: Callback | None) -> None:
        """Ask to start, on the loop that runs.

        Raises:
            RuntimeError: the client runs on another loop.
        """
        self.control.check_not_inherited()
        self.check_loop()
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        if self._background is None:
            self._context = contextvars.copy_context()
            self._background = Background(f"mqlight-{self._settings.client_id}-lookups")
            # For a client that is left behind with its loop.
            self._end_background = weakref.finalize(self, self._background.close)
            self._end_background.atexit = False
            self._lookups = Lookups(
                self._settings, self.control, self._background, self._attempt_failed
            )
        resolver = self._background

        def begin(waits: Sequence[Callable[[], object]]) -> None:
            for wait in waits:
                resolver.put(wait)
            self.control.start(on_started)

        self._claim.take(begin)

    def disown(self) -> None:
        """This is a child of `fork`: the loop is not for it, nor is the stream."""
        self.control.disown()
        self._loop = None
        if self._background is not None:
            self._end_background.detach()  # the thread is the parent's
            self._background = None
        if self._stream is not None:
            self._stream.disown()

    def wake(self) -> None:
        """Have a turn soon; from any thread."""
        if self._loop is None:
            return
        if threading.get_ident() == self._thread:
            self._turn_soon()
        else:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and the client with it
                self._loop.call_soon_threadsafe(self._turn, context=self._context)

    def _turn_soon(self) -> None:
        loop = self._loop
        if self._next is None and not self._turning and loop is not None and not loop.is_closed():
            self._next = loop.call_soon(self._turn, context=self._context)

    def _is_alive(self) -> bool:
        """There is a loop to live on; none once it is closed, and the client was not stopped."""
        return self._loop is not None and not self._loop.is_closed()

    def check_loop(self) -> None:
        """Raise RuntimeError when the client runs on another loop than this coroutine."""
        if self._background is None or self._loop is asyncio.get_running_loop():
            return
        state = "another event loop" if self._is_alive() else "an event loop that is closed"
        message = f"the client has been started on {state}, and was not stopped there"
        raise RuntimeError(message)

    def transfer_at_once(self, send: Send) -> bool:
        """Transfer a message of quality of service 0 where nothing stands in its way."""
        if self._stream is None or self._stream.full:
            return False
        if not self.engine.traffic.transfer_at_once(send):
            return False
        self.backlog.accepted += 1
        self.backlog.accepted_bytes += len(send[1])
        self._turn_soon()
        return True

    def accept(self, send: Send) -> None:
        """Queue a message."""
        self.backlog.accepted += 1
        self.backlog.accepted_bytes += len(send[1])
        self.control.inbox.append(send)
        if self.backlog.messages == 1:
            self._turn()  # nothing is under way: a turn later would only be a turn lost
        else:
            self._turn_soon()

    def take(self, subscription: Subscription, message: Prefetched[Receiver]) -> None:
        """The application is done with a message that had waited for it."""
        self.engine.traffic.take(subscription, message)
        self._turn_soon()

    def withdraw(self, send: Send) -> None:
        """Take a message back that nobody waits for any more, if it is not transferred."""
        self._withdrawn.append(send)
        self._turn_soon()

    async def closed(self) -> None:
        """Wait until the loop has let go of every stream."""
        while self._leaving:
            await asyncio.wait(self._leaving)
            await asyncio.sleep(0)

    def _turn(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._turning:
            return
        self._turning = more = True
        try:
            more = self._go_on()
            more |= self._make_calls()
        except Exception as error:  # noqa: BLE001 - whatever it is, the client must stop
            first_failure(self._log, "the engine failed; the client stops", error)
            self.control.stop(None, InternalError(f"{type(error).__name__}: {error}"))
            self.engine.drop()
            self.control.closed()
        finally:
            # Whatever interrupts a turn, such as Ctrl-C: another one follows.
            self._turning = False
            control = self.control
            self._plan(more=more or bool(self.engine.calls or control.tasks or control.inbox))

    def _make_calls(self) -> bool:
        """Tell who waits; True if anyone did, for the engine may wait for that."""
        calls = self.engine.calls
        due = bool(calls)
        while calls:
            call = calls.pop(0)
            call.run(self._client, self._callback_failed)
            self.engine.traffic.finish((call,))
        return due

    def _go_on(self) -> bool:
        """Tasks, time, what came, what is to be written; True when there is more to do at once."""
        engine, control = self.engine, self.control
        now = self._now()
        while control.tasks:
            engine.carry_out(control.tasks.popleft(), now)
        if self._withdrawn:
            withdrawn, self._withdrawn = self._withdrawn, []
            engine.traffic.withdraw(withdrawn)
        if control.inbox:
            engine.traffic.accept(control.take_inbox())
            if control.state is State.STOPPED:
                engine.traffic.fail_all()
        more = engine.advance(now)
        while self._flush() and engine.traffic.pump():
            pass
        return more

    def _flush(self) -> bool:
        """Write what proton has; True when nothing is left to write."""
        while True:
            stream, connection = self._stream, self.engine.connection
            if stream is None or connection is None or stream.full:
                return False
            size = connection.output(self._write)
            if not size:
                self.engine.traffic.all_written()
                return True
            stream.write(bytes(self._write.view[:size]))

    def _plan(self, *, more: bool) -> None:
        """See to the next turn."""
        if self._stream is not None:
            self._stream.read_on(wanted=not more)
        if more:
            self._turn_soon()
            return
        deadline = self.engine.deadline()
        if deadline is None or self._loop is None:
            return
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return  # early is as good: that turn plans anew
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._time_has_come, context=self._context)

    def _time_has_come(self) -> None:
        self._timer = None
        self._turn()

    def _now(self) -> float:
        return self._loop.time() if self._loop is not None else 0.0

    def _callback_failed(self, name: str, error: BaseException) -> None:
        self._log.error("%s raised", name, exc_info=error)

    # What the engine asks for.

    def resolve(self, attempt: int) -> None:
        """Ask the source for the services."""
        self._lookups.services(attempt)

    def dial(self, attempt: int, service: Service) -> None:
        """Connect to a service."""

        def found(addresses: Sequence[Address], context: ssl.SSLContext | None) -> None:
            if attempt == self._attempt and self._loop is not None:
                self._connecting = self._loop.create_task(
                    self._connect(attempt, service, addresses, context), context=self._context
                )

        self._attempt = attempt
        self._lookups.addresses(attempt, service, found)

    async def _connect(
        self,
        attempt: int,
        service: Service,
        addresses: Sequence[Address],
        context: ssl.SSLContext | None,
    ) -> None:
        try:
            credentials = self._passwords.credentials(service)
            stream = await connect(
                service,
                addresses,
                context,
                self,
                self._log,
                handshake_timeout=self._settings.connect_timeout,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the attempt has failed
            problem = error
            self._connecting = None
            self.control.post(Invoke(lambda: self._attempt_failed(attempt, problem)))
            return
        self._connecting = None
        self._stream = stream
        if self.engine.stream_open(attempt, credentials):
            stream.open()
            self._turn()
        else:
            self.hang_up()

    def _attempt_failed(self, attempt: int, error: Exception) -> None:
        self.engine.attempt_failed(attempt, error, self._now())

    def hang_up(self) -> None:
        """Close the stream, or give up dialling."""
        self._attempt = 0
        if self._connecting is not None:
            self._connecting.cancel()
            self._leave(self._connecting)
            self._connecting = None
        if self._stream is not None:
            self._leave(self._stream.closed)
            self._stream.close()
            self._stream = None

    def _leave(self, what: asyncio.Future[None]) -> None:
        self._leaving.add(what)
        what.add_done_callback(self._leaving.discard)

    def last_words(self, connection: AmqpConnection) -> None:
        """Write what fits at once before the stream is closed."""
        if self._stream is not None and not self._stream.full:
            size = connection.output(self._write)
            self._stream.write(bytes(self._write.view[:size]))

    def tell_started(self, callback: Callback) -> None:
        """Tell a coroutine that waits."""
        callback(self._client)

    def stopped(self) -> None:
        """Everything about the stop has been told."""
        if self.control.told_stopped() and self._background is not None:
            self._claim.give_up()
            self._end_background()
            self._background = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def random(self) -> float:
        """Return a number from 0 to 1."""
        return random.random()  # noqa: S311 - spreads reconnections, nothing secret

    # What the stream tells.

    def buffer(self) -> memoryview:
        """Return where to put what comes."""
        return self._read.view

    def received(self, stream: LoopStream, size: int) -> None:
        """Bytes are in the buffer."""
        if stream is self._stream:
            self.engine.receive(self._read, size)
            self._turn()

    def writable(self) -> None:
        """The peer takes more again."""
        self._turn_soon()

    def lost(self, stream: LoopStream, error: MQLightError) -> None:
        """The stream has ended."""
        if stream is self._stream:
            self._stream = None
            self.engine.stream_broken(error, self._now())
            self._turn()
