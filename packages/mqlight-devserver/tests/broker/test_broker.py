"""The life of destinations and messages: mqlight-protocol.md §9.1."""

from __future__ import annotations

import pytest
from devserver_consumers import Recorder, orders

from mqlight_devserver.broker import Broker, Destination, Identity
from mqlight_devserver.sections import Header


def private(pattern: str, client_id: str = "c") -> Identity:
    return Identity(pattern, None, client_id)


def shared(pattern: str, share: str = "s") -> Identity:
    return Identity(pattern, share, None)


class Publisher:
    def __init__(self) -> None:
        self.resumed = 0

    def resume(self) -> None:
        self.resumed += 1


class Stage:
    """A broker, its consumers by client id, and a clock."""

    def __init__(self, max_queued_bytes: int = 1_000_000) -> None:
        self.broker = Broker(max_queued_bytes)
        self.now = 100.0
        self.consumers: dict[str, Recorder] = {}
        self.destinations: dict[Recorder, Destination] = {}

    def attach(self, identity: Identity, client_id: str = "c", *, ttl: float = 0) -> Recorder:
        consumer = Recorder(client_id, credit=100)
        self.destinations[consumer], _ = self.broker.attach(identity, ttl, consumer)
        self.deliver()
        return consumer

    def detach(self, consumer: Recorder, *, closed: bool = False, unsettled: int = 0) -> None:
        taken = [message for batch in consumer.batches for message in batch]
        returned = taken[len(taken) - unsettled :]
        self.broker.detach(self.destinations[consumer], consumer, returned, self.now, closed=closed)

    def publish(self, topic: str, *, ttl: int | None = None, size: int = 10) -> None:
        self.broker.publish(topic, bytes(size), Header(0, ttl=ttl), self.now)
        self.deliver()

    def deliver(self) -> None:
        self.broker.expire(self.now)
        self.broker.deliver(self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.deliver()


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_message_without_a_subscriber_is_forgotten(stage: Stage) -> None:
    stage.publish("a")
    assert stage.attach(private("a")).taken == []


def test_every_destination_that_matches_gets_a_copy(stage: Stage) -> None:
    consumers = [
        stage.attach(private("a/b", "x"), "x"),
        stage.attach(private("a/b", "y"), "y"),
        stage.attach(shared("a/+"), "z"),
    ]
    other = stage.attach(private("a/c"))
    stage.publish("a/b")
    assert [consumer.taken for consumer in consumers] == [[1], [1], [1]]
    assert other.taken == []


def test_copies_share_one_encoded_message(stage: Stage) -> None:
    first, second = stage.attach(private("a")), stage.attach(shared("a"))
    stage.publish("a")
    assert first.batches[0][0] is second.batches[0][0]


def test_a_client_with_two_patterns_that_match_gets_two_copies(stage: Stage) -> None:
    one, two = stage.attach(private("a/#")), stage.attach(private("#"))
    stage.publish("a/b")
    assert (one.taken, two.taken) == ([1], [1])


def test_clients_of_a_share_get_a_message_once(stage: Stage) -> None:
    one, two = stage.attach(shared("a"), "x"), stage.attach(shared("a"), "y")
    stage.publish("a")
    stage.publish("a")
    assert sorted(one.taken + two.taken) == [1, 2]


@pytest.mark.parametrize(
    "other", [private("a"), private("a", "d"), shared("a", "other"), shared("a/#")]
)
def test_destinations_differ_by_pattern_share_and_private_owner(
    stage: Stage, other: Identity
) -> None:
    one, two = stage.attach(shared("a"), "x"), stage.attach(other, "y")
    stage.publish("a")
    assert (one.taken, two.taken) == ([1], [1])


def test_the_same_client_attaching_again_replaces_its_consumer(stage: Stage) -> None:
    first = stage.attach(private("a"))
    second = Recorder("c", credit=9)
    assert stage.broker.attach(private("a"), 0, second)[1] is first
    stage.publish("a")
    assert (first.taken, second.taken) == ([], [1])


@pytest.mark.parametrize("closed", [False, True])
def test_a_destination_without_a_ttl_goes_with_its_last_consumer(
    stage: Stage,
    closed: bool,  # noqa: FBT001
) -> None:
    stage.detach(stage.attach(private("a")), closed=closed)
    stage.publish("a")
    assert stage.attach(private("a")).taken == []


def test_a_destination_with_a_ttl_outlives_its_last_consumer(stage: Stage) -> None:
    stage.detach(stage.attach(private("a"), ttl=10))
    stage.publish("a")
    stage.wait(9.9)
    stage.publish("a")
    assert stage.attach(private("a"), ttl=10).taken == [1, 2]


def test_a_destination_and_its_messages_go_when_the_ttl_has_passed(stage: Stage) -> None:
    stage.detach(stage.attach(private("a"), ttl=10))
    stage.publish("a")
    stage.wait(10)
    assert stage.attach(private("a"), ttl=10).taken == []


def test_attaching_stops_the_countdown(stage: Stage) -> None:
    stage.detach(stage.attach(private("a"), ttl=10))
    stage.wait(9)
    consumer = stage.attach(private("a"), ttl=10)
    stage.wait(9)
    stage.publish("a")
    assert consumer.taken == [1]


def test_the_latest_subscribers_ttl_replaces_the_former(stage: Stage) -> None:
    first = stage.attach(shared("a"), "x", ttl=1000)
    second = stage.attach(shared("a"), "y", ttl=10)
    stage.detach(first)
    stage.detach(second)
    stage.publish("a")
    stage.wait(10)
    assert stage.attach(shared("a"), "x").taken == []


def test_the_countdown_starts_when_the_last_consumer_of_a_share_goes(stage: Stage) -> None:
    first = stage.attach(shared("a"), "x", ttl=10)
    second = stage.attach(shared("a"), "y", ttl=10)
    stage.detach(first)
    assert stage.broker.next_deadline() is None
    stage.wait(20)
    stage.detach(second)
    assert stage.broker.next_deadline() == stage.now + 10


def test_closing_deletes_a_private_destination_whatever_its_ttl(stage: Stage) -> None:
    stage.detach(stage.attach(private("a"), ttl=10), closed=True)
    stage.publish("a")
    assert stage.attach(private("a")).taken == []


def test_closing_leaves_a_share_to_the_others(stage: Stage) -> None:
    first = stage.attach(shared("a"), "x", ttl=10)
    second = stage.attach(shared("a"), "y", ttl=10)
    stage.detach(first, closed=True)
    stage.publish("a")
    assert second.taken == [1]
    stage.detach(second, closed=True)
    stage.publish("a")
    assert stage.attach(shared("a"), "z").taken == []


def test_unsettled_messages_are_delivered_again_before_later_ones(stage: Stage) -> None:
    first = stage.attach(private("a"), ttl=10)
    for _ in range(3):
        stage.publish("a")
    stage.detach(first, unsettled=2)
    stage.publish("a")
    second = stage.attach(private("a"))
    assert second.taken == [2, 3, 4]
    assert [message.failed for message in second.batches[0]] == [1, 1, 0]


def test_unsettled_messages_of_one_client_go_to_another_of_its_share(stage: Stage) -> None:
    first, second = stage.attach(shared("a"), "x"), stage.attach(shared("a"), "y")
    stage.publish("a")
    stage.publish("a")
    stage.detach(first, unsettled=1)
    stage.deliver()
    assert second.taken == [2, 1]


def test_unsettled_messages_go_with_a_destination_that_is_deleted(stage: Stage) -> None:
    first = stage.attach(private("a"), ttl=10)
    stage.publish("a")
    stage.detach(first, closed=True, unsettled=1)
    assert stage.attach(private("a")).taken == []


def test_given_back_messages_are_delivered_again(stage: Stage) -> None:
    consumer = stage.attach(private("a"))
    stage.publish("a")
    stage.broker.give_back(stage.destinations[consumer], consumer.batches[0])
    assert stage.broker.ready
    stage.deliver()
    assert consumer.taken == [1, 1]


def test_a_message_expires_while_it_waits(stage: Stage) -> None:
    stage.detach(stage.attach(private("a"), ttl=100))
    stage.publish("a", ttl=5000)
    stage.publish("a", ttl=6000)
    stage.wait(5)
    assert stage.attach(private("a"), ttl=100).taken == [2]


def test_a_message_does_not_expire_while_it_is_unsettled_but_when_it_is_back(
    stage: Stage,
) -> None:
    consumer = stage.attach(private("a"), ttl=100)
    stage.publish("a", ttl=5000)
    stage.wait(6)
    stage.detach(consumer, unsettled=1)
    assert stage.attach(private("a"), ttl=100).taken == []


def test_nothing_is_handed_out_before_deliver(stage: Stage) -> None:
    consumer = stage.attach(private("a"))
    stage.broker.publish("a", b"", Header(0), stage.now)
    assert stage.broker.ready
    assert consumer.taken == []
    stage.deliver()
    assert not stage.broker.ready


def test_a_consumer_that_wakes_its_destination_gets_what_waits(stage: Stage) -> None:
    consumer = stage.attach(private("a"))
    consumer.credit = 0
    stage.publish("a")
    assert not stage.broker.ready
    consumer.credit = 1
    stage.broker.wake(stage.destinations[consumer])
    stage.deliver()
    assert consumer.taken == [1]


def test_waking_an_empty_destination_is_no_work(stage: Stage) -> None:
    consumer = stage.attach(private("a"))
    stage.broker.wake(stage.destinations[consumer])
    assert not stage.broker.ready


def test_the_next_deadline_is_the_first_destination_to_go(stage: Stage) -> None:
    assert stage.broker.next_deadline() is None
    stage.detach(stage.attach(private("a"), ttl=30))
    stage.detach(stage.attach(private("b"), ttl=20))
    assert stage.broker.next_deadline() == stage.now + 20
    stage.wait(20)
    assert stage.broker.next_deadline() == stage.now + 10


def test_new_destinations_get_topics_that_were_published_to_before(stage: Stage) -> None:
    stage.publish("a")
    consumer = stage.attach(private("#"))
    stage.publish("a")
    assert consumer.taken == [1]


def test_more_topics_than_are_remembered_are_routed_all_the_same(stage: Stage) -> None:
    consumer = stage.attach(private("#"))
    consumer.credit = 10_000
    for number in range(5000):
        stage.broker.publish(str(number), b"", Header(0), stage.now)
    stage.deliver()
    assert len(consumer.taken) == 5000


def test_publishers_are_held_back_while_too_much_waits() -> None:
    stage = Stage(max_queued_bytes=100)
    consumer, publisher = stage.attach(private("a"), ttl=10), Publisher()
    consumer.credit = 0
    stage.publish("a", size=100)
    assert stage.broker.has_room(stage.now)
    stage.publish("a", size=1)
    assert not stage.broker.has_room(stage.now)
    stage.broker.hold(publisher)
    stage.deliver()
    assert publisher.resumed == 0
    consumer.credit = 1
    stage.broker.wake(stage.destinations[consumer])
    stage.deliver()
    stage.deliver()
    assert publisher.resumed == 1


def test_a_publisher_that_has_gone_is_not_resumed() -> None:
    stage = Stage(max_queued_bytes=0)
    consumer, publisher = stage.attach(private("a")), Publisher()
    consumer.credit = 0
    stage.publish("a")
    stage.broker.hold(publisher)
    stage.broker.forget(publisher)
    stage.detach(consumer, closed=True)
    stage.deliver()
    assert publisher.resumed == 0


def test_expired_messages_make_room_again() -> None:
    stage = Stage(max_queued_bytes=50)
    stage.detach(stage.attach(private("a"), ttl=1000))
    publisher = Publisher()
    stage.publish("a", ttl=5000, size=40)
    stage.publish("a", ttl=60_000, size=40)
    assert not stage.broker.has_room(stage.now)
    stage.broker.hold(publisher)
    deadline = stage.broker.next_deadline()
    while publisher.resumed == 0:
        assert deadline is not None
        assert deadline <= 106.0
        stage.wait(max(deadline - stage.now, 0))
        deadline = stage.broker.next_deadline()
    assert orders(stage.attach(private("a")).batches[0]) == [2]


def test_that_publishers_are_held_back_is_told_once_until_half_of_it_has_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broker, identity = Broker(100), private("a")
    destination, _ = broker.attach(identity, 0, Recorder("c", credit=0))

    def fill_up() -> None:
        for _ in range(2):
            broker.publish("a", bytes(55), Header(0), 0.0)
        assert not broker.has_room(0.0)
        broker.hold(Publisher())

    def drain(messages: int) -> None:
        for _ in range(messages):
            destination._take(1, 0.0)
        assert broker.has_room(0.0)

    fill_up()
    broker.hold(Publisher())
    drain(1)
    fill_up()
    (told,) = caplog.records
    assert told.getMessage() == (
        "publishers are held back: 110 bytes wait for subscribers or are not settled by them, "
        "and 100 are allowed"
    )
    drain(3)
    fill_up()
    assert len(caplog.records) == 2
