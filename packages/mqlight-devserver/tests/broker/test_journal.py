"""What a journal is told is what must outlive the broker, no more and no less."""

from __future__ import annotations

import pytest
from devserver_consumers import Recorder, numbered
from devserver_history import History, JournalInMemory, durable_state
from hypothesis import settings
from hypothesis.stateful import invariant

from mqlight_devserver.broker import Broker, Destination, Identity
from mqlight_devserver.sections import Header

SHARED = Identity("a/#", "s", None)
BODY = bytes(10)


class JournalAndBroker(History):
    """The journal knows the durable state of the broker, at every moment."""

    def journal(self) -> JournalInMemory:
        self.told = JournalInMemory()
        return self.told

    @invariant()
    def the_journal_knows_what_is_to_outlive_the_broker(self) -> None:
        assert self.told.state == durable_state(self.broker)


JournalAndBroker.TestCase.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None
)
TestJournalAndBroker = JournalAndBroker.TestCase


@pytest.fixture
def journal() -> JournalInMemory:
    return JournalInMemory()


@pytest.fixture
def broker(journal: JournalInMemory) -> Broker:
    return Broker(1_000_000, journal)


def publish(broker: Broker, now: float = 0.0, *, ttl: int | None = None) -> None:
    broker.publish("a/b", BODY, Header(0, ttl=ttl), now)


def attach(broker: Broker, ttl: float, client_id: str = "c", credit: int = 10) -> Destination:
    return broker.attach(SHARED, ttl, Recorder(client_id, credit))[0]


def test_a_destination_without_a_ttl_is_nothing_for_the_journal(
    broker: Broker, journal: JournalInMemory
) -> None:
    attach(broker, 0)
    publish(broker)
    broker.deliver(0.0)
    assert journal.state == {}


def test_a_destination_that_gets_a_ttl_is_told_with_the_messages_that_it_has(
    broker: Broker, journal: JournalInMemory
) -> None:
    attach(broker, 0, credit=1)
    publish(broker)
    publish(broker)
    broker.deliver(0.0)
    attach(broker, 60, "another")
    handed_out, waiting = (BODY, None, 0, True), (BODY, None, 0, False)
    assert journal.state == {SHARED: (60, None, {1: handed_out, 2: waiting})}


def test_what_the_former_link_of_a_client_holds_is_told_too(
    broker: Broker, journal: JournalInMemory
) -> None:
    attach(broker, 0)
    publish(broker)
    broker.deliver(0.0)
    attach(broker, 60)
    assert journal.state == {SHARED: (60, None, {1: (BODY, None, 0, True)})}


def test_a_destination_that_loses_its_ttl_is_deleted(
    broker: Broker, journal: JournalInMemory
) -> None:
    attach(broker, 60)
    publish(broker)
    attach(broker, 0, "another")
    publish(broker)
    assert journal.state == {}


def test_what_is_settled_after_that_is_not_told(broker: Broker, journal: JournalInMemory) -> None:
    destination = attach(broker, 60)
    attach(broker, 0)
    assert destination.journal is None


def test_a_message_that_has_expired_when_it_would_be_delivered_is_gone(
    broker: Broker, journal: JournalInMemory
) -> None:
    destination = attach(broker, 60, credit=0)
    publish(broker, ttl=1000)
    publish(broker)
    attach(broker, 60, "another")
    broker.deliver(1.0)
    assert not destination.messages
    assert journal.state == {SHARED: (60, None, {2: (BODY, None, 0, True)})}


def test_restored_messages_are_delivered_in_their_order_and_before_later_ones() -> None:
    broker, consumer = Broker(1_000_000), Recorder("c", 10)
    broker.restore(SHARED, 60, 50.0, [numbered(7), numbered(9)])
    publish(broker)
    broker.attach(SHARED, 60, consumer)
    broker.deliver(0.0)
    assert consumer.taken == [7, 9, 10]


def test_what_is_restored_is_not_told_again_but_its_deadline() -> None:
    journal = JournalInMemory()
    Broker(1_000_000, journal).restore(SHARED, 60, 50.0, [numbered(7)])
    assert journal.state == {SHARED: (60, 50.0, {})}


def test_a_restored_destination_goes_at_its_deadline(journal: JournalInMemory) -> None:
    broker = Broker(1_000_000, journal)
    broker.restore(SHARED, 60, 50.0, [])
    assert broker.next_deadline() == 50.0
    assert broker.expire(49.9) == []
    assert SHARED in journal.state
    assert broker.expire(50.0) == [SHARED]
    assert journal.state == {}
