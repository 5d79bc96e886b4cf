"""Subscribing and receiving: mqlight-protocol.md §4.5, §4.6, §5, §9.3, §9.4."""

from __future__ import annotations

from typing import Any

import pytest
from devserver_wire import Composite, Frame, Symbol, UByte, UInt, frame, message, sections
from devserver_world import (
    ACCEPTED,
    MIXED,
    SETTLED,
    UNSETTLED,
    Client,
    World,
    body_of,
    flow,
    header_of,
)


@pytest.fixture
def publisher(world: World) -> Client:
    publisher = world.connect("p")
    publisher.publish_to("a")
    publisher.take()
    return publisher


@pytest.fixture
def subscriber(world: World) -> Client:
    """Private, at quality of service 1, kept for a minute."""
    subscriber = world.connect("c")
    subscriber.subscribe("private:a", timeout=60)
    subscriber.take()
    return subscriber


def again(subscriber: Client) -> Client:
    """The same client in a new connection, after its old one is lost."""
    subscriber.drop()
    new = subscriber.world.connect("c")
    new.subscribe("private:a", timeout=60)
    return new


@pytest.mark.parametrize(("mode", "settled"), [(SETTLED, True), (UNSETTLED, False), (MIXED, False)])
def test_only_an_explicit_wish_for_settled_transfers_is_quality_of_service_0(
    world: World, publisher: Client, mode: UByte, *, settled: bool
) -> None:
    """Node's client leaves the mode open at both (§4.6; §9.7, 14)."""
    subscriber = world.connect("c")
    subscriber.subscribe("private:a", mode=mode)
    publisher.publish()
    (transfer,) = subscriber.transfers()
    assert bool(transfer["settled"]) is settled


def test_deliveries_have_ids_in_order_and_tags_of_their_own(
    subscriber: Client, publisher: Client
) -> None:
    for number in range(5):
        publisher.publish(str(number))
    transfers = subscriber.transfers()
    assert [transfer["delivery_id"] for transfer in transfers] == [0, 1, 2, 3, 4]
    assert len({transfer["delivery_tag"] for transfer in transfers}) == 5
    assert [body_of(transfer.payload) for transfer in transfers] == list("01234")


def test_no_more_is_sent_than_there_is_credit_for(world: World, publisher: Client) -> None:
    subscriber = world.connect("c")
    subscriber.subscribe("private:a", credit=2)
    for number in range(5):
        publisher.publish(str(number))
    assert subscriber.bodies() == ["0", "1"]
    subscriber.credit(2, count=2)
    assert subscriber.bodies() == ["2", "3"]


def test_without_credit_nothing_is_sent(world: World, publisher: Client) -> None:
    """§9.7, 9."""
    subscriber = world.connect("c")
    subscriber.subscribe("private:a", credit=0)
    publisher.publish()
    subscriber.credit(0)
    assert subscriber.transfers() == []


def test_a_small_session_window_is_honoured(world: World, publisher: Client) -> None:
    """Node's client starts with 100 and widens it with its credit (§1.3)."""
    subscriber = world.client()
    subscriber.log_in()
    subscriber.open("c")
    subscriber.begin(window=3)
    subscriber.subscribe("private:a", credit=0)
    subscriber.take()
    # The helper's flows widen the window, so this one is written out.
    narrow = flow(0, 0, 100)
    narrow.fields |= {"next_incoming_id": UInt(0), "incoming_window": UInt(3)}
    subscriber.send(frame(narrow))
    for number in range(5):
        publisher.publish(str(number))
    assert subscriber.bodies() == ["0", "1", "2"]
    narrow.fields |= {"next_incoming_id": UInt(3), "delivery_count": UInt(3)}
    subscriber.send(frame(narrow))
    assert subscriber.bodies() == ["3", "4"]


def test_a_large_message_is_split_to_the_clients_largest_frame(world: World) -> None:
    subscriber = world.connect("c", max_frame_size=UInt(1000))
    subscriber.subscribe("private:a", credit=10)
    publisher = world.connect("p")
    publisher.publish_to("a")
    publisher.publish("x" * 5000)
    transfers = subscriber.transfers()
    assert len(transfers) > 5
    assert all(transfer["more"] for transfer in transfers[:-1])
    assert not transfers[-1]["more"]
    assert body_of(b"".join(transfer.payload for transfer in transfers)) == "x" * 5000


