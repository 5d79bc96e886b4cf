"""The control plane: what happened goes in, what to do comes out.

Pure: the time comes in as `now` (s, monotonic), random numbers as arguments.  The table in
`mqlight._machine.states` decides; this class remembers what the table's actions need: the
services of the round, the number of failed rounds, and who waits to be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._machine import backoff, effects
from mqlight._machine.retry import is_fatal
from mqlight._machine.states import IGNORED, TRANSITIONS, Action, Event, State
from mqlight_core.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight_core.service import Service

    Callback = Callable[..., object]


class ClientMachine:
    """The states of one client.

    Every method that reports something returns the effects to carry out, in order.  Reports of an
    attempt carry the number its effect came with; late ones are ignored.
    """

    def __init__(self) -> None:
        self.state: State = State.STOPPED
        self.service: Service | None = None
        """The service that is connected; None in every other state than started."""
        self._attempts = 0
        self._awaited = 0
        """The number of the attempt under way; 0 when there is none."""
        self._services: tuple[Service, ...] = ()
        self._tried = 0
        self._failed_rounds = 0
        self._early_losses = 0
        """Connections in a row that were lost before they had proved to be of use."""
        self._retry_at = 0.0
        self._on_started: list[Callback] = []
        self._on_stopped: list[Callback] = []
        self._restart = False
        self._replaced: Exception | None = None
        """What that restart ends with at once."""
        self._untold = 0
        """How many TellStopped are asked for and not carried out."""
        self._error: Exception | None = None

    def start(self, on_started: Callback | None) -> list[effects.Effect]:
        """The application asks to start; `on_started` is called once the client is started."""
        if on_started is not None:
            self._on_started.append(on_started)
        self._restart = self.state is State.STOPPING
        self._replaced = None
        return self._handle(Event.START)

    def stop(
        self, on_stopped: Callback | None, error: Exception | None = None
    ) -> list[effects.Effect]:
        """The application asks to stop, or, with an `error`, one of its callbacks raised."""
        if on_stopped is not None:
            self._on_stopped.append(on_stopped)
        if self.state is not State.STOPPING:
            self._error = None
        self._forget_starts()
        return self._handle(Event.STOP, error)

    def resolved(self, attempt: int, services: tuple[Service, ...]) -> list[effects.Effect]:
        """The services of this round are known, at least one; each is tried once, in turn."""
        if not self._awaits(attempt):
            return []
        self._services = services
        return self._next_service()

    def failed(
        self, attempt: int, error: Exception, now: float, random: float
    ) -> list[effects.Effect]:
        """The services could not be found out, or the one being tried did not answer.

        `random`, 0 to 1, goes into the wait before the next round.
        """
        if not self._awaits(attempt):
            return []
        if self._tried < len(self._services):
            return self._next_service()
        self._awaited = 0
        if is_fatal(error):
            return self._handle(Event.FATAL, error)
        if self.state is State.STOPPING:
            return self._handle(Event.CLOSED)
        self._failed_rounds += 1
        self._retry_at = now + backoff.delay(self._failed_rounds, random)
        return self._handle(Event.EXHAUSTED, error)

    def opened(self, attempt: int, service: Service) -> list[effects.Effect]:
        """The server accepted the connection."""
        if not self._awaits(attempt):
            return []
        self._awaited = 0
        self._failed_rounds = 0
        asked = self._handle(Event.OPENED)
        if self.state is State.STARTED:
            self.service = service
        return asked

    def lost(self, error: Exception) -> list[effects.Effect]:
        """The connection ended, or a link in a way that a new connection may mend."""
        self._early_losses = 0
        return self._handle(Event.FATAL if is_fatal(error) else Event.LOST, error)

    def lost_early(self, error: Exception, now: float, random: float) -> list[effects.Effect]:
        """The same, before the connection had proved to be of use.

        The first such loss is followed by an attempt at once, as every loss is; further ones by the
        waits of failed rounds.  A server that accepts connections only to end them is not stormed.
        """
        if self.state is not State.STARTED or is_fatal(error):
            return self.lost(error)
        self._early_losses += 1
        if self._early_losses == 1:
            return self._handle(Event.LOST, error)
        self._retry_at = now + backoff.delay(self._early_losses - 1, random)
        return self._handle(Event.LOST_AGAIN, error)

    def replaced(self, error: Exception) -> list[effects.Effect]:
        """Another client of this process has taken over the id.

        A client that stops of itself may do so; the start that would follow is what is refused.
        """
        if self._restart:
            self._replaced = error
        if self._restart or self.state is State.STOPPING:
            return []
        return self._handle(Event.FATAL, error)

    @property
    def stopped_by(self) -> Exception | None:
        """What has stopped the client; None for the application, or where it is not stopped."""
        return self._error if self.state is State.STOPPED else None

    def retry_due(self) -> list[effects.Effect]:
        """The time of the last WaitUntil has come; ignored while an attempt is under way."""
        return [] if self._awaited else self._handle(Event.RETRY_DUE)

    def closed(self) -> list[effects.Effect]:
        """What Finish asked for is done."""
        return self._handle(Event.CLOSED)

    def told_stopped(self) -> bool:
        """A TellStopped is carried out; True when the client is stopped and no other is due."""
        self._untold -= 1
        return self.state is State.STOPPED and not self._untold

    def restart(self) -> list[effects.Effect]:
        """What Restart asks for: start if that was asked for while the client was stopping."""
        if not self._restart or self.state is not State.STOPPED:
            return []
        self._restart = False
        asked = self._handle(Event.START)
        error, self._replaced = self._replaced, None
        return asked if error is None else asked + self._handle(Event.FATAL, error)

    def _awaits(self, attempt: int) -> bool:
        return attempt == self._awaited != 0

    def _begin_attempt(self) -> int:
        self._attempts += 1
        self._awaited = self._attempts
        return self._awaited

    def _next_service(self) -> list[effects.Effect]:
        service = self._services[self._tried]
        self._tried += 1
        return [effects.Connect(self._begin_attempt(), service)]

    def _handle(self, event: Event, error: Exception | None = None) -> list[effects.Effect]:
        """The one door to `TRANSITIONS`."""
        transition = TRANSITIONS.get((self.state, event))
        if transition is None:
            if (self.state, event) in IGNORED:
                return []
            message = f"no rule for {event.name} in state {self.state}"
            raise InternalError(message)
        asked: list[effects.Effect] = []
        if error is not None:
            self._error = error
        if transition.state is not self.state:
            self.state = transition.state
            if self.state is not State.STARTED:
                self.service = None
            if self.state is not State.STOPPED:
                asked.append(effects.Report(self.state, error))
        for action in transition.actions:
            asked += self._act(action)
        return asked

    def _act(self, action: Action) -> list[effects.Effect]:  # noqa: C901, PLR0911 - one branch an action
        match action:
            case Action.RESOLVE:
                self._error = None
                self._services, self._tried = (), 0
                return [effects.Resolve(self._begin_attempt())]
            case Action.WAIT:
                return [effects.WaitUntil(self._retry_at)]
            case Action.ABANDON:
                self._awaited = 0
                return [effects.Abandon()]
            case Action.FINISH:
                return [effects.Finish()]
            case Action.SETTLE_IN:
                return [effects.SettleIn()]
            case Action.TELL_STARTED:
                started, self._on_started = tuple(self._on_started), []
                return [effects.TellStarted(started)] if started else []
            case Action.FAIL_ALL:
                if not self._restart:
                    self._on_started.clear()
                return [effects.FailAll(), effects.Report(State.STOPPED, self._error)]
            case Action.TELL_STOPPED:
                stopped, self._on_stopped = tuple(self._on_stopped), []
                self._untold += 1
                return [effects.TellStopped(stopped, self._error)]
            case Action.RESTART:
                self._failed_rounds = self._early_losses = 0
                return [effects.Restart()]

    def _forget_starts(self) -> None:
        """A stop overtakes the starts asked for before it."""
        self._on_started.clear()
        self._restart = False
        self._replaced = None
