"""What has passed through the broker: entered for whole batches, read when somebody asks."""

from __future__ import annotations

from heapq import nlargest
from operator import attrgetter
from typing import Final

__all__ = ["Account", "Topic", "Traffic"]

_TOPICS_KEPT: Final = 1000


class Topic:
    """What has been published to one topic; `bytes` as encoded."""

    __slots__ = ("bytes", "messages", "name")

    def __init__(self, name: str) -> None:
        self.name: str = name
        self.messages: int = 0
        self.bytes: int = 0


class Traffic:
    """The sums since the server began, and those of each topic.

    Of very many topics the busiest and the newest are kept; how many more there are nobody knows.
    One that was dropped begins again at 0 when it comes back.
    """

    def __init__(self) -> None:
        self.received: int = 0
        self.received_bytes: int = 0
        self.rejected: int = 0
        self.delivered: int = 0
        """Handed out, without what has come back."""
        self.more_topics: bool = False
        """Whether there are more topics than `topics` returns."""
        self._topics: dict[str, Topic] = {}

    def publish(self, topic: str, messages: int, size: int) -> None:
        """Enter so many messages, of `size` bytes together."""
        self.received += messages
        self.received_bytes += size
        entry = self._topics.pop(topic, None) or Topic(topic)
        self._topics[topic] = entry
        entry.messages += messages
        entry.bytes += size
        if len(self._topics) > 2 * _TOPICS_KEPT:
            self._prune()

    def topics(self) -> list[Topic]:
        """The topics that are kept, the newest last."""
        if len(self._topics) > _TOPICS_KEPT:
            self._prune()
        return list(self._topics.values())

    def _prune(self) -> None:
        topics = list(self._topics.values())
        half = _TOPICS_KEPT // 2
        older, newest = topics[:-half], topics[-half:]
        busiest = {topic.name for topic in nlargest(half, older, key=attrgetter("messages"))}
        kept = [topic for topic in older if topic.name in busiest] + newest
        self.more_topics = True
        self._topics = {topic.name: topic for topic in kept}


class Account:
    """What one client has sent and received, in messages; what it enters counts for all."""

    __slots__ = ("_traffic", "received", "sent")

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self.sent: int = 0
        self.received: int = 0

    def publish(self, topic: str, messages: int, size: int) -> None:
        """The client has sent so many messages, of `size` bytes together."""
        self.sent += messages
        self._traffic.publish(topic, messages, size)

    def deliver(self, messages: int) -> None:
        """The client has been given so many messages; fewer than 0 have come back."""
        self.received += messages
        self._traffic.delivered += messages

    def reject(self) -> None:
        """The client has sent a message that was not taken."""
        self._traffic.rejected += 1