def test_a_backlog_larger_than_what_is_made_at_a_time_is_delivered_whole(
    world: World, publisher: Client
) -> None:
    subscriber = world.connect("c")
    subscriber.subscribe("private:a", credit=0)
    for number in range(1700):
        publisher.publish(str(number), settled=True)
    subscriber.credit(10_000)
    assert subscriber.bodies() == [str(number) for number in range(1700)]


def test_nothing_more_is_made_for_a_client_that_is_too_slow(
    world: World, publisher: Client, subscriber: Client
) -> None:
    subscriber.connection.set_blocked(blocked=True)
    subscriber.slow = True
    publisher.publish("x")
    assert subscriber.take() == []
    subscriber.connection.set_blocked(blocked=False)
    subscriber.slow = False
    world.turn()
    world.turn()
    assert subscriber.bodies() == ["x"]


class TestSettling:
    @pytest.mark.parametrize(
        "fields",
        [
            {"settled": True, "state": ACCEPTED},
            {"settled": True, "state": None},
            {"settled": True, "state": Composite("received", section_number=UInt(0))},
            {"settled": False, "state": ACCEPTED},
            {"settled": True, "state": Composite("rejected")},
            {"settled": False, "state": Composite("rejected")},
        ],
        ids=["accepted", "no state", "received", "accepted first", "rejected", "rejected first"],
    )
    def test_what_is_settled_or_decided_is_not_delivered_again(
        self, subscriber: Client, publisher: Client, fields: dict[str, Any]
    ) -> None:
        """§9.7, 6."""
        publisher.publish()
        subscriber.settle(0, **fields)
        assert again(subscriber).bodies() == []

    def test_an_unsettled_decision_is_settled_back(
        self, subscriber: Client, publisher: Client
    ) -> None:
        publisher.publish()
        subscriber.take()
        subscriber.settle(0, settled=False)
        disposition = subscriber.only("disposition")
        assert disposition["role"] is False or disposition["role"] is None
        assert disposition["settled"] is True

    def test_a_settled_decision_is_not_answered(
        self, subscriber: Client, publisher: Client
    ) -> None:
        publisher.publish()
        subscriber.take()
        subscriber.settle(0)
        assert subscriber.take() == []

    @pytest.mark.parametrize(
        "fields",
        [
            {"settled": False, "state": None},
            {"settled": False, "state": Composite("received", section_number=UInt(0))},
        ],
        ids=["nothing", "received"],
    )
    def test_what_is_neither_settled_nor_decided_stays_with_the_client(
        self, subscriber: Client, publisher: Client, fields: dict[str, Any]
    ) -> None:
        publisher.publish("x")
        subscriber.take()
        subscriber.settle(0, **fields)
        assert subscriber.take() == []
        subscriber.settle(0)
        assert again(subscriber).bodies() == []

    def test_a_range_settles_all_of_it(self, subscriber: Client, publisher: Client) -> None:
        for number in range(5):
            publisher.publish(str(number))
        subscriber.settle(1, 3)
        assert again(subscriber).bodies() == ["0", "4"]

    def test_repeated_and_unknown_dispositions_are_ignored(
        self, subscriber: Client, publisher: Client
    ) -> None:
        """§9.7, 6: Node's client settles up to three times."""
        publisher.publish("0")
        publisher.publish("1")
        subscriber.take()
        accepted = Composite("disposition", role=True, first=UInt(0), settled=True, state=ACCEPTED)
        subscriber.send(frame(accepted), frame(accepted))
        subscriber.settle(0)
        subscriber.settle(77)
        subscriber.settle(2**32 - 1)
        publisher.publish("2")
        assert subscriber.bodies() == ["2"]
        assert again(subscriber).bodies() == ["1", "2"]

    def test_dispositions_that_are_mixed_and_repeated_settle_once(
        self, world: World, publisher: Client
    ) -> None:
        """The engine may report one delivery twice, by an address that is no longer valid."""
        subscriber = world.connect("c")
        subscriber.subscribe("private:a", handle=0, timeout=60)
        publisher.send(*(frame(publisher.transfer(), message(str(n))) for n in range(4)))
        accept = [
            frame(Composite("disposition", role=True, first=UInt(n), settled=False, state=ACCEPTED))
            for n in range(2)
        ]
        subscriber.send(*accept, *accept, *accept)
        assert again(subscriber).bodies() == ["2", "3"]

    def test_dispositions_for_settled_deliveries_are_ignored(
        self, world: World, publisher: Client
    ) -> None:
        """§9.7, 6: Node's client at quality of service 0."""
        subscriber = world.connect("c")
        subscriber.subscribe("private:a", mode=SETTLED)
        publisher.publish("0")
        subscriber.settle(0)
        publisher.publish("1")
        assert subscriber.bodies() == ["0", "1"]

    @pytest.mark.parametrize(
        ("state", "count"),
        [
            (Composite("released"), None),
            (Composite("modified"), None),
            (Composite("modified", delivery_failed=True), 1),
        ],
    )
    @pytest.mark.parametrize("settled", [True, False])
    def test_a_released_or_modified_message_is_delivered_again(
        self,
        subscriber: Client,
        publisher: Client,
        state: Composite,
        count: int | None,
        *,
        settled: bool,
    ) -> None:
        publisher.publish("x")
        subscriber.take()
        subscriber.settle(0, settled=settled, state=state)
        (transfer,) = subscriber.transfers()
        assert transfer["delivery_id"] == 1
        assert body_of(transfer.payload) == "x"
        assert header_of(transfer.payload)["delivery_count"] == count

    def test_a_released_message_goes_to_another_client_of_the_share(self, world: World) -> None:
        first, second, publisher = world.connect("x"), world.connect("y"), world.connect("p")
        for client, credit in ((first, 1), (second, 0)):
            client.subscribe("share:s:a", credit=credit)
            client.take()
        publisher.publish_to("a")
        publisher.publish("x")
        first.take()
        second.credit(1)
        first.settle(0, state=Composite("released"))
        assert second.bodies() == ["x"]


