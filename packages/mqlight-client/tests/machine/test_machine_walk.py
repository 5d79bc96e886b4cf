"""Every input in every situation the machine can be in: breadth first, until nothing is new."""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from mqlight._machine.effects import (
    Abandon,
    Connect,
    FailAll,
    Report,
    Resolve,
    SettleIn,
    TellStarted,
    TellStopped,
    WaitUntil,
)
from mqlight._machine.machine import ClientMachine
from mqlight._machine.retry import is_fatal
from mqlight._machine.states import IGNORED, TRANSITIONS, Event, State
from mqlight_core.errors import NetworkError, ReplacedError
from mqlight_core.service import Service, parse_service_url

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from mqlight._machine.effects import Effect

ONE = parse_service_url("amqp://one.example.com")
TWO = parse_service_url("amqp://two.example.com")
PASSING = NetworkError("connection refused")
FATAL = ReplacedError("another client has connected with this id")
RAISED = ValueError("raised by a callback")
NOW = 100.0

Outcome: TypeAlias = "tuple[Event | None, list[Effect]]"
"""What an input amounts to in terms of the table, and what the machine answers."""


def on_started(_client: object) -> None: ...


def on_stopped(_client: object, _error: object) -> None: ...


@dataclass
class World:
    """A machine, and what its driver and its application know without looking into it."""

    machine: ClientMachine = field(default_factory=ClientMachine)
    resolving: int = 0
    """The attempt that waits for the services; 0 when none does."""
    connecting: int = 0
    untried: int = 0
    """Services that this round has left."""
    timer: bool = False
    starts: int = 0
    """Callbacks that wait for the client to be started."""
    stops: int = 0
    untold: int = 0
    """TellStopped that the driver has not carried out."""
    restart: bool = False
    """A start was asked for while the client was stopping."""

    @property
    def idle(self) -> bool:
        """Nothing is awaited: neither an attempt nor a time."""
        return not (self.resolving or self.connecting or self.timer)

    def situation(self) -> Hashable:
        """All that can make a difference to what the machine does next."""
        machine = self.machine
        return (
            *(machine.state, machine.service, machine._error, machine._attempts > 0),
            *(bool(self.resolving), bool(self.connecting), self.untried, self.timer),
            *(min(self.starts, 2), min(self.stops, 2), min(self.untold, 2), self.restart),
            *(min(machine._failed_rounds, 2), min(machine._early_losses, 2)),
        )

    # What the application and the driver can report; None where the input can not come.

    def start(self, callback: Callable[..., object] | None) -> Outcome:
        self.starts += callback is not None
        self.restart = self.machine.state is State.STOPPING
        return Event.START, self.machine.start(callback)

    def stop(self, callback: Callable[..., object] | None, error: Exception | None) -> Outcome:
        self.stops += callback is not None
        self.starts, self.restart = 0, False
        return Event.STOP, self.machine.stop(callback, error)

    def resolved(self, *services: Service) -> Outcome | None:
        if not self.resolving:
            return None
        attempt, self.resolving = self.resolving, 0
        self.untried = len(services)
        return None, self.machine.resolved(attempt, services)

    def failed(self, error: Exception) -> Outcome | None:
        attempt = self.resolving or self.connecting
        if not attempt:
            return None
        self.resolving = self.connecting = 0
        stopping = self.machine.state is State.STOPPING
        passing = Event.CLOSED if stopping else Event.EXHAUSTED
        event = Event.FATAL if is_fatal(error) else passing
        effects = self.machine.failed(attempt, error, NOW, 1.0)
        return (None if self.untried else event), effects

    def opened(self) -> Outcome | None:
        if not self.connecting:
            return None
        attempt, self.connecting = self.connecting, 0
        return Event.OPENED, self.machine.opened(attempt, ONE)

    def lost(self, error: Exception) -> Outcome:
        return (Event.FATAL if is_fatal(error) else Event.LOST), self.machine.lost(error)

    def lost_early(self, error: Exception) -> Outcome:
        started = self.machine.state is State.STARTED
        passing = Event.LOST_AGAIN if started and self.machine._early_losses else Event.LOST
        event = Event.FATAL if is_fatal(error) else passing
        return event, self.machine.lost_early(error, NOW, 1.0)

    def replaced(self) -> Outcome | None:
        if self.restart:
            return None  # what then becomes of the restart: test_machine.py
        if self.machine.state is State.STOPPING:
            return None, self.machine.replaced(FATAL)
        return Event.FATAL, self.machine.replaced(FATAL)

    def retry_due(self) -> Outcome:
        under_way = self.resolving or self.connecting
        self.timer = False
        return (None if under_way else Event.RETRY_DUE), self.machine.retry_due()

    def closed(self) -> Outcome:
        return Event.CLOSED, self.machine.closed()

    def told_stopped(self) -> Outcome | None:
        if not self.untold:
            return None
        self.untold -= 1
        stopped = self.machine.state is State.STOPPED
        assert self.machine.told_stopped() == (stopped and not self.untold)
        return None, []

    def restarted(self) -> Outcome:
        due = self.restart and self.machine.state is State.STOPPED
        self.restart &= not due
        return (Event.START if due else None), self.machine.restart()

    def late(self) -> Outcome:
        """Reports of every attempt that is answered or given up."""
        effects: list[Effect] = []
        for attempt in range(self.machine._attempts + 2):
            if attempt not in {self.resolving, self.connecting} - {0}:
                effects += self.machine.resolved(attempt, (TWO,))
                effects += self.machine.opened(attempt, TWO)
                for error in (PASSING, FATAL):
                    effects += self.machine.failed(attempt, error, NOW, 1.0)
        assert effects == []
        return None, effects


