"""A message as the faces give it that pull: what it holds, without how it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqlight._amqp.values import PropertyValue
    from mqlight._machine.prefetch import Prefetched


@dataclass(frozen=True, slots=True)
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
    _confirm: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)


def contents(message: Prefetched[Any]) -> dict[str, Any]:
    """Return the fields of a message that has come."""
    about, destination = message.delivery["message"], message.delivery["destination"]
    data = message.data
    return {
        "data": bytes(data) if isinstance(data, bytearray) else data,
        "topic": about["topic"],
        "qos": about["qos"],
        "topic_pattern": destination["topic_pattern"],
        "share": destination.get("share"),
        "ttl": about.get("ttl"),
        "properties": about.get("properties", {}),
        "persistent": about.get("persistent", False),
        "malformed": message.delivery.get("malformed"),
    }