class TestRedelivery:
    def test_unsettled_messages_come_again_in_order_before_new_ones(
        self, subscriber: Client, publisher: Client
    ) -> None:
        for number in range(3):
            publisher.publish(str(number))
        subscriber.settle(1)
        subscriber.drop()
        publisher.publish("3")
        new = subscriber.world.connect("c")
        new.subscribe("private:a")
        transfers = new.transfers()
        assert [body_of(transfer.payload) for transfer in transfers] == ["0", "2", "3"]
        counts = [header_of(transfer.payload)["delivery_count"] for transfer in transfers]
        assert counts == [1, 1, None]

    def test_each_redelivery_is_counted(self, subscriber: Client, publisher: Client) -> None:
        publisher.publish("x")
        third = again(again(again(subscriber)))
        (transfer,) = third.transfers()
        assert header_of(transfer.payload)["delivery_count"] == 3

    def test_at_quality_of_service_0_nothing_comes_again(
        self, world: World, publisher: Client
    ) -> None:
        subscriber = world.connect("c")
        subscriber.subscribe("private:a", mode=SETTLED, timeout=60)
        publisher.publish("x")
        assert again(subscriber).bodies() == []

    def test_another_client_of_the_share_gets_what_a_lost_one_held(self, world: World) -> None:
        first, second, publisher = world.connect("x"), world.connect("y"), world.connect("p")
        first.subscribe("share:s:a")
        second.subscribe("share:s:a")
        second.take()
        publisher.publish_to("a")
        for number in range(4):
            publisher.publish(str(number))
        assert second.bodies() == ["1", "3"]
        first.drop()
        assert second.bodies() == ["0", "2"]


