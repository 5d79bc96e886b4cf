"""What the journal is told of a link's deliveries, by what the client makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from devserver_history import JournalInMemory
from devserver_wire import Composite
from devserver_world import SETTLED, UNSETTLED, Client, World

from mqlight_devserver.broker import Identity

IDENTITY = Identity("a", None, "c")


@pytest.fixture
def journal() -> JournalInMemory:
    return JournalInMemory()


@pytest.fixture
def world(journal: JournalInMemory) -> World:
    return World(journal)


@pytest.fixture
def publisher(world: World) -> Client:
    publisher = world.connect("p")
    publisher.publish_to("a")
    return publisher


@pytest.fixture
def subscriber(world: World) -> Client:
    subscriber = world.connect("c")
    subscriber.subscribe("private:a", timeout=60)
    return subscriber


def failures_and_holders(journal: JournalInMemory) -> dict[int, tuple[int, bool]]:
    messages = journal.state[IDENTITY][2]
    return {order: (failed, held) for order, (_, _, failed, held) in messages.items()}


def test_a_message_is_told_before_its_publisher_hears_of_it(
    journal: JournalInMemory, subscriber: Client, publisher: Client
) -> None:
    """The server commits in between."""
    publisher.connection.receive(b"", 0.0)
    publisher.take()
    publisher.world.clients.remove(publisher)
    publisher.publish()
    assert failures_and_holders(journal) == {1: (0, True)}
    assert publisher.take() == []
    publisher.collect()
    assert [frame.kind for frame in publisher.take()] == ["disposition"]


def test_at_quality_of_service_0_a_message_is_gone_when_it_is_sent(
    journal: JournalInMemory, world: World, publisher: Client
) -> None:
    subscriber = world.connect("c")
    subscriber.subscribe("private:a", timeout=60, mode=SETTLED, credit=1)
    publisher.publish()
    publisher.publish()
    assert failures_and_holders(journal) == {2: (0, False)}


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"state": Composite("accepted")}, {}),
        ({"state": Composite("rejected")}, {}),
        ({"state": None}, {}),
        ({"state": Composite("released")}, {1: (0, False)}),
        ({"state": Composite("modified")}, {1: (0, False)}),
        ({"state": Composite("modified", delivery_failed=True)}, {1: (1, False)}),
    ],
)
def test_a_message_is_gone_when_the_client_settles_but_for_one_that_it_gives_back(
    journal: JournalInMemory,
    world: World,
    publisher: Client,
    fields: dict[str, Any],
    left: dict[int, tuple[int, bool]],
) -> None:
    subscriber = world.connect("c")
    subscriber.subscribe("private:a", timeout=60, mode=UNSETTLED, credit=1)
    publisher.publish()
    assert failures_and_holders(journal) == {1: (0, True)}
    subscriber.settle(0, **fields)
    assert failures_and_holders(journal) == left


def test_what_a_lost_client_had_waits_again(
    journal: JournalInMemory, world: World, subscriber: Client, publisher: Client
) -> None:
    publisher.publish()
    subscriber.drop()
    assert failures_and_holders(journal) == {1: (1, False)}
    assert journal.state[IDENTITY][:2] == (60, world.now + 60)


def test_an_unsubscribed_destination_is_deleted(
    journal: JournalInMemory, subscriber: Client, publisher: Client
) -> None:
    publisher.publish()
    subscriber.detach(closed=True)
    assert journal.state == {}
