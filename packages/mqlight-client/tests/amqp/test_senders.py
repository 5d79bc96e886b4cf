from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqlight._amqp import senders as senders_module
from mqlight._amqp.connection import AmqpConnection
from mqlight._amqp.events import Opened, Ready, SenderEnded
from mqlight._amqp.identity import Identity
from mqlight._amqp.links import Settled
from mqlight._amqp.senders import MOST_LINKS, Senders
from mqlight._machine.outbox import Lane, Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server_peer import ServerPeer

    from mqlight._machine.outbox import Outcome, Send


class Client:
    """Senders of a connection, driven as `Traffic` drives them."""

    def __init__(self, peer: ServerPeer, kind: type[AmqpConnection] = AmqpConnection) -> None:
        self.peer = peer
        self.connection = kind(Identity("client-1", "host", "amqp://host:5672"), 0)
        assert peer.talk(self.connection) == [Opened()]
        self.outbox = Outbox()
        self.senders = Senders(self.connection, self.outbox)
        self.failed: list[Outcome] = []
        self.finished: list[str] = []

    def send(self, *topics: str, qos: int = 0) -> None:
        sends: list[Send] = [(topic, b"encoded", qos, None, None, None) for topic in topics]
        self.senders.touch(self.outbox.accept(sends))

    def turn(self) -> None:
        """Go on until nothing is left to do."""
        while True:
            while self.senders.has_work and self.senders.pump(self.outbox.written, self.failed):
                pass
            self.outbox.take_written()
            events = self.peer.talk(self.connection)
            if not events:
                return
            for event in events:
                if isinstance(event, Ready):
                    self.senders.on_ready(event.sender)
                elif isinstance(event, SenderEnded):
                    assert event.error is None
                    self.senders.on_ended(event.sender)
                elif isinstance(event, Settled):
                    self.finished += [send[0] for send, _ in event.sender.complete()]
                    self.senders.rest(event.sender)
            self.senders.make_room()

    @property
    def attached(self) -> list[str]:
        ended = [name for name, _ in self.peer.ended]
        return [name for name in self.peer.links if name not in ended]

    @property
    def arrived(self) -> list[str]:
        return [message.topic for message in self.peer.transferred]


@pytest.fixture
def client(peer: ServerPeer) -> Iterator[Client]:
    client = Client(peer)
    yield client
    client.connection.free()


def bound(monkeypatch: pytest.MonkeyPatch, links: int) -> None:
    monkeypatch.setattr(senders_module, "MOST_LINKS", links)


def test_the_bound_is_the_designs() -> None:
    assert MOST_LINKS == 512


def test_each_topic_has_one_link(client: Client) -> None:
    client.send("a", "b", "a", qos=1)
    client.send("a")
    client.turn()
    assert sorted(client.attached) == ["a", "b"]
    assert sorted(client.arrived) == ["a", "a", "a", "b"]


def test_a_link_is_used_again(client: Client, peer: ServerPeer) -> None:
    for _ in range(3):
        client.send("a")
        client.turn()
    assert client.arrived == ["a"] * 3
    assert list(peer.links) == ["a"]


def test_nothing_is_to_be_done_without_messages(client: Client) -> None:
    assert not client.senders.has_work
    client.send("a")
    assert not client.senders.has_work
    client.turn()
    assert not client.senders.has_work


def test_messages_wait_for_credit(client: Client, peer: ServerPeer) -> None:
    peer.credit = 2
    client.send(*"aaaaa")
    client.turn()
    assert client.arrived == ["a"] * 2
    for _ in range(3):
        peer.grant("a", 1)
        client.turn()
    assert client.arrived == ["a"] * 5


def test_the_least_recently_used_idle_link_makes_room(
    client: Client, peer: ServerPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 3)
    for topic in ("a", "b", "c", "a", "d"):
        client.send(topic)
        client.turn()
    assert peer.ended == [("b", True)]
    assert sorted(client.attached) == ["a", "c", "d"]
    client.send("b")
    client.turn()
    assert peer.ended == [("b", True), ("c", True)]
    assert sorted(client.arrived) == ["a", "a", "b", "b", "c", "d"]


@pytest.mark.parametrize("qos", [0, 1])
def test_more_topics_than_links_all_get_their_turn(
    client: Client, peer: ServerPeer, monkeypatch: pytest.MonkeyPatch, qos: int
) -> None:
    bound(monkeypatch, 4)
    topics = [f"topic/{number}" for number in range(20)]
    client.send(*topics, *topics, qos=qos)
    client.turn()
    while qos and any(not message.settled for message in peer.transferred):
        peer.settle_all()
        client.turn()
    assert sorted(client.arrived) == sorted(topics * 2)
    assert len(client.finished) == (40 if qos else 0)
    assert len(client.attached) <= 4


