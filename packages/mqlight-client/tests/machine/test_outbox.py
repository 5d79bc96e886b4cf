from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mqlight._machine.outbox import Lane, Outbox, Send

if TYPE_CHECKING:
    from collections.abc import Iterable

TOPICS = ("a", "b", "c")


def send_to(topic: str, number: int = 0, qos: int = 0) -> Send:
    return (topic, b"encoded", qos, None, number, None)


def numbers(sends: Iterable[Send]) -> list[object]:
    return [send[4] for send in sends]


def test_messages_queue_behind_the_others_of_their_topic() -> None:
    outbox = Outbox()
    outbox.accept([send_to("a", 1), send_to("b", 2), send_to("a", 3)])
    outbox.accept([send_to("a", 4)])
    assert numbers(outbox.lanes["a"].waiting) == [1, 3, 4]
    assert numbers(outbox.lanes["b"].waiting) == [2]


def test_what_waits_can_be_withdrawn() -> None:
    outbox = Outbox()
    sends = [send_to("a", 1), send_to("b", 2), send_to("a", 3)]
    outbox.accept(sends)
    assert numbers(outbox.withdraw([sends[0], sends[1]])) == [1, 2]
    assert numbers(outbox.lanes["a"].waiting) == [3]
    assert outbox.withdraw([sends[0], send_to("c")]) == []


def test_an_equal_message_is_not_withdrawn_with_another() -> None:
    outbox = Outbox()
    one: Send = ("a", b"encoded", 0, None, [], None)
    two: Send = ("a", b"encoded", 0, None, [], None)
    outbox.accept([one, two])
    assert outbox.withdraw([one])[0] is one
    assert outbox.lanes["a"].waiting[0] is two


def test_accepting_returns_the_lanes_that_got_something() -> None:
    outbox = Outbox()
    outbox.accept([send_to("a")])
    touched = outbox.accept([send_to("b"), send_to("b"), send_to("c"), send_to("b")])
    assert {lane.topic for lane in touched} == {"b", "c"}
    assert outbox.accept([]) == set()


def test_a_new_outbox_is_empty() -> None:
    assert Outbox().empty


def test_an_outbox_is_empty_once_everything_is_finished() -> None:
    outbox = Outbox()
    send = send_to("a", qos=1)
    (lane,) = outbox.accept([send])
    assert not outbox.empty
    lane.in_flight["handle"] = lane.waiting.popleft()
    assert not outbox.empty
    del lane.in_flight["handle"]
    assert outbox.empty


def test_what_is_transferred_and_not_yet_written_is_unfinished() -> None:
    outbox = Outbox()
    outbox.written.append(send_to("a"))
    assert not outbox.empty
    assert outbox.take_written() == [send_to("a")]
    assert outbox.take_written() == []
    assert outbox.empty


def test_an_idle_lane_can_be_forgotten() -> None:
    outbox = Outbox()
    (lane,) = outbox.accept([send_to("a")])
    outbox.forget(lane)
    assert outbox.lanes == {"a": lane}
    lane.waiting.clear()
    outbox.forget(lane)
    outbox.forget(lane)
    assert outbox.lanes == {}


def test_a_lane_in_flight_is_not_forgotten() -> None:
    outbox = Outbox()
    (lane,) = outbox.accept([send_to("a", qos=1)])
    lane.in_flight["handle"] = lane.waiting.popleft()
    outbox.forget(lane)
    assert "a" in outbox.lanes


def test_a_lost_connection_puts_what_is_in_flight_before_newer_messages() -> None:
    outbox = Outbox()
    (lane,) = outbox.accept([send_to("a", number, qos=1) for number in (1, 2, 3, 4)])
    for handle in ("x", "y"):
        lane.in_flight[handle] = lane.waiting.popleft()
    assert outbox.lost() == []
    assert numbers(lane.waiting) == [1, 2, 3, 4]
    assert lane.in_flight == {}


def test_a_lost_connection_counts_qos_0_as_sent() -> None:
    outbox = Outbox()
    outbox.written += [send_to("a", 1), send_to("b", 2)]
    assert numbers(outbox.lost()) == [1, 2]
    assert outbox.empty