INPUTS: dict[str, Callable[[World], Outcome | None]] = {
    "start": lambda world: world.start(None),
    "start, to be told": lambda world: world.start(on_started),
    "stop": lambda world: world.stop(None, None),
    "stop, to be told": lambda world: world.stop(on_stopped, None),
    "a callback raised": lambda world: world.stop(None, RAISED),
    "one service": lambda world: world.resolved(ONE),
    "two services": lambda world: world.resolved(ONE, TWO),
    "failed": lambda world: world.failed(PASSING),
    "failed for good": lambda world: world.failed(FATAL),
    "opened": World.opened,
    "lost": lambda world: world.lost(PASSING),
    "lost for good": lambda world: world.lost(FATAL),
    "lost early": lambda world: world.lost_early(PASSING),
    "lost early for good": lambda world: world.lost_early(FATAL),
    "replaced": World.replaced,
    "retry due": World.retry_due,
    "closed": World.closed,
    "told that it is stopped": World.told_stopped,
    "restart": World.restarted,
    "late": World.late,
}


def check(world: World, before: State, service: Service | None, outcome: Outcome) -> None:
    """Hold the answer against the table, and carry it out."""
    event, effects = outcome
    state = world.machine.state
    transition = TRANSITIONS.get((before, event)) if event is not None else None
    assert state is (transition.state if transition else before)
    if event is not None and transition is None:
        assert (before, event) in IGNORED
        assert effects == []
    reports = [effect for effect in effects if isinstance(effect, Report)]
    assert [report.state for report in reports] == ([state] if state is not before else [])
    if before is State.STOPPED and state is State.STOPPED:
        assert all(isinstance(effect, TellStopped) for effect in effects)
    assert world.machine.service == (
        None if state is not State.STARTED else service if before is state else ONE
    )
    for number, effect in enumerate(effects):
        carry_out(world, effect, effects[:number])


def carry_out(world: World, effect: Effect, earlier: list[Effect]) -> None:
    machine = world.machine
    match effect:
        case Resolve():
            assert world.idle
            world.resolving, world.untried = effect.attempt, 0
        case Connect():
            assert world.idle
            assert effect.service in (ONE, TWO)
            world.connecting = effect.attempt
            world.untried -= 1
        case WaitUntil():
            assert world.idle
            assert effect.deadline > NOW
            world.timer = True
        case Abandon():
            world.resolving = world.connecting = 0
            world.timer = False
        case TellStarted():
            assert machine.state is State.STARTED
            assert len(effect.callbacks) == world.starts > 0
            world.starts = 0
        case FailAll():
            assert world.idle
            world.starts = world.starts if world.restart else 0
        case TellStopped():
            assert machine.state is State.STOPPED
            assert not any(isinstance(other, Resolve) for other in earlier)
            assert len(effect.callbacks) == world.stops
            world.stops = 0
            world.untold += 1
        case SettleIn():
            assert world.idle


@cache
def walk() -> tuple[int, int, set[tuple[State, Event]]]:
    """Return how many situations and steps there are, and which pairs came up in them."""
    begin = World()
    seen = {begin.situation()}
    ahead = deque([begin])
    steps = 0
    pairs: set[tuple[State, Event]] = set()
    while ahead:
        here = ahead.popleft()
        for tell in INPUTS.values():
            world = copy(here)
            world.machine = copy(here.machine)
            world.machine._on_started = here.machine._on_started.copy()
            world.machine._on_stopped = here.machine._on_stopped.copy()
            before, service = world.machine.state, world.machine.service
            outcome = tell(world)
            if outcome is None:
                continue
            steps += 1
            check(world, before, service, outcome)
            if outcome[0] is not None:
                pairs.add((before, outcome[0]))
            if world.situation() not in seen:
                seen.add(world.situation())
                ahead.append(world)
    return len(seen), steps, pairs


def test_in_every_situation_every_input_is_answered_by_the_table() -> None:
    situations, steps, _ = walk()
    assert situations > 1000, "the walk ended early"
    assert steps > 10 * situations


def test_the_walk_comes_through_every_pair_but_those_that_the_machine_keeps_out() -> None:
    _, _, pairs = walk()
    never = {
        # Only the attempt that is awaited can open or fail.
        (State.STARTED, Event.OPENED),
        (State.STARTED, Event.EXHAUSTED),
        (State.STOPPED, Event.OPENED),
        (State.STOPPED, Event.EXHAUSTED),
        (State.STOPPING, Event.EXHAUSTED),
        # A round that is under way needs no other.
        (State.STARTING, Event.RETRY_DUE),
        # Only a client that is started counts how often in a row a connection was of no use.
        *((state, Event.LOST_AGAIN) for state in State if state is not State.STARTED),
    }
    assert (TRANSITIONS.keys() | IGNORED) - pairs == never
