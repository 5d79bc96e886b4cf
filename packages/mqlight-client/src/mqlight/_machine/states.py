"""The states of a client, and the one table of its transitions (`mqlight-protocol.md` §2.6).

Everything that changes the state of a client stands in `TRANSITIONS`; what is in neither
table is a defect and raises.
"""

from __future__ import annotations

from enum import Enum, StrEnum, auto
from typing import NamedTuple


class State(StrEnum):
    """A client's state; equal to the documented words."""

    STARTING = "starting"
    STARTED = "started"
    STOPPING = "stopping"
    STOPPED = "stopped"
    RETRYING = "retrying"


class Event(Enum):
    """What can happen to a client."""

    START = auto()
    """The application asks to start."""
    STOP = auto()
    """The application asks to stop, or one of its callbacks raised."""
    OPENED = auto()
    """A server accepted the connection."""
    EXHAUSTED = auto()
    """Every service failed, for reasons that may pass."""
    LOST = auto()
    """The connection broke, for a reason that may pass."""
    LOST_AGAIN = auto()
    """The same, and neither this connection nor the one before had proved to be of use."""
    FATAL = auto()
    """An attempt or the connection ended for a reason that will not pass."""
    RETRY_DUE = auto()
    """The wait before the next attempt is over."""
    CLOSED = auto()
    """The connection of a stopping client is gone."""


class Action(Enum):
    """What a transition asks for beside the new state."""

    RESOLVE = auto()
    """Ask for the services and begin a round of attempts."""
    WAIT = auto()
    """Set the timer for the next round."""
    ABANDON = auto()
    """Give up the attempt or connection at once, and the timer."""
    FINISH = auto()
    """Let an attempt under way connect, write what is accepted, await its settlement, close."""
    SETTLE_IN = auto()
    """Attach the subscriptions and let the accepted messages go."""
    FAIL_ALL = auto()
    """Complete everything that waits with StoppedError, forget the subscriptions."""
    TELL_STARTED = auto()
    """Call the waiting `on_started` callbacks."""
    TELL_STOPPED = auto()
    """Call the waiting `on_stopped` callbacks."""
    RESTART = auto()
    """Begin again if a start was asked for while stopping."""


class Transition(NamedTuple):
    """The state that follows, and what to do on the way, in order."""

    state: State
    actions: tuple[Action, ...] = ()


_STOPPED = (Action.FAIL_ALL, Action.TELL_STOPPED, Action.RESTART)

TRANSITIONS: dict[tuple[State, Event], Transition] = {
    (State.STOPPED, Event.START): Transition(State.STARTING, (Action.RESOLVE,)),
    (State.STOPPED, Event.STOP): Transition(State.STOPPED, (Action.TELL_STOPPED,)),
    (State.STARTING, Event.START): Transition(State.STARTING),
    (State.STARTING, Event.OPENED): Transition(
        State.STARTED, (Action.SETTLE_IN, Action.TELL_STARTED)
    ),
    (State.STARTING, Event.EXHAUSTED): Transition(State.RETRYING, (Action.WAIT,)),
    (State.STARTING, Event.FATAL): Transition(State.STOPPED, (Action.ABANDON, *_STOPPED)),
    (State.STARTING, Event.STOP): Transition(State.STOPPING, (Action.FINISH,)),
    (State.STARTED, Event.START): Transition(State.STARTED, (Action.TELL_STARTED,)),
    (State.STARTED, Event.LOST): Transition(State.RETRYING, (Action.ABANDON, Action.RESOLVE)),
    (State.STARTED, Event.LOST_AGAIN): Transition(State.RETRYING, (Action.ABANDON, Action.WAIT)),
    (State.STARTED, Event.FATAL): Transition(State.STOPPED, (Action.ABANDON, *_STOPPED)),
    (State.STARTED, Event.STOP): Transition(State.STOPPING, (Action.FINISH,)),
    (State.RETRYING, Event.START): Transition(State.RETRYING),
    (State.RETRYING, Event.OPENED): Transition(
        State.STARTED, (Action.SETTLE_IN, Action.TELL_STARTED)
    ),
    (State.RETRYING, Event.EXHAUSTED): Transition(State.RETRYING, (Action.WAIT,)),
    (State.RETRYING, Event.RETRY_DUE): Transition(State.RETRYING, (Action.RESOLVE,)),
    (State.RETRYING, Event.FATAL): Transition(State.STOPPED, (Action.ABANDON, *_STOPPED)),
    (State.RETRYING, Event.STOP): Transition(State.STOPPING, (Action.FINISH,)),
    (State.STOPPING, Event.START): Transition(State.STOPPING),
    (State.STOPPING, Event.STOP): Transition(State.STOPPING),
    (State.STOPPING, Event.OPENED): Transition(State.STOPPING, (Action.SETTLE_IN,)),
    (State.STOPPING, Event.LOST): Transition(State.STOPPED, (Action.ABANDON, *_STOPPED)),
    (State.STOPPING, Event.LOST_AGAIN): Transition(State.STOPPED, (Action.ABANDON, *_STOPPED)),
    (State.STOPPING, Event.FATAL): Transition(State.STOPPED, (Action.ABANDON, *_STOPPED)),
    (State.STOPPING, Event.CLOSED): Transition(State.STOPPED, (Action.ABANDON, *_STOPPED)),
}

IGNORED: frozenset[tuple[State, Event]] = frozenset(
    {
        (State.STOPPED, Event.OPENED),
        (State.STOPPED, Event.EXHAUSTED),
        (State.STOPPED, Event.LOST),
        (State.STOPPED, Event.LOST_AGAIN),
        (State.STOPPED, Event.FATAL),
        (State.STOPPED, Event.RETRY_DUE),
        (State.STOPPED, Event.CLOSED),
        (State.STARTING, Event.LOST),
        (State.STARTING, Event.LOST_AGAIN),
        (State.STARTING, Event.RETRY_DUE),
        (State.STARTING, Event.CLOSED),
        (State.STARTED, Event.OPENED),
        (State.STARTED, Event.EXHAUSTED),
        (State.STARTED, Event.RETRY_DUE),
        (State.STARTED, Event.CLOSED),
        (State.RETRYING, Event.LOST),
        (State.RETRYING, Event.LOST_AGAIN),
        (State.RETRYING, Event.CLOSED),
        (State.STOPPING, Event.EXHAUSTED),
        (State.STOPPING, Event.RETRY_DUE),
    }
)
"""Late news of an attempt or connection that the client has turned away from already."""
