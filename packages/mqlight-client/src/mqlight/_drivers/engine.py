"""One client's engine: tasks, bytes and time go in; bytes, callbacks and a deadline come out.

No sockets and no threads: the driver owns those, and one of its threads at a time owns the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mqlight._amqp.connection import IS_IT_AMQP, AmqpConnection
from mqlight._amqp.events import Ended, Opened
from mqlight._amqp.identity import Identity
from mqlight._drivers.calls import Internal, Notice
from mqlight._drivers.control import Attach, Confirm, Detach, Forget, Invoke, Take, Withdraw
from mqlight._drivers.traffic import Traffic
from mqlight._log.client_log import ClientLog
from mqlight._machine import effects
from mqlight._machine.states import State
from mqlight_core.errors import MQLightError, NetworkError
from mqlight_security import acceptable_mechanisms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqlight._amqp._binding import Buffer
    from mqlight._amqp.events import Event
    from mqlight._drivers.calls import Call
    from mqlight._drivers.control import Control, Task
    from mqlight._drivers.settings import ClientSettings
    from mqlight._machine.backlog import Backlog
    from mqlight_core.service import Service
    from mqlight_security.credentials import Credentials

    Callback = Callable[..., object]


_PROVEN = 10.0
"""Seconds after which a connection counts as one that works, whatever it has carried."""


class Host(Protocol):
    """What the engine needs of its driver."""

    def resolve(self, attempt: int) -> None:
        """Find the services out; answer through the control."""

    def dial(self, attempt: int, service: Service) -> None:
        """Connect a stream; `Engine.stream_open` or `Engine.attempt_failed` follows."""

    def hang_up(self) -> None:
        """Close the stream or give up dialling, at once."""

    def last_words(self, connection: AmqpConnection) -> None:
        """Write what fits at once of the connection's output, before `hang_up`."""

    def tell_started(self, callback: Callback) -> None:
        """Call an `on_started` on the thread that they have for themselves."""

    def stopped(self) -> None:
        """Everything about the stop has been told."""

    def random(self) -> float:
        """Return a number from 0 to 1."""

    @property
    def callbacks_pending(self) -> bool:
        """Callbacks are being made, or wait to be."""


