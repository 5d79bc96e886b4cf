"""The sender links of one connection: one for each topic in use, never more than a bound.

The least recently used idle link makes room for a new topic (design §2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqlight._amqp.connection import AmqpConnection
    from mqlight._amqp.links import Sender
    from mqlight._machine.outbox import Lane, Outbox, Outcome, Send

MOST_LINKS = 512
"""Sender links attached at a time; fewer where the server allows fewer handles."""


class Senders:
    """Attaches, feeds and ends sender links as the lanes of an outbox need them."""

    def __init__(self, connection: AmqpConnection, outbox: Outbox) -> None:
        self._connection = connection
        self._outbox = outbox
        self._by_topic: dict[str, Sender] = {}
        """Attached links, the least recently used first."""
        self._leaving: dict[str, Sender] = {}
        self._ready: set[Sender] = set()
        self._roomless: dict[str, Lane] = {}
        """Lanes with messages and no link, the longest waiting first: the bound is reached."""
        self._yielded = 0
        """Handles that are wanted for subscriptions."""

    @property
    def links(self) -> int:
        """Sender links that hold a handle."""
        return len(self._by_topic) + len(self._leaving)

    @property
    def has_work(self) -> bool:
        """A link may have both messages and credit."""
        return bool(self._ready)

    def touch(self, lanes: Iterable[Lane]) -> None:
        """These lanes have new messages."""
        for lane in lanes:
            topic = lane.topic
            sender = self._by_topic.pop(topic, None)
            if sender is not None:
                self._by_topic[topic] = sender
                if sender.attached:
                    self._ready.add(sender)
            elif topic not in self._leaving:
                self._roomless[topic] = lane
        self.make_room()

    def unused(self, topic: str) -> Sender | None:
        """Return the attached link of a topic of which no message waits, if there is one."""
        sender = self._by_topic.get(topic)
        if sender is None or not sender.attached or sender.lane.waiting:
            return None
        return sender

    def on_ready(self, sender: Sender) -> None:
        """A link has been attached or has got credit."""
        if self._by_topic.get(sender.lane.topic) is sender:
            self._ready.add(sender)

    def on_ended(self, sender: Sender) -> None:
        """A link that was asked to end has ended."""
        lane = sender.lane
        self._leaving.pop(lane.topic, None)
        if lane.idle:
            self._outbox.forget(lane)
        else:
            self._roomless[lane.topic] = lane
        self.make_room()

    def pump(self, written: list[Send], failed: list[Outcome]) -> int:
        """Transfer what messages and credit allow, at most a batch a link; return how many."""
        total = 0
        for sender in tuple(self._ready):
            count = sender.transfer(written, failed)
            if not count or not sender.lane.waiting:
                self._ready.discard(sender)
            total += count
        return total

    def make_room(self) -> None:
        """Attach links for lanes without one, as far as there is room; end idle links for the rest.

        To be called whenever messages have been settled.
        """
        while len(self._roomless) + self._yielded > 0:
            free = self._connection.free_handles - self._yielded
            if self._roomless and self.links < MOST_LINKS and free > 0:
                topic = next(iter(self._roomless))
                lane = self._roomless.pop(topic)
                if lane.idle:
                    self._outbox.forget(lane)
                else:
                    self._by_topic[topic] = self._connection.open_sender(lane)
            elif not self._end_least_recently_used():
                return

    def yield_handles(self, count: int) -> None:
        """Leave so many handles to subscriptions, before any topic that waits for a link."""
        self._yielded = count
        self.make_room()

    def _end_least_recently_used(self) -> bool:
        missing = max(self._yielded - self._connection.free_handles, 0)
        if len(self._leaving) >= len(self._roomless) + missing:
            return False
        for topic, sender in self._by_topic.items():
            if sender.lane.idle and sender.attached:
                del self._by_topic[topic]
                self._ready.discard(sender)
                self._leaving[topic] = sender
                self._connection.end_link(sender, closed=True)
                return True
        return False
