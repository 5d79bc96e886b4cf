"""What a broker tells of that which is to outlive it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqlight_devserver.broker.destination import Destination
    from mqlight_devserver.message import Message

__all__ = ["Journal"]


class Journal(Protocol):
    """Told of the destinations that have a ttl, and of their messages, as they change.

    A message is known by its destination and its `order`; what is told last of it counts.  Nothing
    is told of no messages.
    """

    def kept(self, destination: Destination) -> None:
        """It is there, with this ttl and deadline: it may be new, or one of them has changed."""

    def deleted(self, destination: Destination) -> None:
        """It is not there any more, or has no ttl any more, and so all its messages."""

    def put(self, destination: Destination, message: Message) -> None:
        """A message that was not in the destination waits there."""

    def handed_out(self, destination: Destination, messages: Iterable[Message]) -> None:
        """These have waited, and a consumer has them now."""

    def returned(self, destination: Destination, messages: Iterable[Message]) -> None:
        """These wait again, with their count of failed deliveries."""

    def gone(self, destination: Destination, messages: Iterable[Message]) -> None:
        """These are settled, or have expired."""
