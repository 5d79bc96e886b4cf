"""What a client is subscribed to, and the credit of each subscription."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from mqlight_core.errors import SubscribedError, UnsubscribedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mqlight._machine.prefetch import Prefetch
    from mqlight_core.topics import Destination

    Callback = Callable[..., object]


MOST_CREDIT = 2**31 - 1
"""More makes no difference, and is more than proton counts."""


class Progress(Enum):
    """How far a subscription is."""

    QUEUED = auto()
    """Asked for while there was no connection, or waiting for an older link of its name to end."""
    ATTACHING = auto()
    ACTIVE = auto()
    DETACHING = auto()
    ENDED = auto()


class Subscription:
    """One subscription, from `subscribe()` to the end of its link."""

    __slots__ = (
        "auto_confirm",
        "credit",
        "delete",
        "destination",
        "established",
        "live",
        "on_message",
        "on_subscribed",
        "on_unsubscribed",
        "prefetch",
        "progress",
        "qos",
        "returned",
        "ttl",
        "unsettled",
    )

    def __init__(  # noqa: PLR0913 - the arguments of subscribe()
        self,
        destination: Destination,
        *,
        qos: int = 0,
        ttl: int = 0,
        credit: int = 1024,
        auto_confirm: bool = True,
        on_subscribed: Callback | None = None,
        on_message: Callback | None = None,
        prefetch: Prefetch[Any] | None = None,
    ) -> None:
        self.destination: Destination = destination
        self.qos: int = qos
        self.ttl: int = ttl
        """Seconds the destination outlives its last link."""
        self.credit: int = min(credit, MOST_CREDIT)
        """Messages the server may have under way or unconfirmed at any moment."""
        self.auto_confirm: bool = auto_confirm
        self.on_subscribed: Callback | None = on_subscribed
        self.on_message: Callback | None = on_message
        self.on_unsubscribed: Callback | None = None
        self.prefetch: Prefetch[Any] | None = prefetch
        """Where messages wait for an application that asks for them, in place of `on_message`."""
        self.progress: Progress = Progress.QUEUED
        self.live: bool = True
        """False once the application has unsubscribed: messages that still arrive are dropped."""
        self.established: bool = False
        """The server has accepted it once."""
        self.delete: bool = False
        """On unsubscribe: whether the server is to drop the destination at once."""
        self.unsettled: int = 0
        """Messages delivered to us and not finished."""
        self.returned: int = 0
        """Messages finished whose credit has not been granted again."""

    def restart_credit(self, link: object) -> int:
        """A new link: nothing of it is outstanding; return the credit to grant."""
        self.unsettled = 0 if self.prefetch is None else self.prefetch.restart(link)
        self.returned = 0
        return max(self.credit - self.unsettled, 0) if self.live else 0

    def arrived(self, messages: int) -> int:
        """Messages have come; return the credit to grant."""
        self.unsettled += messages
        return self._grant()

    def finished(self, messages: int) -> int:
        """Messages are settled; return the credit to grant."""
        self.unsettled -= messages
        self.returned += messages
        return self._grant()

    def _grant(self) -> int:
        """Give credit back once half of what could be under way is used, and nothing before.

        That keeps a fast receiver busy with few flow frames and a slow confirmer never beyond its
        credit.
        """
        left = self.credit - self.unsettled - self.returned
        if self.returned < left:
            return 0
        grant, self.returned = self.returned, 0
        return grant


class Subscriptions:
    """The registry: one subscription for each destination."""

    def __init__(self) -> None:
        self._by_destination: dict[Destination, Subscription] = {}

    def __iter__(self) -> Iterator[Subscription]:
        return iter(tuple(self._by_destination.values()))

    def add(self, subscription: Subscription) -> None:
        """Register a subscription.

        Raises:
            SubscribedError: there is one, active or queued.
        """
        destination = subscription.destination
        if destination in self._by_destination:
            message = f"client is already subscribed to {_described(destination)}"
            raise SubscribedError(message)
        self._by_destination[destination] = subscription

    def remove(self, destination: Destination) -> Subscription:
        """Take a subscription out.

        Raises:
            UnsubscribedError: there is none.
        """
        subscription = self._by_destination.pop(destination, None)
        if subscription is None:
            message = f"client is not subscribed to {_described(destination)}"
            raise UnsubscribedError(message)
        return subscription

    def discard(self, subscription: Subscription) -> None:
        """Take this very subscription out, if it is still registered."""
        if self._by_destination.get(subscription.destination) is subscription:
            del self._by_destination[subscription.destination]

    def clear(self) -> list[Subscription]:
        """Take all out; return them."""
        gone = list(self._by_destination.values())
        self._by_destination.clear()
        return gone


def _described(destination: Destination) -> str:
    share = f" with share {destination.share!r}" if destination.share is not None else ""
    return f"pattern {destination.pattern!r}{share}"