def test_a_link_with_messages_in_flight_is_not_ended(
    client: Client, peer: ServerPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 1)
    client.send("a", qos=1)
    client.turn()
    client.send("b")
    client.turn()
    assert peer.ended == []
    assert client.arrived == ["a"]


def test_settlement_makes_room(
    client: Client, peer: ServerPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 1)
    client.send("a", qos=1)
    client.turn()
    client.send("b", qos=1)
    client.turn()
    peer.settle_all()
    client.turn()
    assert client.arrived == ["a", "b"]
    assert peer.ended == [("a", True)]


def test_a_link_with_messages_waiting_for_credit_is_not_ended(
    client: Client, peer: ServerPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 1)
    peer.credit = 1
    client.send("a", "a")
    client.turn()
    client.send("b")
    client.turn()
    assert peer.ended == []


def test_a_topic_that_is_used_while_its_link_ends_gets_a_new_one(
    client: Client, peer: ServerPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 1)
    client.send("a")
    client.turn()
    client.send("b")
    client.send("a")
    client.turn()
    assert client.arrived == ["a", "b", "a"]
    assert peer.ended == [("a", True), ("b", True)]


def test_no_more_links_end_than_topics_wait(
    client: Client, peer: ServerPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 3)
    client.send("a", "b", "c")
    client.turn()
    peer.answering = False
    client.send("d")
    client.turn()
    client.send("d", "d")
    client.turn()
    assert len(peer.ended) == 1


def test_the_lane_of_an_ended_link_is_forgotten(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 2)
    for number in range(10):
        client.send(f"topic/{number}")
        client.turn()
    assert len(client.outbox.lanes) == 2


def test_a_link_that_the_server_ends_holds_no_place(client: Client) -> None:
    client.send("a")
    client.turn()
    [sender] = client.senders._by_topic.values()
    client.senders.on_ended(sender)
    assert client.senders.links == 0
    assert client.senders.unused("a") is None


def test_a_link_whose_messages_are_taken_back_makes_room(
    client: Client, peer: ServerPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 1)
    peer.credit = 0
    client.send("a")
    client.turn()
    client.send("b")
    client.turn()
    assert client.attached == ["a"]
    taken_back = client.outbox.withdraw(tuple(client.outbox.lanes["a"].waiting))
    client.senders.on_withdrawn(send[0] for send in taken_back)
    client.senders.make_room()
    client.turn()
    assert client.attached == ["b"]


def test_a_link_that_is_used_past_the_queue_counts_as_used(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 2)
    for topic in ("a", "b"):
        client.send(topic)
        client.turn()
    assert client.senders.unused("a") is not None
    client.send("c")
    client.turn()
    assert sorted(client.attached) == ["a", "c"]


def test_the_search_for_an_idle_link_does_not_look_at_each(
    client: Client, peer: ServerPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    def idle(lane: Lane) -> bool:
        nonlocal looks
        looks += 1
        return not lane.waiting and not lane.in_flight

    monkeypatch.setattr(Lane, "idle", property(idle))
    bound(monkeypatch, 200)
    topics = [f"topic/{number}" for number in range(1_000)]
    client.send(*topics, qos=1)
    client.turn()
    while any(not message.settled for message in peer.transferred):
        peer.settle_all()
        client.turn()
    assert len(client.finished) == len(topics)
    assert looks < 10 * len(topics)


def test_credit_of_a_link_that_is_ending_is_of_no_use(
    client: Client, peer: ServerPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(monkeypatch, 1)
    client.send("a")
    client.turn()
    peer.answering = False
    client.send("b")
    client.turn()
    peer.grant("a", 5)
    client.turn()
    assert not client.senders.has_work


class FewHandles(AmqpConnection):
    """A connection whose server allows two links."""

    @property
    def free_handles(self) -> int:
        return 2 - len(self._links)


def test_no_more_links_are_attached_than_the_server_allows(peer: ServerPeer) -> None:
    client = Client(peer, FewHandles)
    client.send("a", "b", "c", "d")
    client.turn()
    assert sorted(client.arrived) == ["a", "b", "c", "d"]
    assert len(client.attached) == 2
    client.connection.free()
