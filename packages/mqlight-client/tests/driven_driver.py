"""A driver for a real `mqlight.Client` without sockets, threads and waiting: the test turns it."""

from __future__ import annotations

import weakref
from collections import deque
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest import mock

import mqlight
from mqlight._drivers import threaded
from mqlight._drivers.control import Control
from mqlight._drivers.engine import Engine
from mqlight._machine.backlog import Backlog
from mqlight._machine.states import State
from mqlight_core.errors import InternalError, MQLightError, NetworkError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from server_peer import ServerPeer

    from mqlight._amqp.connection import AmqpConnection
    from mqlight._drivers.calls import Call
    from mqlight._drivers.settings import ClientSettings
    from mqlight_core.service import Service

    Callback = Callable[..., object]

BROKEN = NetworkError("connection reset by peer")


class DrivenDriver:
    """What `ThreadedDriver` does, step by step; time passes when the test says so."""

    def __init__(
        self,
        client: object,
        settings: ClientSettings,
        *,
        on_state_changed: Callback | None,
        on_drain: Callback | None,
    ) -> None:
        self._client = weakref.ref(client)
        self.settings = settings
        self.now = 1000.0
        self.backlog = Backlog(settings.max_queued_bytes)
        self.wakeup = SimpleNamespace(asleep=False)
        self.control = Control(lambda: None)
        self.engine = Engine(
            self.control,
            self.backlog,
            self,
            settings,
            on_state_changed=on_state_changed,
            on_drain=on_drain,
        )
        self.peer: ServerPeer | None = None
        """The server that the stream goes to."""
        self.stalled = False
        """Nothing travels, and nobody knows."""
        self.resolving: list[int] = []
        self.dialling: list[tuple[int, Service]] = []
        self.batches: deque[Sequence[Call]] = deque()
        """Callbacks that wait for the thread that makes them."""
        self.returned: deque[Sequence[Call]] = deque()
        """Batches that wait for the engine's owner to finish them."""
        self.starters: deque[tuple[int, Callback]] = deque()
        """`on_started` callbacks that wait for their thread."""
        self.lives = 0
        self.stopped_for_good = True

    # The client's side, as ThreadedDriver's.

    def start(self, on_started: Callback | None) -> None:
        self.stopped_for_good = False
        self.control.start(on_started)

    def stop(self, on_stopped: Callback | None) -> None:
        self.stopped_for_good = False
        self.control.stop(on_stopped)

    def wait_stopped(self, _timeout: float | None) -> bool:
        return self.stopped_for_good

    def close(self) -> None:
        self.engine.drop()

    # The engine's host.

    @property
    def callbacks_pending(self) -> bool:
        return bool(self.batches or self.returned)

    def random(self) -> float:
        return 1.0

    def resolve(self, attempt: int) -> None:
        self.resolving.append(attempt)

    def dial(self, attempt: int, service: Service) -> None:
        self.dialling.append((attempt, service))

    def hang_up(self) -> None:
        self.dialling.clear()
        self.peer = None

    def last_words(self, connection: AmqpConnection) -> None:
        if self.peer is not None and not self.stalled:
            self.peer.hear(connection)

    def tell_started(self, callback: Callback) -> None:
        self.starters.append((self.lives, callback))

    def stopped(self) -> None:
        self.lives += 1
        self.stopped_for_good |= self.control.told_stopped()

    # The threads' side: each a step of one of them.

    def turn(self) -> bool:
        """One round of the engine's owner; True when there is more to do at once."""
        busy = bool(self.returned or self.control.tasks or self.control.inbox)
        while self.returned:
            self.engine.traffic.finish(self.returned.popleft())
        while self.control.tasks:
            self.engine.carry_out(self.control.tasks.popleft(), self.now)
        if self.control.inbox:
            self.engine.traffic.accept(self.control.take_inbox())
            if self.control.state is State.STOPPED:
                self.engine.traffic.fail_all()
        busy |= self.engine.advance(self.now)
        busy |= self._transfer()
        if self.engine.calls:
            self.batches.append(self.engine.calls[:])
            self.engine.calls.clear()
        return busy or bool(self.control.tasks)

    def _transfer(self) -> bool:
        busy = False
        while self.peer is not None and self.engine.connection is not None and not self.stalled:
            self.peer.transport.tick(self.now)
            busy |= self.peer.exchange(self.engine.connection)
            self.engine.traffic.all_written()
            if not self.engine.traffic.pump():
                break
            busy = True
        return busy

    def call_back(self) -> bool:
        """Make the callbacks of one batch, on the thread for them; True if there was one."""
        if not self.batches:
            return False
        calls = self.batches[0]
        for call in calls:
            call.run(self._client(), self.failed)
        self.batches.popleft()
        self.returned.append(calls)
        return True

    def call_started(self) -> bool:
        """Make one `on_started`, on its own thread; True if there was one."""
        if not self.starters:
            return False
        life, callback = self.starters.popleft()
        if life == self.lives:
            try:
                callback(self._client())
            except BaseException as error:  # noqa: BLE001 - whatever an application raises
                self.failed("on_started", error)
        return True

    def failed(self, name: str, error: BaseException) -> None:
        if isinstance(error, AssertionError):
            raise error
        if isinstance(error, StoppedError) and self.control.muted:
            return
        if name not in ("on_state_changed", "on_stopped"):
            self.control.stop(None, error if isinstance(error, Exception) else None)

    def settle_down(self) -> None:
        """Go on until nothing is left to do."""
        while self.turn() or self.call_back() or self.call_started():
            assert not isinstance(self.control.machine._error, InternalError)

    # The network's side.

    def answer(self, services: Sequence[Service]) -> None:
        """The services are known, to whoever asked for them last and to those who gave up."""
        while self.resolving:
            self.control.resolved(self.resolving.pop(), tuple(services))

    def connect(self, peer: ServerPeer) -> bool:
        """The stream to the service that is dialled is connected; False if none is."""
        if not self.dialling:
            return False
        attempt, _ = self.dialling.pop()
        if not self.engine.stream_open(attempt, None):
            return False
        self.peer, self.stalled = peer, False
        return True

    def refuse(self, error: MQLightError = BROKEN) -> None:
        """The services can not be found out, or the one that is dialled can not be reached."""
        attempts = [attempt for attempt, _ in self.dialling[-1:]] or self.resolving[-1:]
        self.dialling.clear()
        self.resolving.clear()
        for attempt in attempts:
            self.engine.attempt_failed(attempt, error, self.now)

    def lose(self, *, written: bool) -> None:
        """The stream breaks, after what is to be written has gone to nobody if `written`."""
        if self.peer is None or self.engine.connection is None:
            return
        if written and self.stalled:
            type(self.peer)().hear(self.engine.connection)
            self.engine.traffic.all_written()
        self.engine.stream_broken(BROKEN, self.now)


def driven_client(*arguments: object, **options: object) -> tuple[mqlight.Client, DrivenDriver]:
    """Return a client, made as any other, and its driver."""
    with mock.patch.object(threaded, "ThreadedDriver", DrivenDriver):
        client = mqlight.Client(*arguments, **options)  # type: ignore[arg-type]
    driver = client._driver
    assert isinstance(driver, DrivenDriver)
    return client, driver
