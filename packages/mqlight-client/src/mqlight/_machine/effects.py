"""What the machine asks its driver to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight._machine.states import State
    from mqlight_core.service import Service


@dataclass(frozen=True, slots=True)
class Resolve:
    """Ask where the services are; answer with the same `attempt`."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Connect:
    """Connect to a service; report the outcome with the same `attempt`."""

    attempt: int
    service: Service


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Report that the retry is due at this time (s)."""

    deadline: float


@dataclass(frozen=True, slots=True)
class Abandon:
    """Drop the attempt or connection, and any wait, at once."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Complete what is accepted, then close the connection and report Closed.

    An attempt under way goes on where something waits for it, and only then.
    """


@dataclass(frozen=True, slots=True)
class SettleIn:
    """Attach the subscriptions and send what is queued."""


@dataclass(frozen=True, slots=True)
class FailAll:
    """Complete the messages that wait with StoppedError; the subscriptions have ended."""


@dataclass(frozen=True, slots=True)
class Report:
    """Tell the application of a change of state."""

    state: State
    error: Exception | None


@dataclass(frozen=True, slots=True)
class TellStarted:
    """Call these `on_started` callbacks."""

    callbacks: tuple[Callable[..., object], ...]


@dataclass(frozen=True, slots=True)
class TellStopped:
    """Call these `on_stopped` callbacks."""

    callbacks: tuple[Callable[..., object], ...]
    error: Exception | None


@dataclass(frozen=True, slots=True)
class Restart:
    """Everything of the last life is told: ask the machine whether to begin again."""


Effect: TypeAlias = (
    Resolve
    | Connect
    | WaitUntil
    | Abandon
    | Finish
    | SettleIn
    | FailAll
    | Report
    | TellStarted
    | TellStopped
    | Restart
)
