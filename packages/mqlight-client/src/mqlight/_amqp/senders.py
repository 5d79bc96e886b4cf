"""The sender links of one connection: one for each topic in use, never more than a bound.

The link that has been idle for longest makes room for a new topic (design §2).
"""

from __future__ import annotations

from collections import OrderedDict
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
        """Links that are attached or being attached."""
        # Ordered dictionaries, because a plain one takes longer and longer to find its first entry.
        self._resting: OrderedDict[str, Sender] = OrderedDict()
        """Those of them that have nothing to do, the longest idle first."""
        self._leaving: dict[str, Sender] = {}
        self._ready: set[Sender] = set()
        self._roomless: OrderedDict[str, Lane] = OrderedDict()
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
            sender = self._by_topic.get(topic)
            if sender is not None:
                self._resting.pop(topic, None)
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
        if topic in self._resting:
            self._resting.move_to_end(topic)
        return sender

    def on_ready(self, sender: Sender) -> None:
        """A link has been attached or has got credit."""
        if self._by_topic.get(sender.lane.topic) is sender:
            self._ready.add(sender)

    def on_ended(self, sender: Sender) -> None:
        """A link has ended, as asked or not."""
        lane = sender.lane
        self._leaving.pop(lane.topic, None)
        if self._by_topic.get(lane.topic) is sender:
            del self._by_topic[lane.topic]
            self._resting.pop(lane.topic, None)
            self._ready.discard(sender)
        if lane.idle:
            self._outbox.forget(lane)
        else:
            self._roomless[lane.topic] = lane
        self.make_room()

    def pump(self, written: list[Send], failed: list[Outcome]) -> int:
        """Transfer what messages and credit allow, at most a batch a link; return how many."""
        total = 0
        unused = False
        for sender in tuple(self._ready):
            count = sender.transfer(written, failed)
            if not count or not sender.lane.waiting:
                self._ready.discard(sender)
                unused |= self.rest(sender) and not count
            total += count
        if unused:
            self.make_room()
        return total

    def rest(self, sender: Sender) -> bool:
        """A link may have nothing to do any more; if so, others may have its place: True."""
        topic = sender.lane.topic
        idle = sender.lane.idle and sender.attached and self._by_topic.get(topic) is sender
        if idle:
            self._resting[topic] = sender
        return idle

    def on_withdrawn(self, topics: Iterable[str]) -> None:
        """Messages to these topics, which waited, have been taken back."""
        for topic in topics:
            sender = self._by_topic.get(topic)
            if sender is not None:
                self.rest(sender)

    def make_room(self) -> None:
        """Attach links for lanes without one, as far as there is room; end idle links for the rest.

        To be called whenever messages have been settled.
        """
        while len(self._roomless) + self._yielded > 0:
            free = self._connection.free_handles - self._yielded
            if self._roomless and self.links < MOST_LINKS and free > 0:
                topic, lane = self._roomless.popitem(last=False)
                if lane.idle:
                    self._outbox.forget(lane)
                else:
                    self._by_topic[topic] = self._connection.open_sender(lane)
            elif not self._end_longest_idle():
                return

    def yield_handles(self, count: int) -> None:
        """Leave so many handles to subscriptions, before any topic that waits for a link."""
        self._yielded = count
        self.make_room()

    def _end_longest_idle(self) -> bool:
        missing = max(self._yielded - self._connection.free_handles, 0)
        if not self._resting or len(self._leaving) >= len(self._roomless) + missing:
            return False
        topic, sender = self._resting.popitem(last=False)
        del self._by_topic[topic]
        self._leaving[topic] = sender
        self._ready.discard(sender)
        self._connection.end_link(sender, closed=True)
        return True
