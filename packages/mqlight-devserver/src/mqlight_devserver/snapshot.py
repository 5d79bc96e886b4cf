"""What goes on in a server at one moment: values that any thread may read."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqlight_devserver.broker import Broker, Destination, Recent, RecentMessages
    from mqlight_devserver.connection import Connection

__all__ = [
    "MOST_LINKS",
    "ClientState",
    "DestinationState",
    "Publication",
    "Snapshot",
    "Subscription",
    "TopicState",
    "take_snapshot",
]

_MOST: Final = 1000
"""Clients and destinations in a snapshot, as there are topics at most."""
MOST_LINKS: Final = 100
"""Of one client in a snapshot, in each direction, and destinations of one topic."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Publication:
    """A client's link to a topic; `messages` are those that came over it."""

    topic: str
    messages: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """A client's link from a destination; `messages` went over it and have not come back."""

    pattern: str
    share: str | None
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientState:
    """A client that is connected, for `connected_for` seconds, with some of its links.

    `subscription_count` is of all its subscriptions.
    """

    client_id: str
    user: str | None
    address: str
    connected_for: float
    tls: bool
    sent: int
    received: int
    publications: tuple[Publication, ...]
    subscriptions: tuple[Subscription, ...]
    subscription_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationState:
    """What a subscription created; exactly one of `share` and `client_id` is None.

    `ttl` is in seconds, and so is `deleted_in`: None while a client is attached.
    """

    pattern: str
    share: str | None
    client_id: str | None
    ttl: float
    deleted_in: float | None
    consumers: int
    waiting: int
    waiting_bytes: int
    unsettled: int
    delivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicState:
    """What has been published to a topic; `destinations` are positions in the snapshot's."""

    topic: str
    messages: int
    bytes: int
    destinations: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Sums over all that there is, and as much of it, in order of its age, as is good to look at.

    Times are in seconds, `now` is the time of the server's clock; sizes are in bytes, as encoded.
    `delivered` are messages handed out and not come back.  With `more_topics` there are more than
    `topic_count`, which nobody has counted.
    """

    now: float
    uptime: float
    received: int
    received_bytes: int
    delivered: int
    rejected: int
    expired: int
    waiting: int
    waiting_bytes: int
    unsettled: int
    topic_count: int
    more_topics: bool
    destination_count: int
    client_count: int
    topics: tuple[TopicState, ...]
    destinations: tuple[DestinationState, ...]
    clients: tuple[ClientState, ...]
    recent: tuple[Recent, ...]


def take_snapshot(
    broker: Broker,
    connections: Sequence[Connection],
    recent: RecentMessages | None,
    uptime: float,
    now: float,
) -> Snapshot:
    """Bring the counts up to date, and look at everything once."""
    for connection in connections:
        connection.tally()
    traffic, destinations = broker.traffic, broker.destinations
    shown = _largest(tuple(destinations), lambda one: len(one.messages) + one.delivered)
    places = {one: place for place, one in enumerate(shown)}
    clients = [state for one in connections if (state := one.state(now)) is not None]
    topics = traffic.topics()
    return Snapshot(
        now=now,
        uptime=uptime,
        received=traffic.received,
        received_bytes=traffic.received_bytes,
        delivered=traffic.delivered,
        rejected=traffic.rejected,
        expired=broker.expired,
        waiting=sum(len(one.messages) for one in destinations),
        waiting_bytes=sum(one.queued_bytes for one in destinations),
        unsettled=sum(_unsettled(one) for one in destinations),
        topic_count=len(topics),
        more_topics=traffic.more_topics,
        destination_count=len(destinations),
        client_count=len(clients),
        topics=tuple(
            TopicState(
                topic=topic.name,
                messages=topic.messages,
                bytes=topic.bytes,
                destinations=tuple(
                    places[one] for one in broker.routes(topic.name)[:MOST_LINKS] if one in places
                ),
            )
            for topic in topics
        ),
        destinations=tuple(_destination(one, now) for one in shown),
        clients=tuple(_largest(clients, lambda one: one.sent + one.received)),
        recent=() if recent is None else tuple(recent.newest_first()),
    )


def _destination(destination: Destination, now: float) -> DestinationState:
    identity, deadline = destination.identity, destination.deadline
    return DestinationState(
        pattern=identity.pattern,
        share=identity.share,
        client_id=identity.client_id,
        ttl=destination.ttl,
        deleted_in=None if deadline is None else max(deadline - now, 0),
        consumers=len(destination.consumers),
        waiting=len(destination.messages),
        waiting_bytes=destination.queued_bytes,
        unsettled=_unsettled(destination),
        delivered=destination.delivered,
    )


def _unsettled(destination: Destination) -> int:
    return sum(consumer.unsettled for consumer in destination.consumers)


def _largest(items: Sequence[T], size: Callable[[T], int]) -> Sequence[T]:
    """All of `items`, or where they are too many the largest, in the order in which they come."""
    if len(items) <= _MOST:
        return items
    kept = set(nlargest(_MOST, range(len(items)), key=lambda place: size(items[place])))
    return [item for place, item in enumerate(items) if place in kept]
