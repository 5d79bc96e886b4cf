"""The broker: publications to destinations, and the life of destinations."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol

from mqlight_devserver.broker.destination import Consumer, Destination, Identity
from mqlight_devserver.broker.matching import PatternIndex
from mqlight_devserver.broker.traffic import Traffic
from mqlight_devserver.message import Message

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mqlight_devserver.broker.journal import Journal
    from mqlight_devserver.broker.recent import RecentMessages
    from mqlight_devserver.sections import Header

__all__ = ["Broker", "Publisher"]

logger: logging.Logger = logging.getLogger(__name__)

_ROUTES_REMEMBERED: Final = 4096
_BETWEEN_SWEEPS: Final = 1.0


class Publisher(Protocol):
    """A link that publishes, held back while the broker is full."""

    def resume(self) -> None:
        """The broker has room again."""


class Broker:
    """Destinations by identity, fed by topic, drained by consumers.

    `publish` only queues; `deliver` hands out, once for each batch of events.
    """

    def __init__(
        self,
        max_queued_bytes: int,
        journal: Journal | None = None,
        recent: RecentMessages | None = None,
    ) -> None:
        """Publishers are held back while all destinations hold more than `max_queued_bytes`.

        What waits counts, and what consumers have not settled.  `journal` is told of everything
        that `restore` needs in another broker, `recent` is shown each message.
        """
        self.traffic: Traffic = Traffic()
        self._recent = recent
        self._expired = 0
        self._max_queued_bytes = max_queued_bytes
        self._journal = journal
        self._destinations: dict[Identity, Destination] = {}
        self._patterns: PatternIndex[Destination] = PatternIndex()
        self._routes: dict[str, tuple[Destination, ...]] = {}
        self._ready: dict[Destination, None] = {}
        self._waiting: dict[Publisher, None] = {}
        self._gathered: dict[Publisher, int] = {}
        self._unattended: dict[Destination, None] = {}
        self._published = 0
        self._sweep_at = 0.0
        self._told_full = False

    def publish(self, topic: str, encoded: bytes, header: Header, now: float) -> None:
        """Queue a copy for every destination whose pattern matches; with none, forget it."""
        if self._recent is not None:
            self._recent.add(topic, encoded, now)
        routes = self._routes.get(topic)
        if routes is None:
            routes = self._route(topic)
        if not routes:
            return
        self._published += 1
        expires_at = None if header.ttl is None else now + header.ttl / 1000
        message = Message(self._published, encoded, header, expires_at)
        for destination in routes:
            destination.put(message)
            self._ready[destination] = None

    def attach(
        self, identity: Identity, ttl: float, consumer: Consumer
    ) -> tuple[Destination, Consumer | None]:
        """Attach a consumer, to a new destination if there is none yet.

        `ttl` (s) replaces the destination's, and its countdown stops.  Returned with the
        destination is the consumer that the same client had there, which is no longer attached.
        """
        destination = self._destinations.get(identity) or self._create(identity, ttl)
        destination.ttl = ttl
        destination.deadline = None
        self._unattended.pop(destination, None)
        self._record(destination)
        former = destination.add(consumer)
        self._ready[destination] = None
        return destination, former

    def detach(
        self,
        destination: Destination,
        consumer: Consumer,
        unsettled: Iterable[Message],
        now: float,
        *,
        closed: bool,
    ) -> None:
        """Take a consumer away; `closed` says that its client unsubscribed for good.

        `unsettled` messages return and count as failed deliveries.  A destination that nobody is
        attached to any more goes: at once if closed or without a ttl, else when its ttl has passed.
        """
        destination.remove(consumer)
        self.give_back(destination, [message.after_failed_delivery() for message in unsettled])
        if destination.consumers:
            return
        if closed or not destination.ttl:
            self._delete(destination)
        else:
            self._leave_unattended(destination, now + destination.ttl)

    def restore(
        self, identity: Identity, ttl: float, deadline: float, messages: Iterable[Message]
    ) -> Destination:
        """Bring back a destination that another broker's journal has been told of.

        Nobody is attached to it.  `messages` come in their order; all destinations are restored
        before anything is published.
        """
        destination = self._create(identity, ttl)
        for message in messages:
            destination.put(message)
            self._published = max(self._published, message.order)
        # What is restored is in the journal already.
        destination.journal = self._journal
        self._leave_unattended(destination, deadline)
        return destination

    def give_back(self, destination: Destination, messages: Iterable[Message]) -> None:
        """Return messages that a consumer took and did not keep."""
        destination.give_back(messages)
        self._ready[destination] = None

    def wake(self, destination: Destination) -> None:
        """Look at the destination in the next `deliver`: a consumer has room again."""
        if destination.messages:
            self._ready[destination] = None

    @property
    def ready(self) -> bool:
        """Whether `deliver` has anything to look at."""
        return bool(self._ready)

    def deliver(self, now: float) -> None:
        """Hand out what waits in the destinations that anything has happened to."""
        ready, self._ready = self._ready, {}
        for destination in ready:
            if destination.consumers and destination.messages and destination.deliver(now):
                self._ready[destination] = None
        if self._waiting and self.has_room(now):
            waiting, self._waiting = self._waiting, {}
            for publisher in waiting:
                publisher.resume()

    def has_room(self, now: float) -> bool:
        """Whether publishers may be given credit."""
        held = self._held_bytes()
        if held <= self._max_queued_bytes:
            # One that is full now and then, as its consumers come along, is told of once.
            self._told_full = self._told_full and held > self._max_queued_bytes // 2
            return True
        if now < self._sweep_at:
            return False
        self._sweep_at = now + _BETWEEN_SWEEPS
        for destination in self._destinations.values():
            destination.drop_expired(now)
        return self._held_bytes() <= self._max_queued_bytes

    def _held_bytes(self) -> int:
        return sum(d.queued_bytes + d.unsettled_bytes for d in self._destinations.values())

    def hold(self, publisher: Publisher) -> None:
        """`resume` this publisher once there is room."""
        self._waiting[publisher] = None
        if not self._told_full:
            self._told_full = True
            logger.warning(
                "publishers are held back: %d bytes wait for subscribers or are not settled by "
                "them, and %d are allowed",
                self._held_bytes(),
                self._max_queued_bytes,
            )

    def may_gather(self, publisher: Publisher, size: int) -> bool:
        """Whether a publisher may have sent `size` bytes of a message that is not complete.

        The sum of all such is held to the limit of what waits; one alone may be larger than that.
        """
        self._gathered[publisher] = size
        return len(self._gathered) == 1 or sum(self._gathered.values()) <= self._max_queued_bytes

    def gathered(self, publisher: Publisher) -> None:
        """The message is complete, or will never be."""
        self._gathered.pop(publisher, None)

    def forget(self, publisher: Publisher) -> None:
        """This publisher has gone."""
        self._waiting.pop(publisher, None)
        self.gathered(publisher)

    def next_deadline(self) -> float | None:
        """When `expire` has something to do next."""
        deadlines = [d.deadline for d in self._unattended if d.deadline is not None]
        if self._waiting:
            deadlines.append(self._sweep_at)
        return min(deadlines, default=None)

    def expire(self, now: float) -> list[Identity]:
        """Delete the destinations whose time to live has passed, and return what they were."""
        expired = [d for d in self._unattended if d.deadline is not None and d.deadline <= now]
        for destination in expired:
            self._delete(destination)
        return [destination.identity for destination in expired]

    @property
    def destinations(self) -> Collection[Destination]:
        """All that there are, the oldest first."""
        return self._destinations.values()

    @property
    def expired(self) -> int:
        """How many messages have been dropped because their time to live had passed."""
        return self._expired + sum(d.expired for d in self._destinations.values())

    def routes(self, topic: str) -> tuple[Destination, ...]:
        """The destinations that get a copy of what is published to `topic`."""
        routes = self._routes.get(topic)
        return self._patterns.match(topic) if routes is None else routes

    def _route(self, topic: str) -> tuple[Destination, ...]:
        if len(self._routes) >= _ROUTES_REMEMBERED:
            self._routes.clear()
        routes = self._patterns.match(topic)
        self._routes[topic] = routes
        return routes

    def _create(self, identity: Identity, ttl: float) -> Destination:
        destination = self._destinations[identity] = Destination(identity, ttl)
        self._patterns.add(identity.pattern, destination)
        self._routes.clear()
        return destination

    def _leave_unattended(self, destination: Destination, deadline: float) -> None:
        destination.deadline = deadline
        self._unattended[destination] = None
        self._record(destination)

    def _record(self, destination: Destination) -> None:
        """Tell the journal what it needs to know of the destination: nothing if it has no ttl."""
        if self._journal is None:
            return
        if not destination.ttl:
            self._forget(destination)
            return
        self._journal.kept(destination)
        if destination.journal is None:
            destination.journal = self._journal
            held = [message for consumer in destination.consumers for message in consumer.held()]
            for message in (*held, *destination.messages):
                self._journal.put(destination, message)
            if held:
                self._journal.handed_out(destination, held)

    @staticmethod
    def _forget(destination: Destination) -> None:
        if destination.journal is not None:
            destination.journal.deleted(destination)
            destination.journal = None

    def _delete(self, destination: Destination) -> None:
        self._forget(destination)
        del self._destinations[destination.identity]
        self._expired += destination.expired
        self._unattended.pop(destination, None)
        self._ready.pop(destination, None)
        self._patterns.remove(destination.identity.pattern, destination)
        self._routes.clear()
