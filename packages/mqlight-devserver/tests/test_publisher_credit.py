"""Credit of publishers: mqlight-protocol.md §3.7, §9.4."""

from __future__ import annotations

import pytest
from devserver_wire import Composite, frame, message
from devserver_world import Client, World


def four_credits() -> tuple[Client, Client]:
    """A publisher with a credit of 4 that is not renewed, and who gets the messages later."""
    world = World(credit=4, max_queued_bytes=0)
    publisher, watcher = world.connect("p"), world.connect("w")
    watcher.subscribe("private:#", credit=0)
    publisher.publish_to("a")
    return publisher, watcher


def publish_until_credit(publisher: Client, size: int, most: int) -> tuple[object, object]:
    """Publish until a flow comes: its delivery-count and credit."""
    for _ in range(most):
        publisher.publish("x" * size, settled=True)
        for flow in publisher.take():
            return flow["delivery_count"], flow["link_credit"]
    pytest.fail("no flow came")


def test_credit_is_renewed_when_half_is_used(publisher: Client) -> None:
    assert publish_until_credit(publisher, 10, 10) == (5, 1000)
    assert publish_until_credit(publisher, 10, 1000) == (505, 1000)


def test_credit_is_for_four_mebibytes_of_messages(publisher: Client) -> None:
    count, credit = publish_until_credit(publisher, 300_000, 10)
    assert (count, credit) == (5, 13)
    assert publish_until_credit(publisher, 300_000, 13) == (12, 13)
    assert publish_until_credit(publisher, 5_000_000, 13) == (25, 1)
    assert publish_until_credit(publisher, 5_000_000, 1) == (26, 1)
    assert publish_until_credit(publisher, 10, 1) == (27, 1000)


def test_a_publisher_beyond_its_credit_loses_its_link() -> None:
    publisher, watcher = four_credits()
    for number in range(6):
        publisher.publish(str(number))
    detach = publisher.take()[-1]
    assert detach.kind == "detach"
    error = detach["error"]
    assert isinstance(error, Composite)
    assert error["condition"] == "amqp:link:transfer-limit-exceeded"
    for _ in range(100):
        publisher.publish("too late")
    assert {repr(disposition["state"]) for disposition in publisher.take()} == {"released()"}
    publisher.detach(1)
    publisher.publish_to("b", handle=2)
    assert publisher.only("attach")["name"] == "b"
    watcher.credit(10)
    assert watcher.bodies() == ["0", "1", "2", "3", "4", "5"]


def test_a_publisher_may_go_on_for_ever(publisher: Client, watcher: Client) -> None:
    granted = 10
    for number in range(40):
        batch = range(100 if number else 10)
        publisher.send(*(frame(publisher.transfer(settled=True), message()) for _ in batch))
        for flow in publisher.take():
            count, credit = flow["delivery_count"], flow["link_credit"]
            assert isinstance(count, int)
            assert isinstance(credit, int)
            granted = count + credit
        assert granted - publisher.next_id >= 500
    assert len(watcher.transfers()) == 3910


def test_nodes_one_transfer_beyond_its_credit_is_taken() -> None:
    """§9.7, 4: it starts at a delivery-count of 1 and counts from 0."""
    publisher, watcher = four_credits()
    for number in range(5):
        publisher.publish(str(number))
    kinds = [frame.kind for frame in publisher.take()]
    assert kinds.count("disposition") == 5
    watcher.credit(10)
    assert watcher.bodies() == ["0", "1", "2", "3", "4"]


class TestHeldBack:
    """Publishers wait while too much waits for subscribers."""

    @pytest.fixture
    def world(self) -> World:
        return World(max_queued_bytes=1000, credit=10)

    def test_a_publisher_gets_credit_again_when_there_is_room(self, world: World) -> None:
        slow, publisher = world.connect("s"), world.connect("p")
        slow.subscribe("private:a", credit=0)
        publisher.publish_to("a")
        publisher.take()
        for _ in range(10):
            publisher.publish("x" * 200, settled=True)
        assert publisher.take() == []
        slow.credit(100)
        assert len(slow.transfers()) == 10
        assert publisher.take() == []  # what is not settled still counts
        slow.settle(0, 9)
        flow = publisher.only("flow")
        assert (flow["delivery_count"], flow["link_credit"]) == (10, 10)

    def test_a_new_publisher_waits_for_its_first_credit_too(self, world: World) -> None:
        slow, publisher = world.connect("s"), world.connect("p")
        slow.subscribe("private:a", credit=0)
        publisher.publish_to("a", handle=1)
        publisher.publish("x" * 2000, settled=True)
        publisher.take()
        publisher.publish_to("b", handle=2)
        publisher.only("attach")
        slow.credit(1)
        slow.settle(0)
        flow = publisher.only("flow")
        assert flow["link_credit"] == 10

    def test_a_publisher_that_leaves_while_it_waits_is_no_trouble(self, world: World) -> None:
        slow, publisher = world.connect("s"), world.connect("p")
        slow.subscribe("private:a", credit=0)
        publisher.publish_to("a", handle=1)
        publisher.publish("x" * 2000, settled=True)
        publisher.publish_to("b", handle=2)
        publisher.publish_to("c", handle=3)
        publisher.detach(2)
        publisher.take()
        slow.credit(1)
        slow.settle(0)
        assert [frame["handle"] for frame in publisher.take()] == [2]


class TestNotComplete:
    """Messages of which a part has come count together, whoever sends them."""

    @pytest.fixture
    def world(self) -> World:
        return World(max_queued_bytes=1000)

    def part(self, client: Client, size: int, *, more: bool = True) -> None:
        client.send(frame(client.transfer(more=more), message("x" * size)))

    def test_those_beyond_the_limit_lose_their_link(self, world: World) -> None:
        first, second = world.connect("one"), world.connect("two")
        for client in (first, second):
            client.publish_to("a")
            client.take()
            self.part(client, 500)
        assert first.take() == []
        (detached,) = (found for found in second.take() if found.kind == "detach")
        error = detached["error"]
        assert isinstance(error, Composite)
        assert error["condition"] == "amqp:resource-limit-exceeded"

    def test_one_alone_may_be_larger_than_the_limit(self, world: World) -> None:
        client = world.connect("one")
        client.publish_to("a")
        client.take()
        self.part(client, 5000)
        self.part(client, 0, more=False)
        assert "detach" not in [found.kind for found in client.take()]

    def test_what_is_complete_or_gone_counts_no_more(self, world: World) -> None:
        for _ in range(3):
            client = world.connect("one")
            client.publish_to("a")
            client.take()
            self.part(client, 500)
            self.part(client, 0, more=False)
            assert "detach" not in [found.kind for found in client.take()]
            self.part(client, 500)
            assert "detach" not in [found.kind for found in client.take()]
            client.drop()
