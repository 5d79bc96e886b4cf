"""One destination: what a subscription creates and its clients share (mqlight-protocol.md §9.1)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqlight_devserver.broker.journal import Journal
    from mqlight_devserver.message import Message

__all__ = ["Consumer", "Destination", "Identity"]

_BYTES_AT_ONCE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a destination the same one: its pattern and share, or the client it is private to.

    Exactly one of `share` and `client_id` is None.
    """

    pattern: str
    share: str | None
    client_id: str | None


class Consumer(Protocol):
    """One client's attachment to a destination."""

    @property
    def client_id(self) -> str:
        """Whose it is: a client has one attachment to a destination."""

    @property
    def unsettled(self) -> int:
        """How many messages it holds that its client has not settled."""

    def room(self) -> int:
        """How many messages it takes now: its credit, or less where it is slow."""

    def deliver(self, messages: list[Message], now: float) -> None:
        """Send `messages`, no more than `room`; those not settled at once are its to give back.

        Of those that are settled, now or later, it tells the destination's journal.
        """

    def held(self) -> Iterable[Message]:
        """What it has and has not settled."""


class Destination:
    """Messages that wait, in the order of publication, and the consumers who take turns.

    `ttl` is in seconds: how long it outlives its last consumer.
    """

    __slots__ = (
        "_turn",
        "consumers",
        "deadline",
        "delivered",
        "expired",
        "identity",
        "journal",
        "messages",
        "queued_bytes",
        "ttl",
        "unsettled_bytes",
    )

    def __init__(self, identity: Identity, ttl: float) -> None:
        self.identity: Identity = identity
        self.ttl: float = ttl
        self.deadline: float | None = None
        self.journal: Journal | None = None
        """Told of its messages; None for one that nobody keeps."""
        self.consumers: list[Consumer] = []
        self.messages: deque[Message] = deque()
        self.queued_bytes: int = 0
        self.unsettled_bytes: int = 0
        """Handed out and held by consumers, who count it up and down."""
        self.delivered: int = 0
        """Messages handed out and not come back, as far as consumers have entered them."""
        self.expired: int = 0
        self._turn = 0

    def put(self, message: Message) -> None:
        """Queue a new publication."""
        self.messages.append(message)
        self.queued_bytes += len(message.encoded)
        if self.journal is not None:
            self.journal.put(self, message)

    def add(self, consumer: Consumer) -> Consumer | None:
        """Attach a consumer; the one that the same client had before is returned, taken out."""
        former = next((c for c in self.consumers if c.client_id == consumer.client_id), None)
        if former is not None:
            self.consumers.remove(former)
        self.consumers.append(consumer)
        return former

    def remove(self, consumer: Consumer) -> None:
        """Take a consumer out.

        Raises:
            ValueError: it is not attached.
        """
        self.consumers.remove(consumer)

    def give_back(self, messages: Iterable[Message]) -> None:
        """Put undelivered messages back to their places in the order of publication."""
        returned = sorted(messages, key=_order)
        if not returned:
            return
        self.queued_bytes += sum(len(message.encoded) for message in returned)
        queue = self.messages
        earlier = []
        while queue and queue[0].order < returned[-1].order:
            earlier.append(queue.popleft())
        queue.extendleft(sorted(earlier + returned, key=_order, reverse=True))
        if self.journal is not None:
            self.journal.returned(self, returned)

    def deliver(self, now: float) -> bool:
        """Hand out what waits, as far as the consumers have room, each in turn.

        Large messages are handed out a few at a time: whether there is more to do at once.
        """
        if len(self.consumers) == 1:
            consumer = self.consumers[0]
            room = consumer.room()
            messages = self._take(room, now)
            if messages:
                consumer.deliver(messages, now)
            return bool(self.messages) and len(messages) < room
        rooms = [consumer.room() for consumer in self.consumers]
        hands: list[list[Message]] = [[] for _ in self.consumers]
        turn = self._turn
        for message in self._take(sum(rooms), now):
            while not rooms[turn % len(rooms)]:
                turn += 1
            turn %= len(rooms)
            rooms[turn] -= 1
            hands[turn].append(message)
            turn += 1
        self._turn = turn
        for consumer, messages in zip(tuple(self.consumers), hands, strict=True):
            if messages:
                consumer.deliver(messages, now)
        return bool(self.messages) and any(rooms)

    def drop_expired(self, now: float) -> None:
        """Forget the messages whose time to live has passed."""
        alive = [m for m in self.messages if m.expires_at is None or m.expires_at > now]
        if len(alive) < len(self.messages):
            self._tell_expired(self.messages, now)
            self.expired += len(self.messages) - len(alive)
            self.messages = deque(alive)
            self.queued_bytes = sum(len(message.encoded) for message in alive)

    def _take(self, limit: int, now: float) -> list[Message]:
        """The next messages, at most `limit`; those that have expired are dropped on the way."""
        queue = self.messages
        if self.queued_bytes > _BYTES_AT_ONCE:
            average = self.queued_bytes / len(queue)
            limit = min(limit, int(_BYTES_AT_ONCE / average) + 1)
        alive: list[Message] = []
        while queue and len(alive) < limit:
            wanted = limit - len(alive)
            if len(queue) <= wanted:
                taken = list(queue)
                queue.clear()
                self.queued_bytes = 0
            else:
                taken = [queue.popleft() for _ in range(wanted)]
                self.queued_bytes -= sum(len(message.encoded) for message in taken)
            kept = [m for m in taken if m.expires_at is None or m.expires_at > now]
            self.expired += len(taken) - len(kept)
            alive += kept
            self._tell_expired(taken, now)
        if self.journal is not None and alive:
            self.journal.handed_out(self, alive)
        return alive

    def _tell_expired(self, messages: Iterable[Message], now: float) -> None:
        if self.journal is not None:
            expired = [m for m in messages if m.expires_at is not None and m.expires_at <= now]
            if expired:
                self.journal.gone(self, expired)


def _order(message: Message) -> int:
    return message.order
