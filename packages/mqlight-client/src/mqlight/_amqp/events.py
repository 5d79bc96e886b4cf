"""What has happened on a connection, as its owner is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mqlight._amqp.links import Arrived, Misused, Settled

if TYPE_CHECKING:
    from mqlight._amqp.links import Receiver, Sender
    from mqlight_core.errors import MQLightError


@dataclass(frozen=True, slots=True)
class Opened:
    """The server accepted the connection and its session."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is over: with an error, or None where we closed it."""

    error: MQLightError | None


@dataclass(frozen=True, slots=True)
class Ready:
    """A topic's link has credit, or has been attached."""

    sender: Sender


@dataclass(frozen=True, slots=True)
class ReceiverOpened:
    """The server accepted a subscription."""

    receiver: Receiver


@dataclass(frozen=True, slots=True)
class ReceiverEnded:
    """A subscription's link is over: as asked (error None), refused, or ended by the server."""

    receiver: Receiver
    error: MQLightError | None
    refused: bool


@dataclass(frozen=True, slots=True)
class SenderEnded:
    """A topic's link is over: as asked (error None), refused, or ended by the server.

    `too_large` when the server's reason is the size of a message that is in flight.
    """

    sender: Sender
    error: MQLightError | None
    too_large: bool = False


Event: TypeAlias = (
    Opened
    | Ended
    | Ready
    | ReceiverOpened
    | ReceiverEnded
    | SenderEnded
    | Settled
    | Arrived
    | Misused
)