def test_stopping_takes_what_is_in_flight_and_what_waits() -> None:
    outbox = Outbox()
    lanes = outbox.accept([send_to(topic, 10 * n, qos=1) for n, topic in enumerate("ab")])
    for lane in lanes:
        lane.in_flight["handle"] = lane.waiting.popleft()
    outbox.accept([send_to("a", 1), send_to("b", 11)])
    assert numbers(outbox.stop()) == [0, 1, 10, 11]
    assert outbox.stop() == []
    assert outbox.lanes == {}


class OutboxWithAnEngine(RuleBasedStateMachine):
    """An outbox between an application and an engine whose connection comes and goes.

    Every accepted message is finished once; the server sees each topic's messages in the order of
    the calls, repeated ones before newer ones.
    """

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox()
        self.handles = count()
        self.numbers = count()
        self.accepted: dict[str, list[int]] = {topic: [] for topic in TOPICS}
        self.finished: list[object] = []
        self.failed: list[object] = []
        self.seen: dict[str, list[int]] = {topic: [] for topic in TOPICS}
        """What the server got of a topic over the present connection."""
        self.stopped = False

    def lane(self, topic: str) -> Lane:
        return self.outbox.lanes.get(topic, Lane(topic))

    def number(self, send: Send) -> int:
        number = send[4]
        assert isinstance(number, int)
        return number

    @precondition(lambda self: not self.stopped)
    @rule(batch=st.lists(st.tuples(st.sampled_from(TOPICS), st.integers(0, 1)), max_size=5))
    def application_sends(self, batch: list[tuple[str, int]]) -> None:
        sends = []
        for topic, qos in batch:
            number = next(self.numbers)
            self.accepted[topic].append(number)
            sends.append(send_to(topic, number, qos))
        self.outbox.accept(sends)

    @rule(topic=st.sampled_from(TOPICS), credit=st.integers(1, 4))
    def engine_transfers(self, topic: str, credit: int) -> None:
        lane = self.lane(topic)
        for _ in range(min(credit, len(lane.waiting))):
            send = lane.waiting.popleft()
            self.seen[topic].append(self.number(send))
            if send[2]:
                lane.in_flight[next(self.handles)] = send
            else:
                self.outbox.written.append(send)

    @rule()
    def bytes_are_written(self) -> None:
        self.finished += numbers(self.outbox.take_written())

    @rule(topic=st.sampled_from(TOPICS), which=st.integers(0, 9))
    def server_settles(self, topic: str, which: int) -> None:
        in_flight = self.lane(topic).in_flight
        if in_flight:
            handle = list(in_flight)[which % len(in_flight)]
            self.finished.append(self.number(in_flight.pop(handle)))

    @rule(topic=st.sampled_from(TOPICS))
    def idle_link_ends(self, topic: str) -> None:
        self.outbox.forget(self.lane(topic))

    @rule()
    def connection_is_lost(self) -> None:
        self.finished += numbers(self.outbox.lost())
        self.seen = {topic: [] for topic in TOPICS}

    @rule()
    def client_stops(self) -> None:
        self.finished += numbers(self.outbox.lost())
        self.failed += numbers(self.outbox.stop())
        self.stopped = True
        assert self.outbox.empty

    @rule()
    def client_starts_again(self) -> None:
        self.stopped = False

    @invariant()
    def nothing_is_lost_or_finished_twice(self) -> None:
        unfinished = numbers(self.outbox.written)
        for lane in self.outbox.lanes.values():
            unfinished += numbers(lane.in_flight.values()) + numbers(lane.waiting)
        everything = [*self.finished, *self.failed, *unfinished]
        expected = [number for sent in self.accepted.values() for number in sent]
        assert sorted(everything, key=repr) == sorted(expected, key=repr)
        assert self.outbox.empty is not bool(unfinished)

    @invariant()
    def a_topic_keeps_its_order(self) -> None:
        for topic in TOPICS:
            assert self.seen[topic] == sorted(self.seen[topic])
            lane = self.lane(topic)
            waiting = [self.number(send) for send in (*lane.in_flight.values(), *lane.waiting)]
            assert waiting == sorted(waiting)


TestOutboxWithAnEngine = OutboxWithAnEngine.TestCase