class Engine:
    """Carries out what the machine asks for, and reports to it what happens."""

    def __init__(  # noqa: PLR0913 - what one client consists of
        self,
        control: Control,
        backlog: Backlog,
        host: Host,
        settings: ClientSettings,
        *,
        on_state_changed: Callback | None,
        on_drain: Callback | None,
    ) -> None:
        self._control = control
        self._host = host
        self._settings = settings
        self._on_state_changed = on_state_changed
        self.calls: list[Call] = []
        """The callbacks that are due, in order; the driver takes them away."""
        self._log = ClientLog("mqlight.engine", settings.client_id)
        self.traffic: Traffic = Traffic(control, backlog, self.calls, on_drain, self._log)
        self.connection: AmqpConnection | None = None
        self._service: Service | None = None
        self._attempt = 0
        """The attempt under way or the one that the connection came from; 0 for neither."""
        self._opened_at: float | None = None
        """When the server accepted the connection that there is."""
        self._finishing = False
        self._closing = False
        self._connect_by: float | None = None
        self._finish_by: float | None = None
        self._retry_at: float | None = None
        self._tick_at: float | None = None

    def carry_out(self, task: Task, now: float) -> None:  # noqa: C901, PLR0912 - one branch a task
        """Do what the machine or a call of the application's asks for."""
        match task:
            case Attach():
                self.traffic.attachments.attach(task.subscription)
            case Detach():
                self.traffic.attachments.detach(task.subscription)
            case Confirm():
                self.traffic.confirm(task)
            case Take():
                self.traffic.take(task.subscription, task.message)
            case Withdraw():
                task.answer(bool(self.traffic.withdraw([task.send])))
            case Invoke():
                task.step()
            case effects.Resolve():
                self._retry_at = None
                self._log.debug("looking for services")
                self._host.resolve(task.attempt)
            case effects.Connect():
                self._attempt, self._service = task.attempt, task.service
                self._connect_by = now + self._settings.connect_timeout
                self._log.debug("connecting to %s", task.service)
                self._host.dial(task.attempt, task.service)
            case effects.WaitUntil():
                self._retry_at = task.deadline
                self._log.info("next attempt in %.1f s", task.deadline - now)
            case effects.SettleIn():
                if self.connection is not None:
                    self.traffic.begin(self.connection)
            case effects.Abandon():
                self._hang_up()
                self._finishing = False
                self._finish_by = None
            case effects.Finish():
                self._finish(now)
            case Forget():
                self.traffic.accept(task.sends)
                self.traffic.attachments.forget(task.subscriptions)
            case effects.Restart():
                self._control.restart()
            case effects.FailAll():
                self.traffic.fail_all()
            case effects.Report():
                self._report(task.state, task.error)
            case effects.TellStarted():
                self._tell_started(task.callbacks)
            case effects.TellStopped():
                for callback in task.callbacks:
                    self.calls.append(Notice("on_stopped", callback, task.error))
                self.calls.append(Internal(self._host.stopped))

    def _report(self, state: State, error: Exception | None) -> None:
        if error is None:
            self._log.info("state %s", state)
        elif state is State.STOPPED and self._on_state_changed is None:
            # Nobody else would hear of it.
            self._log.error("the client has stopped: %s: %s", type(error).__name__, error)
        else:
            self._log.info("state %s: %s: %s", state, type(error).__name__, error)
        self.calls.append(Notice("on_state_changed", self._on_state_changed, state, error))

    def _finish(self, now: float) -> None:
        waiting = bool(self._control.inbox) or not self.traffic.sent_everything
        connecting = self._retry_at is None
        if self.traffic.begun or (connecting and waiting):
            self._log.debug(
                "stopping: %g s for what is accepted%s",
                self._settings.stop_timeout,
                "" if self.traffic.begun else " and the attempt under way",
            )
            self._finishing = True
            self._finish_by = now + self._settings.stop_timeout
        else:
            self._hang_up()
            self._control.closed()

    def _tell_started(self, callbacks: tuple[Callback, ...]) -> None:
        def tell() -> None:
            for callback in callbacks:
                self._host.tell_started(callback)

        self.calls.append(Internal(tell))

    def stream_open(self, attempt: int, credentials: Credentials | None) -> bool:
        """A stream to the service is connected; False when nobody waits for it any more."""
        service = self._service
        if attempt != self._attempt or service is None:
            return False
        certified = service.tls and self._settings.security.has_client_certificate
        identity = Identity(
            container_id=self._settings.client_id,
            hostname=service.host,
            address=service.address,
            user=credentials.user if credentials else None,
            password=credentials.password if credentials else None,
            mechanisms=acceptable_mechanisms(credentials, client_certificate=certified),
        )
        self._log.debug(
            "%s is connected, %s",
            service,
            f"user {credentials.user!r}" if credentials else "no user",
        )
        self.connection = AmqpConnection(identity, round(self._settings.idle_timeout * 1000))
        return True

    def attempt_failed(self, attempt: int, error: Exception, now: float) -> None:
        """The services could not be found out, or the stream could not be connected."""
        if attempt == self._attempt:
            self.drop()
        self._log.info("attempt failed: %s", error)
        self._control.failed(attempt, error, now, self._host.random())

    def receive(self, buffer: Buffer, size: int) -> None:
        """Take in bytes from the stream."""
        if self.connection is not None:
            self.connection.receive(buffer, size)

    def stream_broken(self, error: MQLightError, now: float) -> None:
        """The stream has ended without a word of AMQP, or broke."""
        if self.connection is None:
            return
        self.connection.receive_eof(error)
        while self.connection is not None:
            events = self.connection.process(reading=self.traffic.wants_messages)
            if not events:
                break
            self._handle(events, now)
        if self.connection is not None:
            self._over(None if self._closing else error, now, of_use=self.traffic.made_progress)

    def advance(self, now: float) -> bool:
        """Process what has come and what is due; True when there is more to do at once."""
        self._keep_deadlines(now)
        if self.connection is None:
            return False
        # Before the events, for a tick may make some: the end of a silent connection.
        self._tick(now)
        events = self.connection.process(reading=self.traffic.wants_messages)
        if events:
            self._handle(events, now)
        if self.connection is not None:
            self._finish_if_done()
        return bool(events)

    def _handle(self, events: Sequence[Event], now: float) -> None:
        for event in events:
            if type(event) is Opened:
                self._connect_by = None
                self._opened_at = now
                if self._service is not None:
                    self._control.opened(self._attempt, self._service)
        error = self.traffic.handle(events)
        ended = next((event for event in events if type(event) is Ended), None)
        if ended is not None:
            self._over(ended.error, now, of_use=self.traffic.made_progress)
        elif error is not None:
            # What made progress on other links would not keep this one from ending again.
            self._over(error, now, of_use=False)

    def _over(self, error: Exception | None, now: float, *, of_use: bool) -> None:
        """The connection is at its end; `of_use` when it has carried messages for us."""
        opened_at, attempt = self._opened_at, self._attempt
        closing = self._closing
        self._hang_up()
        problem = error or NetworkError("the connection was closed")
        if closing:
            self._control.closed()
        elif opened_at is None:
            self._log.info("attempt failed: %s", problem)
            self._control.failed(attempt, problem, now, self._host.random())
        elif of_use or now - opened_at >= _PROVEN:
            self._control.lost(problem)
        else:
            self._control.lost_early(problem, now, self._host.random())

    def _hang_up(self) -> None:
        """Tell the server that we go, if it can be told, and drop the connection."""
        if self.connection is not None and self._opened_at is not None and not self._closing:
            self.connection.close()
            self._host.last_words(self.connection)
        self.drop()

    def _keep_deadlines(self, now: float) -> None:
        if self._retry_at is not None and now >= self._retry_at:
            self._retry_at = None
            self._control.retry_due()
        if self._connect_by is not None and now >= self._connect_by:
            seconds = self._settings.connect_timeout
            message = f"{self._service}: no connection within {seconds:g} seconds"
            if self.connection is not None:
                message = f"{self._service}: no answer within {seconds:g} seconds {IS_IT_AMQP}"
            self.attempt_failed(self._attempt, NetworkError(message), now)
        if self._finish_by is not None and now >= self._finish_by:
            self._finish_by = None
            self._log.info("stopping: the time is over, what is not finished fails")
            self._hang_up()
            self._control.closed()

    def _tick(self, now: float) -> None:
        if self.connection is not None:
            deadline = self.connection.tick(round(now * 1000))
            self._tick_at = None if deadline is None else deadline / 1000

    def _finish_if_done(self) -> None:
        """While stopping: close once everything is settled."""
        if (
            self._finishing
            and self.traffic.begun
            and not self._closing
            and self.connection is not None
            and self.traffic.sent_everything
            and not self._control.inbox
            and not self._host.callbacks_pending
            and not self.calls
        ):
            self._closing = True
            self._log.debug("stopping: everything is finished, closing the connection")
            self.connection.close()

    def drop(self) -> None:
        """Give up the attempt or connection, whichever there is."""
        self._host.hang_up()
        if self.connection is not None:
            self.traffic.end()
            self.connection.free()
        self.connection = None
        self._service = None
        self._attempt = 0
        self._opened_at = None
        self._closing = False
        self._connect_by = self._retry_at = self._tick_at = None

    def deadline(self) -> float | None:
        """Return when `advance` is to be called next, at the latest."""
        times = (self._retry_at, self._connect_by, self._finish_by, self._tick_at)
        return min((time for time in times if time is not None), default=None)