class TestTimeToLive:
    def test_the_delivered_ttl_is_what_remains(self, subscriber: Client, publisher: Client) -> None:
        publisher.publish(message(ttl=UInt(60_000)))
        (transfer,) = subscriber.transfers()
        assert header_of(transfer.payload)["ttl"] == 60_000
        subscriber.drop()
        subscriber.world.wait(20)
        new = subscriber.world.connect("c")
        new.subscribe("private:a", timeout=60)
        (transfer,) = new.transfers()
        assert header_of(transfer.payload)["ttl"] == 40_000

    def test_an_expired_message_is_not_delivered(
        self, subscriber: Client, publisher: Client
    ) -> None:
        subscriber.drop()
        publisher.publish(message("short", ttl=UInt(1000)))
        publisher.publish(message("long", ttl=UInt(1001)))
        subscriber.world.wait(1)
        new = subscriber.world.connect("c")
        new.subscribe("private:a", timeout=60)
        assert new.bodies() == ["long"]

    def test_messages_without_a_ttl_have_none_when_delivered(
        self, subscriber: Client, publisher: Client
    ) -> None:
        publisher.publish()
        (transfer,) = subscriber.transfers()
        assert header_of(transfer.payload)["ttl"] is None

    def test_a_destination_goes_when_its_ttl_has_passed(
        self, subscriber: Client, publisher: Client
    ) -> None:
        subscriber.drop()
        publisher.publish("x")
        subscriber.world.wait(60)
        new = subscriber.world.connect("c")
        new.subscribe("private:a", timeout=60)
        assert new.bodies() == []


class TestDetaching:
    """mqlight-protocol.md §5."""

    @pytest.mark.parametrize("closed", [True, False])
    def test_it_is_answered_in_kind(self, subscriber: Client, *, closed: bool) -> None:
        subscriber.detach(closed=closed)
        assert bool(subscriber.only("detach")["closed"]) is closed

    @pytest.mark.parametrize(
        ("timeout", "closed", "kept"),
        [(60, True, False), (60, False, True), (0, True, False), (0, False, False)],
    )
    def test_what_becomes_of_the_destination(
        self, world: World, publisher: Client, timeout: int, *, closed: bool, kept: bool
    ) -> None:
        """§9.7, 8: Node's client does not close destinations without a ttl."""
        subscriber = world.connect("c")
        subscriber.subscribe("private:a", timeout=timeout)
        subscriber.detach(closed=closed)
        publisher.publish("x")
        subscriber.take()
        subscriber.subscribe("private:a", timeout=timeout)
        assert subscriber.bodies() == (["x"] if kept else [])

    def test_a_share_lives_on_with_the_others(self, world: World, publisher: Client) -> None:
        first, second = world.connect("x"), world.connect("y")
        first.subscribe("share:s:a")
        second.subscribe("share:s:a")
        second.take()
        first.detach(closed=True)
        publisher.publish("x")
        assert second.bodies() == ["x"]

    def test_unsettled_messages_come_again_after_a_detach_that_keeps(
        self, subscriber: Client, publisher: Client
    ) -> None:
        publisher.publish("x")
        subscriber.detach(closed=False)
        subscriber.take()
        subscriber.subscribe("private:a", timeout=60)
        assert subscriber.bodies() == ["x"]

    def test_settling_after_a_detach_is_ignored(
        self, subscriber: Client, publisher: Client
    ) -> None:
        publisher.publish("x")
        subscriber.detach(closed=False)
        subscriber.settle(0)
        subscriber.take()
        subscriber.subscribe("private:a", timeout=60)
        assert subscriber.bodies() == ["x"]

    def test_attaching_again_replaces_the_former_link(
        self, subscriber: Client, publisher: Client
    ) -> None:
        """PY and RB give each link a session of its own (§9.3)."""
        publisher.publish("x")
        subscriber.take()
        subscriber.begin(1)
        subscriber.subscribe("private:a", channel=1, timeout=60)
        found = subscriber.take()
        (detached,) = [frame for frame in found if frame.kind == "detach"]
        error = detached["error"]
        assert isinstance(error, Composite)
        assert (detached.channel, error["condition"]) == (0, "amqp:link:stolen")
        (transfer,) = [frame for frame in found if frame.kind == "transfer"]
        assert transfer.channel == 1
        assert header_of(transfer.payload)["delivery_count"] == 1
        subscriber.detach(0)
        publisher.publish("y")
        assert subscriber.bodies() == ["y"]

    def test_a_client_may_come_and_go_as_often_as_it_likes(
        self, world: World, publisher: Client
    ) -> None:
        subscriber = world.connect("c")
        for number in range(300):
            subscriber.subscribe("private:a", timeout=number % 2 * 60)
            publisher.publish("x")
            subscriber.settle(number)
            subscriber.detach(closed=number % 3 == 0)
        kinds = [frame.kind for frame in subscriber.take()]
        assert kinds.count("transfer") == 300
        assert kinds.count("detach") == 300


