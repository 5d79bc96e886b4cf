"""Messages accepted and not finished, by topic, as pure batch structures.

A topic has one `Lane`: what waits, and what is in flight at quality of service 1, both in
the order of the calls.  The engine's sender link takes from its lane what credit allows.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable

    OnSent = Callable[..., object]

Send: TypeAlias = "tuple[str, bytes, int, OnSent | None, object, object]"
"""One accepted message: topic, encoded message, qos, on_sent, the caller's data and options.

A bare tuple, because making any object costs more than all else that `send()` does.
"""

Outcome: TypeAlias = "tuple[Send, Exception | None]"
"""A finished message, and why it was not sent, if it was not."""


class Lane:
    """The messages of one topic."""

    __slots__ = ("in_flight", "topic", "waiting")

    def __init__(self, topic: str) -> None:
        self.topic: str = topic
        self.waiting: deque[Send] = deque()
        self.in_flight: dict[Hashable, Send] = {}
        """At quality of service 1: transferred and not settled, by the engine's handle."""

    def take_largest(self, at_least: int) -> Send | None:
        """Take the largest message in flight, the oldest of equal ones, of at least so many bytes.

        None where there is none so large.
        """
        largest = max(self.in_flight.items(), key=lambda item: len(item[1][1]), default=None)
        if largest is None or len(largest[1][1]) < at_least:
            return None
        return self.in_flight.pop(largest[0])

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is in flight."""
        return not self.waiting and not self.in_flight


class Outbox:
    """All lanes of a client."""

    def __init__(self) -> None:
        self.lanes: dict[str, Lane] = {}
        self.written: list[Send] = []
        """At quality of service 0: transferred, and finished once the bytes are written."""

    @property
    def empty(self) -> bool:
        """Every accepted message is finished."""
        return not self.written and all(lane.idle for lane in self.lanes.values())

    def accept(self, sends: Iterable[Send]) -> set[Lane]:
        """Queue messages behind the others of their topics; return the lanes that got some."""
        lanes = self.lanes
        touched: set[Lane] = set()
        lane: Lane | None = None
        for send in sends:
            topic = send[0]
            if lane is None or lane.topic != topic:
                lane = lanes.get(topic)
                if lane is None:
                    lane = lanes[topic] = Lane(topic)
                touched.add(lane)
            lane.waiting.append(send)
        return touched

    def forget(self, lane: Lane) -> None:
        """Drop an idle lane."""
        if lane.idle:
            self.lanes.pop(lane.topic, None)

    def take_written(self) -> list[Send]:
        """Return the messages whose bytes are written now."""
        written, self.written = self.written, []
        return written

    def lost(self) -> list[Send]:
        """The connection is gone: return what counts as sent, put the rest back in order.

        At quality of service 0 a transferred message counts as sent; at 1 it is sent again, before
        newer ones of its topic (`mqlight-protocol.md` §3.8).
        """
        for lane in self.lanes.values():
            lane.waiting.extendleft(reversed(lane.in_flight.values()))
            lane.in_flight.clear()
        self.lanes = {topic: lane for topic, lane in self.lanes.items() if lane.waiting}
        return self.take_written()

    def withdraw(self, sends: Collection[Send]) -> list[Send]:
        """Take back those of these messages that wait; return them."""
        unwanted = {id(send) for send in sends}
        withdrawn: list[Send] = []
        for topic in dict.fromkeys(send[0] for send in sends):
            lane = self.lanes.get(topic)
            if lane is not None:
                kept: deque[Send] = deque()
                for send in lane.waiting:
                    (withdrawn if id(send) in unwanted else kept).append(send)
                lane.waiting = kept
        return withdrawn

    def stop(self) -> list[Send]:
        """Take everything that has not been transferred at quality of service 0, and forget it."""
        left = [
            send
            for lane in self.lanes.values()
            for send in (*lane.in_flight.values(), *lane.waiting)
        ]
        self.lanes.clear()
        return left
