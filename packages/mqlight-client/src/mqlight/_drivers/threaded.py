"""The driver of `mqlight.Client`: threads, a selector and a socket around one engine.

Four daemon threads, made with the client because Python starts none once the main thread has
ended: two that turn the engine and make callbacks (`Handover`), one for `on_started`, in which
programs may stay, and one for what blocks (service functions, name look-ups, certificate files).
"""

from __future__ import annotations

import random
import selectors
import socket
import threading
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING

from mqlight._amqp._binding import Buffer
from mqlight._drivers import forking
from mqlight._drivers.background import Background
from mqlight._drivers.control import Control
from mqlight._drivers.dialling import Dialling
from mqlight._drivers.engine import Engine
from mqlight._drivers.handover import Handover
from mqlight._drivers.keeper import keeper
from mqlight._drivers.lookups import Lookups
from mqlight._drivers.network import hung_up
from mqlight._drivers.outgoing import Outgoing
from mqlight._drivers.replacement import Claim
from mqlight._drivers.wakeup import Wakeup
from mqlight._drivers.watchdog import INTERVAL, Watchdog
from mqlight._log.client_log import ClientLog, first_failure
from mqlight._machine.backlog import Backlog
from mqlight._machine.states import State
from mqlight_core.errors import InternalError, MQLightError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqlight._amqp.connection import AmqpConnection
    from mqlight._drivers.calls import Call
    from mqlight._drivers.network import Stream
    from mqlight._drivers.settings import ClientSettings
    from mqlight._machine.outbox import Send
    from mqlight_core.service import Service

    Callback = Callable[..., object]

_READ_SIZE = 256 * 1024