class TestDraining:
    """AMQP 1.0 part 2.6.7; §9.7, 9: Ruby's client."""

    def drained(self, found: list[Frame], *, count: int) -> bool:
        flow = found[-1]
        assert flow.kind == "flow"
        assert flow["drain"] is True
        return (flow["delivery_count"], flow["link_credit"]) == (count, 0)

    def test_with_nothing_to_deliver_the_credit_is_used_up_at_once(self, world: World) -> None:
        subscriber = world.connect("c")
        subscriber.subscribe("private:a", credit=0)
        subscriber.take()
        subscriber.credit(5, drain=True)
        assert self.drained(subscriber.take(), count=5)

    def test_what_waits_is_delivered_first(self, world: World, publisher: Client) -> None:
        subscriber = world.connect("c")
        subscriber.subscribe("private:a", credit=0)
        publisher.publish("x")
        subscriber.take()
        subscriber.credit(5, drain=True)
        transfer, *rest = subscriber.take()
        assert transfer.kind == "transfer"
        assert self.drained(rest, count=5)

    def test_credit_that_is_used_up_by_messages_needs_no_answer(
        self, world: World, publisher: Client
    ) -> None:
        subscriber = world.connect("c")
        subscriber.subscribe("private:a", credit=0)
        publisher.publish("x")
        publisher.publish("y")
        subscriber.take()
        subscriber.credit(1, drain=True)
        assert [frame.kind for frame in subscriber.take()] == ["transfer"]

    def test_a_large_backlog_is_delivered_before_the_answer(
        self, world: World, publisher: Client
    ) -> None:
        subscriber = world.connect("c")
        subscriber.subscribe("private:a", credit=0)
        for _ in range(1200):
            publisher.publish("x", settled=True)
        subscriber.take()
        subscriber.credit(2000, drain=True)
        found = subscriber.take()
        assert [frame.kind for frame in found] == ["transfer"] * 1200 + ["flow"]
        assert self.drained(found, count=2000)

    def test_the_link_can_be_used_again(self, world: World, publisher: Client) -> None:
        subscriber = world.connect("c")
        subscriber.subscribe("private:a", credit=0)
        subscriber.credit(5, drain=True)
        subscriber.take()
        publisher.publish("x")
        assert subscriber.take() == []
        subscriber.credit(1, count=5, drain=False)
        assert subscriber.bodies() == ["x"]

    def test_a_link_that_goes_while_it_drains_is_no_trouble(
        self, subscriber: Client, publisher: Client
    ) -> None:
        subscriber.send(
            frame(flow(0, 0, 5, drain=True)),
            frame(Composite("detach", handle=UInt(0), closed=True)),
        )
        publisher.publish("x")
        assert [frame.kind for frame in subscriber.take()] == ["detach"]


def test_every_delivered_message_has_what_node_reads_unasked(
    subscriber: Client, publisher: Client
) -> None:
    """§4.7: a header and properties with a `to`; exactly one body."""
    publisher.publish(b"")
    (transfer,) = subscriber.transfers()
    found = sections(transfer.payload)
    assert [kind for kind, _ in found] == ["header", "properties", 0x77]
    properties = found[1][1]
    assert isinstance(properties, Composite)
    assert properties["to"] == "a"


def test_delivery_annotations_go_through_so_that_malformed_messages_can_be_tried(
    subscriber: Client, publisher: Client
) -> None:
    """§4.8."""
    annotations = b"\x00\x53\x71\xc1\x2a\x02\xa3\x21x-opt-message-malformed-condition\xa3\x04TEST"
    annotations = annotations.replace(b"\xc1\x2a", bytes((0xC1, len(annotations) - 5)))
    publisher.publish(annotations + message("x"))
    (transfer,) = subscriber.transfers()
    assert (0x71, {Symbol("x-opt-message-malformed-condition"): Symbol("TEST")}) in sections(
        transfer.payload
    )
