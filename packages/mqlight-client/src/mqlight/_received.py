"""A message as the faces give it that pull: what it holds, without how it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqlight._amqp.values import PropertyValue
    from mqlight._machine.prefetch import Prefetched


@dataclass(slots=True)
class Received:
    """One message and what came with it."""

    data: Any
    """str, bytes, or what the sender's JSON says; bytes also for text that is not."""
    topic: str
    """Where it was sent to."""
    qos: int
    """The quality of service of the subscription, 0 or 1."""
    topic_pattern: str
    """The pattern of the subscription."""
    share: str | None = None
    """The share of the subscription."""
    ttl: int | None = None
    """What is left of its time to live in ms; None where it has no end."""
    properties: Mapping[str, PropertyValue] = field(default_factory=dict)
    """The sender's properties."""
    persistent: bool = False
    """Whether the sender asked for a message that survives restarts of the server."""
    malformed: Mapping[str, Any] | None = None
    """Why the message could not be read as it should: `condition`, `description`, `MQMD`."""
    _confirm: Callable[[], None] = field(init=False, repr=False, compare=False)


R = TypeVar("R", bound=Received)


def received(kind: type[R], message: Prefetched[Any], confirm: Callable[[], None]) -> R:
    """Make of a message that has come what a face gives to its application."""
    about, destination = message.delivery["message"], message.delivery["destination"]
    data = message.data
    made = kind(
        bytes(data) if type(data) is bytearray else data,
        about["topic"],
        about["qos"],
        destination["topic_pattern"],
        destination.get("share"),
        about.get("ttl"),
        about.get("properties", {}),
        about.get("persistent", False),
        message.delivery.get("malformed"),
    )
    made._confirm = confirm  # noqa: SLF001 - of the class above
    return made