class ThreadedDriver:
    """Runs one client.

    `send` and the methods of `control` are for the application's threads; everything else belongs
    to the driver's own.
    """

    def __init__(
        self,
        client: object,
        settings: ClientSettings,
        *,
        on_state_changed: Callback | None,
        on_drain: Callback | None,
        holds_process: bool = True,
    ) -> None:
        """`holds_process`: the process does not end while the client is not stopped."""
        self._holds_process = holds_process
        self._client_while_held: object = None
        """Keeps the client while it is not stopped; afterwards it may be collected."""
        self._client = weakref.ref(client)
        self._settings = settings
        self._log = ClientLog("mqlight.driver", settings.client_id)
        self.backlog = Backlog(settings.max_queued_bytes)
        self.wakeup = Wakeup()
        self.control = Control(self.wakeup.wake)
        self._claim = Claim(self.control, settings)
        self.closed = False
        self._life_lock = threading.Lock()
        """Makes holding the process, and letting go of it, one step with the change of state."""
        self._lives = 0
        """How many stops have been told; a start after one belongs to the next life."""
        self._stopped = threading.Event()
        self._finished: deque[Sequence[Call]] = deque()
        """Batches whose callbacks the standby thread made."""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.wakeup, selectors.EVENT_READ)
        self._stream: Stream | None = None
        self._read = Buffer(_READ_SIZE)
        self._outgoing = Outgoing()
        self._readable = False
        self.engine = Engine(
            self.control,
            self.backlog,
            self,
            settings,
            on_state_changed=on_state_changed,
            on_drain=on_drain,
        )
        name = f"mqlight-{settings.client_id}"
        self._watchdog = Watchdog(self._log)
        self._starters = Background(f"{name}-on_started")
        self._resolver = Background(f"{name}-resolver")
        self._lookups = Lookups(settings, self.control, self._resolver, self._attempt_failed)
        self._dialling = Dialling(settings, self._lookups, self._selector, self._attempt_failed)
        forking.watch(self)
        self._handover = Handover(self)
        self._handover.start(name)

    def start(self, on_started: Callback | None) -> None:
        """Ask to start; from any thread."""
        self.control.check_not_inherited()

        def begin(waits: Sequence[Callable[[], object]]) -> None:
            for wait in waits:
                self._resolver.put(wait)
            self.control.start(on_started)

        with self._life_lock:
            self._hold()
            self._claim.take(begin)

    def accept(self, send: Send) -> None:
        """Queue a message; from any thread."""
        self.backlog.accepted += 1
        self.backlog.accepted_bytes += len(send[1])
        self.control.inbox.append(send)
        self.wakeup.wake()

    def stop(self, on_stopped: Callback | None) -> None:
        """Ask to stop; from any thread."""
        self.control.check_not_inherited()
        with self._life_lock:
            # Also of a stopped client: `on_stopped` is still to be called.
            self._hold()
            self.control.stop(on_stopped)

    @property
    def stop_timeout(self) -> float:
        """Seconds that a stop may take, callbacks aside."""
        return self._settings.stop_timeout

    def _hold(self) -> None:
        """Keep the process and the client until `stopped`."""
        self._client_while_held = self._client()
        if self._holds_process:
            keeper.hold(self)
        self._stopped.clear()

    def wait_stopped(self, timeout: float | None) -> bool:
        """Wait until the client has stopped and said so; from any thread but a callback's."""
        if self._handover.in_callback():
            return self._stopped.is_set()
        return self._stopped.wait(timeout)

    def close(self) -> None:
        """End the threads: the client is stopped, and nobody has it any more."""
        if self.closed:
            return
        self.closed = True
        self._resolver.close()
        self._starters.close()
        self._handover.dismiss()
        self.wakeup.wake()

    def disown(self) -> None:
        """This is a child of `fork`: none of our threads is here but, perhaps, the calling one."""
        self.closed = True
        self._life_lock = threading.Lock()  # another thread may have held it
        self._client_while_held = None
        self.control.disown()
        self._handover.disown()
        watched = [key.fileobj for key in self._selector.get_map().values()]
        # First of all: what is taken out of this selector would be taken out of the parent's too.
        self._selector.close()
        self.wakeup.close()
        for one in watched:
            if isinstance(one, socket.socket):
                one.close()
        self._resolver.close()
        self._starters.close()
        self._stopped = threading.Event()
        self._stopped.set()

    def dispose(self) -> None:
        """Give the descriptors back; on the engine's owner, at the end."""
        if self.control.inherited:
            return
        forking.forget(self)
        self.hang_up()
        self._selector.close()
        self.wakeup.close()

    def turn(self) -> list[Call]:
        """One round: tasks, time, what to read, what to write, and a wait if that was nothing."""
        try:
            self._turn()
        except Exception as error:  # noqa: BLE001 - whatever it is, the client must stop
            first_failure(self._log, "the engine failed; the client stops", error)
            self._give_up(error)
        calls = self.engine.calls[:]
        self.engine.calls.clear()
        return calls

    def _turn(self) -> None:
        now = time.monotonic()
        if self._handover.busy:  # with callbacks that the other thread makes
            self._watchdog.look(now)
        self._do_tasks(now)
        if self._readable:
            self._readable = False
            self._do_read(now)
        more = self.engine.advance(now)
        self._transfer(now)
        if self.engine.calls or self.control.tasks:
            return
        self._wait(0.0 if more else None)

    def _do_tasks(self, now: float) -> None:
        while self._finished:
            self.engine.traffic.finish(self._finished.popleft())
        tasks = self.control.tasks
        while tasks:
            self.engine.carry_out(tasks.popleft(), now)
        if self.control.inbox:
            self.engine.traffic.accept(self.control.take_inbox())
            if self.control.state is State.STOPPED:
                # Accepted by a thread that had looked at the state just before the stop.
                self.engine.traffic.fail_all()

    def _do_read(self, now: float) -> None:
        stream, connection = self._stream, self.engine.connection
        if stream is None or connection is None:
            return
        try:
            size = stream.read_into(self._read.view)
        except MQLightError as error:
            self.engine.stream_broken(error, now)
            return
        if size is None:
            return
        if size == 0:
            self.engine.stream_broken(hung_up(stream.service), now)
            return
        self.engine.receive(self._read, size)
        self._readable = stream.may_have_more(size, _READ_SIZE)

    def _transfer(self, now: float) -> None:
        """Move messages into proton and its output into the socket while both go on."""
        while self._flush(now) and self.engine.traffic.pump():
            pass

    def _flush(self, now: float) -> bool:
        """Write what proton has; True when nothing is left to write."""
        stream, connection = self._stream, self.engine.connection
        if stream is None or connection is None:
            return False
        try:
            everything = self._outgoing.flush(connection, stream)
        except MQLightError as error:
            self.engine.stream_broken(error, now)
            return False
        if everything:
            self.engine.traffic.all_written()
        return everything

    def _wait(self, longest: float | None) -> None:
        deadline = self.engine.deadline()
        if longest is None and deadline is not None:
            longest = max(0.0, deadline - time.monotonic())
        if self._handover.busy:
            longest = INTERVAL if longest is None else min(longest, INTERVAL)
        if self._readable:
            longest = 0.0
        self.wakeup.asleep = True
        if self.control.inbox or self.control.tasks or self._finished or self.closed:
            longest = 0.0
        ready = self._selector.select(longest)
        self.wakeup.asleep = False
        for key, events in ready:
            if key.fileobj is self.wakeup:
                self.wakeup.clear()
            elif self._stream is None:
                self._dial_on()
            elif events & selectors.EVENT_READ:
                self._readable = True

    def run(self, calls: Sequence[Call]) -> None:
        """Make callbacks; on the thread that the hand-over chose."""
        client = self._client()
        for call in calls:
            if not self.control.inherited:
                self._watchdog.begin(call)
                call.run(client, self._callback_failed)
        self._watchdog.end()

    def finish(self, calls: Sequence[Call]) -> None:
        """Settle a batch; on the engine's owner."""
        if self.control.inherited:
            return
        try:
            self.engine.traffic.finish(calls)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client must stop
            first_failure(self._log, "the engine failed; the client stops", error)
            self._give_up(error)

    def finish_later(self, calls: Sequence[Call]) -> None:
        """Leave a batch to be settled to the engine's owner."""
        self._finished.append(calls)
        self.wakeup.wake()

    def _callback_failed(self, name: str, error: BaseException) -> None:
        if isinstance(error, StoppedError) and self.control.muted:
            self._log.info("%s went on after the client had stopped: %s", name, error)
            return
        if isinstance(error, SystemExit):
            self._log.info("%s raised SystemExit; the client stops", name)
        else:
            self._log.error("%s raised; the client stops", name, exc_info=error)
        if name in ("on_state_changed", "on_stopped"):
            return
        known = error if isinstance(error, Exception) else None
        self.control.stop(None, known)

    def _give_up(self, error: Exception) -> None:
        """An error of our own must not leave a client that looks alive."""
        self.control.stop(None, InternalError(f"{type(error).__name__}: {error}"))
        self.engine.drop()
        self.control.closed()

    @property
    def callbacks_pending(self) -> bool:
        """Callbacks are being made, or wait to be, or their messages to be settled."""
        return self._handover.busy or bool(self._finished)

    def random(self) -> float:
        """Return a number from 0 to 1."""
        return random.random()  # noqa: S311 - spreads reconnections, nothing secret

    def resolve(self, attempt: int) -> None:
        """Ask the source for the services."""
        self._lookups.services(attempt)

    def dial(self, attempt: int, service: Service) -> None:
        """Connect to a service."""
        self._dialling.begin(attempt, service)

    def _dial_on(self) -> None:
        attempt = self._dialling.attempt
        connected = self._dialling.advance()
        if connected is not None:
            self._stream, credentials = connected
            if not self.engine.stream_open(attempt, credentials):
                self.hang_up()

    def _attempt_failed(self, attempt: int, error: Exception) -> None:
        self.engine.attempt_failed(attempt, error, time.monotonic())

    def hang_up(self) -> None:
        """Close the stream, or give up dialling."""
        self._dialling.abandon()
        self._outgoing.clear()
        self._readable = False
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def last_words(self, connection: AmqpConnection) -> None:
        """Write what fits at once before the stream is closed."""
        if self._stream is not None:
            try:
                self._outgoing.flush_once(connection, self._stream)
            except MQLightError as error:
                self._log.debug("the close could not be written: %s", error)

    def tell_started(self, callback: Callback) -> None:
        """Call an `on_started` on the thread for them."""
        life = self._lives

        def tell() -> None:
            if life != self._lives:
                return  # it waited behind another one until the client had stopped
            try:
                callback(self._client())
            except BaseException as error:  # noqa: BLE001 - whatever an application raises
                self._callback_failed("on_started", error)

        self._starters.put(tell)

    def stopped(self) -> None:
        """`on_stopped` has returned: let go of who waits."""
        with self._life_lock:
            self._lives += 1
            if self.control.told_stopped():
                self._client_while_held = None
                self._claim.give_up()
                self._stopped.set()
                keeper.release(self)
