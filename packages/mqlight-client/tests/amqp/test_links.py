from __future__ import annotations

from typing import TYPE_CHECKING

import proton
import pytest

from mqlight._amqp import links
from mqlight._amqp.connection import AmqpConnection
from mqlight._amqp.events import Event, Opened, Ready, ReceiverOpened
from mqlight._amqp.identity import Identity
from mqlight._amqp.links import Arrived, Receiver, Sender, Settled
from mqlight._amqp.message import TEXT, encode_prefix, encode_text
from mqlight._machine.outbox import Lane, Outcome, Send
from mqlight._machine.subscriptions import Subscription
from mqlight_core.errors import MQLightError, NotPermittedError, SecurityError
from mqlight_core.topics import Destination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from server_peer import ServerPeer

ADDRESS = "private:news"
ACCEPTED = int(proton.Disposition.ACCEPTED)
PREFIX = encode_prefix("news", TEXT)


@pytest.fixture
def client(peer: ServerPeer) -> Iterator[AmqpConnection]:
    connection = AmqpConnection(Identity("client-1", "host", "amqp://host:5672"), 0)
    assert peer.talk(connection) == [Opened()]
    yield connection
    connection.free()


# Sending.


def send(number: int, qos: int = 0, size: int = 0) -> Send:
    return ("news", encode_text(PREFIX, str(number).rjust(size)), qos, None, number, None)


def numbers(outcomes: list[Outcome]) -> list[object]:
    return [send[4] for send, _ in outcomes]


def bodies(peer: ServerPeer) -> list[int]:
    """Return what the server has got, as numbers."""
    texts = []
    for message in peer.transferred:
        decoded = proton.Message()
        decoded.decode(message.encoded)
        texts.append(int(str(decoded.body)))
    return texts


class Topic:
    """A sender link under test, with what came of its messages."""

    def __init__(self, client: AmqpConnection, peer: ServerPeer) -> None:
        self.client = client
        self.peer = peer
        self.lane = Lane("news")
        self.sender: Sender = client.open_sender(self.lane)
        self.written: list[Send] = []
        self.failed: list[Outcome] = []

    def accept(self, *sends: Send) -> None:
        self.lane.waiting.extend(sends)

    def transfer(self) -> int:
        return self.sender.transfer(self.written, self.failed)

    def settled(self) -> list[Outcome]:
        """Return what the server has said since the last time."""
        events = self.peer.talk(self.client)
        assert set(map(type, events)) <= {Settled, Ready}
        return self.sender.complete() if any(isinstance(e, Settled) for e in events) else []


@pytest.fixture
def topic(client: AmqpConnection, peer: ServerPeer) -> Topic:
    topic = Topic(client, peer)
    assert peer.talk(client)[0] == Ready(topic.sender)
    return topic


def test_a_topics_link_carries_its_name_and_both_qualities_of_service(
    topic: Topic, peer: ServerPeer
) -> None:
    link = peer.links["news"]
    assert link.remote_target.address == "news"
    assert link.remote_source.address == "news"
    assert link.remote_snd_settle_mode == proton.Link.SND_MIXED
    assert link.remote_rcv_settle_mode == proton.Link.RCV_FIRST


def test_nothing_is_transferred_before_the_server_has_attached(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    topic = Topic(client, peer)
    topic.accept(send(1))
    assert not topic.sender.attached
    assert topic.transfer() == 0
    assert list(topic.lane.waiting) == [send(1)]


def test_messages_are_transferred_in_their_order(topic: Topic, peer: ServerPeer) -> None:
    topic.accept(*(send(number, number % 2) for number in range(20)))
    assert topic.transfer() == 20
    peer.talk(topic.client)
    assert bodies(peer) == list(range(20))
    assert [message.settled for message in peer.transferred] == [True, False] * 10


def test_at_most_once_is_finished_by_the_transfer(topic: Topic) -> None:
    topic.accept(send(1), send(2))
    topic.transfer()
    assert topic.written == [send(1), send(2)]
    assert topic.lane.in_flight == {}


def test_at_least_once_is_in_flight_until_it_is_settled(topic: Topic, peer: ServerPeer) -> None:
    topic.accept(send(1, qos=1))
    topic.transfer()
    assert topic.written == []
    assert topic.settled() == []
    assert list(topic.lane.in_flight.values()) == [send(1, qos=1)]
    peer.settle_all()
    assert topic.settled() == [(send(1, qos=1), None)]
    assert topic.lane.in_flight == {}


def test_credit_is_never_exceeded(
    client: AmqpConnection, make_peer: Callable[..., ServerPeer]
) -> None:
    peer = make_peer(credit=3)
    client = AmqpConnection(Identity("client-1", "host", "amqp://host:5672"), 0)
    peer.talk(client)
    topic = Topic(client, peer)
    peer.talk(client)
    topic.accept(*map(send, range(10)))
    assert topic.transfer() == 3
    assert topic.transfer() == 0
    peer.grant("news", 2)
    assert peer.talk(client) == [Ready(topic.sender)]
    assert topic.transfer() == 2
    peer.talk(client)
    assert bodies(peer) == [0, 1, 2, 3, 4]
    client.free()


def test_a_link_hands_over_a_batch_at_a_time(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST_TRANSFERS", 4)
    topic.accept(*map(send, range(10)))
    assert [topic.transfer() for _ in range(4)] == [4, 4, 2, 0]


def test_a_batch_is_bounded_in_bytes(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST_TRANSFER_BYTES", 1000)
    topic.accept(*(send(number, size=400) for number in range(4)))
    assert topic.transfer() == 3


@pytest.mark.parametrize("qos", [0, 1])
def test_a_message_of_many_frames_arrives_whole(topic: Topic, peer: ServerPeer, qos: int) -> None:
    topic.accept(send(1, qos, size=300_000), send(2, qos))
    assert topic.transfer() == 2
    peer.talk(topic.client)
    assert [message.encoded for message in peer.transferred] == [
        send(1, qos, size=300_000)[1],
        send(2, qos)[1],
    ]


def settling(
    settle: Callable[[ServerPeer], None], topic: Topic
) -> tuple[type[Exception] | None, str]:
    topic.accept(send(1, qos=1))
    topic.transfer()
    topic.settled()
    settle(topic.peer)
    ((sent, error),) = topic.settled()
    assert sent == send(1, qos=1)
    return (type(error) if error else None), str(error or "")


def rejecting(condition: str | None, description: str | None) -> Callable[[ServerPeer], None]:
    def settle(peer: ServerPeer) -> None:
        delivery = peer.transferred[0].delivery
        if condition is not None:
            delivery.local.condition = proton.Condition(condition, description)
        peer.settle(peer.transferred[0], proton.Disposition.REJECTED)

    return settle


@pytest.mark.parametrize(
    ("settle", "kind", "text"),
    [
        (lambda peer: peer.settle_all(), None, ""),
        (lambda peer: peer.settle(peer.transferred[0], None), None, ""),
        (
            lambda peer: peer.transferred[0].delivery.update(proton.Disposition.ACCEPTED),
            None,
            "",
        ),
        (
            lambda peer: peer.settle(peer.transferred[0], proton.Disposition.RELEASED),
            MQLightError,
            "the message to topic 'news' was released by the server",
        ),
        (
            lambda peer: peer.settle(peer.transferred[0], proton.Disposition.MODIFIED),
            MQLightError,
            "the message to topic 'news' was modified by the server",
        ),
        (
            rejecting(None, None),
            MQLightError,
            "the message to topic 'news' was rejected",
        ),
        (
            rejecting("amqp:internal-error", "disk full"),
            MQLightError,
            "the message to topic 'news' was rejected: amqp:internal-error: disk full",
        ),
        (
            rejecting("amqp:link:message-size-exceeded", "10 bytes"),
            MQLightError,
            "the message to topic 'news' was rejected: amqp:link:message-size-exceeded: 10 bytes",
        ),
        (
            rejecting("amqp:not-allowed", "no"),
            NotPermittedError,
            "the message to topic 'news' was rejected: amqp:not-allowed: no",
        ),
        (
            rejecting("amqp:unauthorized-access", "no"),
            SecurityError,
            "the message to topic 'news' was rejected: amqp:unauthorized-access: no",
        ),
    ],
    ids=[
        "accepted",
        "settled without a state",
        "accepted and not settled",
        "released",
        "modified",
        "rejected without a reason",
        "rejected",
        "rejected for its size",
        "not allowed",
        "not authorized",
    ],
)
def test_an_outcome_finishes_a_message(
    topic: Topic,
    settle: Callable[[ServerPeer], None],
    kind: type[Exception] | None,
    text: str,
) -> None:
    assert settling(settle, topic) == (kind, text)
    assert topic.lane.idle


def test_a_state_that_is_no_outcome_finishes_nothing(topic: Topic, peer: ServerPeer) -> None:
    topic.accept(send(1, qos=1))
    topic.transfer()
    topic.settled()
    peer.transferred[0].delivery.update(proton.Disposition.RECEIVED)
    assert topic.settled() == []
    peer.settle_all()
    assert topic.settled() == [(send(1, qos=1), None)]


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2], [3, 2, 1, 0]])
def test_messages_that_are_settled_together_finish_in_the_order_of_sending(
    topic: Topic, peer: ServerPeer, order: list[int]
) -> None:
    topic.accept(*(send(number, qos=1) for number in range(6)))
    topic.transfer()
    topic.settled()
    for which in order:
        peer.settle(peer.transferred[which])
    assert numbers(topic.settled()) == [0, 1, 2, 3]
    for which in (5, 4):
        peer.settle(peer.transferred[which])
    assert numbers(topic.settled()) == [4, 5]


def test_many_messages_are_each_finished_once(
    client: AmqpConnection, make_peer: Callable[..., ServerPeer]
) -> None:
    peer = make_peer(credit=1000)
    client = AmqpConnection(Identity("client-1", "host", "amqp://host:5672"), 0)
    peer.talk(client)
    topic = Topic(client, peer)
    peer.talk(client)
    finished: list[object] = []
    topic.accept(*(send(number, qos=1) for number in range(900)))
    while len(finished) < 900:
        topic.transfer()
        finished += numbers(topic.settled())
        peer.settle_all()
    assert finished == list(range(900))
    assert bodies(peer) == list(range(900))
    client.free()


def limited(client: AmqpConnection, peer: ServerPeer, credit: int) -> Topic:
    """Return a topic whose messages may have 200 bytes."""
    peer.max_message_size, peer.credit = 200, credit
    topic = Topic(client, peer)
    peer.talk(client)
    return topic


@pytest.mark.parametrize("qos", [0, 1])
def test_a_message_that_is_too_large_fails_at_once(
    client: AmqpConnection, peer: ServerPeer, qos: int
) -> None:
    topic = limited(client, peer, credit=10)
    large = send(1, qos, size=300)
    topic.accept(large)
    assert topic.transfer() == 0
    ((failed, error),) = topic.failed
    assert failed is large
    assert type(error) is NotPermittedError
    assert f"{len(large[1])} bytes" in str(error)
    assert "at most 200 bytes" in str(error)
    assert topic.lane.idle


@pytest.mark.parametrize("credit", [1, 2, 10])
def test_messages_behind_one_that_is_too_large_go_on(
    client: AmqpConnection, peer: ServerPeer, credit: int
) -> None:
    topic = limited(client, peer, credit)
    topic.accept(send(1, size=300), send(2, size=300), send(3), send(4, size=300))
    assert topic.transfer() == 1
    peer.talk(client)
    assert bodies(peer) == [3]
    assert numbers(topic.failed)[:2] == [1, 2]


def test_a_message_of_just_the_size_goes(client: AmqpConnection, peer: ServerPeer) -> None:
    topic = limited(client, peer, credit=10)
    fitting = send(1, size=200 - len(send(1)[1]) + 1)
    assert len(fitting[1]) == 200
    topic.accept(fitting)
    assert topic.transfer() == 1


# Receiving.


def text(body: str) -> bytes:
    return encode_text(PREFIX, body)


class Inbox:
    """A receiver link under test."""

    def __init__(
        self, client: AmqpConnection, peer: ServerPeer, subscription: Subscription
    ) -> None:
        self.client = client
        self.peer = peer
        self.subscription = subscription
        self.address = subscription.destination.address
        self.receiver: Receiver = client.open_receiver(subscription)
        assert peer.talk(client) == [ReceiverOpened(self.receiver)]

    @property
    def credit(self) -> int:
        """What the server may still send."""
        self.peer.talk(self.client)
        return self.peer.sender(self.address).credit

    def send(self, *encoded: bytes, settled: bool = False) -> list[str]:
        return [self.peer.send(self.address, one, settled=settled) for one in encoded]

    def arrived(self) -> Arrived:
        (event,) = self.peer.talk(self.client)
        assert isinstance(event, Arrived)
        assert event.receiver is self.receiver
        return event

    def outcomes(self) -> dict[str, int]:
        self.peer.talk(self.client)
        return self.peer.outcomes


def subscribe(
    client: AmqpConnection,
    peer: ServerPeer,
    qos: int = 0,
    *,
    credit: int = 1024,
    auto_confirm: bool = True,
) -> Inbox:
    subscription = Subscription(
        Destination("news"), qos=qos, credit=credit, auto_confirm=auto_confirm
    )
    return Inbox(client, peer, subscription)


@pytest.mark.parametrize(
    ("destination", "address"),
    [
        (Destination("a/+/#"), "private:a/+/#"),
        (Destination("a:b"), "private:a:b"),
        (Destination("a/b", "share"), "share:share:a/b"),
        (Destination("später"), "private:später"),
    ],
)
def test_a_subscription_is_attached_to_its_address(
    client: AmqpConnection, peer: ServerPeer, destination: Destination, address: str
) -> None:
    Inbox(client, peer, Subscription(destination))
    link = peer.links[address]
    for terminus in (link.remote_source, link.remote_target):
        assert terminus.address == address
        assert terminus.timeout == 0
        assert terminus.expiry_policy == proton.Terminus.EXPIRE_WITH_SESSION


@pytest.mark.parametrize(
    ("qos", "mode"), [(0, proton.Link.SND_SETTLED), (1, proton.Link.SND_UNSETTLED)]
)
def test_the_quality_of_service_is_the_settle_mode(
    client: AmqpConnection, peer: ServerPeer, qos: int, mode: int
) -> None:
    subscribe(client, peer, qos)
    assert peer.links[ADDRESS].remote_snd_settle_mode == mode
    assert peer.links[ADDRESS].remote_rcv_settle_mode == proton.Link.RCV_FIRST


def test_a_ttl_is_the_timeout_of_both_ends(client: AmqpConnection, peer: ServerPeer) -> None:
    Inbox(client, peer, Subscription(Destination("news"), ttl=90))
    for terminus in (peer.links[ADDRESS].remote_source, peer.links[ADDRESS].remote_target):
        assert terminus.timeout == 90
        assert terminus.expiry_policy == proton.Terminus.EXPIRE_WITH_LINK


def test_no_credit_is_granted_before_the_server_has_attached(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    peer.answering = False
    client.open_receiver(Subscription(Destination("news"), credit=5))
    peer.talk(client)
    link = peer.connection.link_head(0)
    assert isinstance(link, proton.Sender)
    assert link.credit == 0
    peer.answer(link)
    peer.talk(client)
    assert link.credit == 5


@pytest.mark.parametrize("credit", [1, 2, 1024, 2**31 - 1])
def test_the_credit_asked_for_is_granted(
    client: AmqpConnection, peer: ServerPeer, credit: int
) -> None:
    assert subscribe(client, peer, credit=credit).credit == credit


def test_more_credit_than_amqp_engines_hold_is_as_much_as_they_do(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    assert subscribe(client, peer, credit=2**32 - 1).credit == 2**31 - 1


def test_without_credit_nothing_is_granted(client: AmqpConnection, peer: ServerPeer) -> None:
    assert subscribe(client, peer, credit=0).credit == 0


def test_a_batch_has_the_messages_in_order_as_deliveries(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    inbox = subscribe(client, peer)
    inbox.send(text("one"), text("two"), settled=True)
    assert inbox.arrived().messages == [
        (
            "message",
            body,
            {
                "message": {"topic": "news", "qos": 0},
                "destination": {"topic_pattern": "news"},
            },
        )
        for body in ("one", "two")
    ]


def test_a_shared_subscription_names_its_share(client: AmqpConnection, peer: ServerPeer) -> None:
    inbox = Inbox(client, peer, Subscription(Destination("a/#", "readers"), qos=1))
    inbox.send(text("x"))
    ((_, _, delivery),) = inbox.arrived().messages
    assert delivery == {
        "message": {"topic": "news", "qos": 1},
        "destination": {"topic_pattern": "a/#", "share": "readers"},
    }


def test_deliveries_share_nothing(client: AmqpConnection, peer: ServerPeer) -> None:
    inbox = subscribe(client, peer)
    inbox.send(text("one"), text("two"), settled=True)
    (_, _, one), (_, _, two) = inbox.arrived().messages
    one["destination"]["topic_pattern"] = one["message"]["topic"] = "changed"
    assert two["destination"]["topic_pattern"] == two["message"]["topic"] == "news"


def test_a_malformed_message_says_so(client: AmqpConnection, peer: ServerPeer) -> None:
    inbox = subscribe(client, peer)
    inbox.send(b"no message", settled=True)
    ((kind, data, delivery),) = inbox.arrived().messages
    assert (kind, data) == ("malformed", bytearray(b"no message"))
    assert delivery["malformed"]["condition"] == "PAYLOADNOTAMQP"


@pytest.mark.parametrize(
    ("mode", "state"), [(proton.Link.SND_MIXED, ACCEPTED), (proton.Link.SND_SETTLED, 0)]
)
def test_at_most_once_is_settled_on_arrival_if_the_server_did_not(
    client: AmqpConnection, peer: ServerPeer, mode: int, state: int
) -> None:
    peer.settle_mode = mode
    inbox = subscribe(client, peer, qos=0)
    (tag,) = inbox.send(text("x"))
    arrived = inbox.arrived()
    assert arrived.deliveries == []
    assert arrived.tokens == []
    assert inbox.outcomes() == {tag: state}


def test_settled_transfers_need_no_answer(client: AmqpConnection, peer: ServerPeer) -> None:
    inbox = subscribe(client, peer, qos=0)
    inbox.send(text("x"), settled=True)
    inbox.arrived()
    assert inbox.outcomes() == {}


def test_at_least_once_is_settled_when_the_batch_is(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    inbox = subscribe(client, peer, qos=1)
    tags = inbox.send(text("one"), text("two"), text("three"))
    arrived = inbox.arrived()
    assert inbox.outcomes() == {}
    inbox.receiver.settle(arrived.deliveries[:2])
    assert inbox.outcomes() == dict.fromkeys(tags[:2], ACCEPTED)
    inbox.receiver.settle(arrived.deliveries[2:])
    assert inbox.outcomes() == dict.fromkeys(tags, ACCEPTED)


def test_messages_are_confirmed_one_by_one_in_any_order(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    inbox = subscribe(client, peer, qos=1, auto_confirm=False)
    tags = inbox.send(text("one"), text("two"), text("three"))
    arrived = inbox.arrived()
    assert arrived.deliveries == []
    one, two, three = arrived.tokens
    for token, confirmed in ((two, {tags[1]}), (three, set(tags[1:])), (one, set(tags))):
        assert inbox.receiver.confirm(token)
        assert inbox.outcomes().keys() == confirmed


def test_a_message_is_confirmed_once(client: AmqpConnection, peer: ServerPeer) -> None:
    inbox = subscribe(client, peer, qos=1, auto_confirm=False)
    inbox.send(text("one"))
    (token,) = inbox.arrived().tokens
    assert inbox.receiver.confirm(token)
    assert not inbox.receiver.confirm(token)
    assert not inbox.receiver.confirm(99)


def test_qos_0_has_nothing_to_confirm(client: AmqpConnection, peer: ServerPeer) -> None:
    inbox = subscribe(client, peer, qos=0, auto_confirm=False)
    inbox.send(text("x"))
    assert not inbox.receiver.manual
    assert inbox.arrived().tokens == []


def test_nothing_is_settled_on_a_link_that_has_ended(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    inbox = subscribe(client, peer, qos=1)
    inbox.send(text("x"))
    arrived = inbox.arrived()
    client.end_link(inbox.receiver, closed=True)
    peer.talk(client)
    inbox.receiver.settle(arrived.deliveries)
    inbox.receiver.grant(10)
    assert inbox.outcomes() == {}


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("size", [32_000, 64 * 1024, 300_000])
def test_large_messages_arrive_whole(
    client: AmqpConnection, peer: ServerPeer, qos: int, size: int
) -> None:
    inbox = subscribe(client, peer, qos)
    texts = [str(number).rjust(size) for number in range(5)]
    texts.insert(2, "small")
    inbox.send(*map(text, texts), settled=qos == 0)
    got: list[object] = []
    for event in peer.talk(client):
        assert isinstance(event, Arrived)
        got += [data for _, data, _ in event.messages]
    assert got == texts


def test_a_message_that_fills_the_buffer_exactly_arrives_whole(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    inbox = subscribe(client, peer)
    body = "x" * (64 * 1024 - len(text("x" * 300)) + 300)
    assert len(text(body)) == 64 * 1024
    inbox.send(text(body), text("behind"), settled=True)
    assert [data for _, data, _ in inbox.arrived().messages] == [body, "behind"]


def test_parts_of_a_message_are_not_handed_over(client: AmqpConnection, peer: ServerPeer) -> None:
    inbox = subscribe(client, peer)
    link = peer.sender(ADDRESS)
    link.delivery("parts")
    whole = text("x" * 1000)
    for part in (whole[:100], whole[100:500]):
        link.stream(part)
        assert peer.talk(client) == []
    link.stream(whole[500:])
    link.advance()
    assert [data for _, data, _ in inbox.arrived().messages] == ["x" * 1000]


def test_an_empty_message_is_handed_over(client: AmqpConnection, peer: ServerPeer) -> None:
    inbox = subscribe(client, peer)
    link = peer.sender(ADDRESS)
    link.delivery("empty").settle()
    assert [data for _, data, _ in inbox.arrived().messages] == [""]


@pytest.mark.parametrize("qos", [0, 1])
def test_an_aborted_message_is_dropped_and_its_credit_returned(
    client: AmqpConnection, peer: ServerPeer, qos: int
) -> None:
    inbox = subscribe(client, peer, qos, credit=2)
    link = peer.sender(ADDRESS)
    for number in range(5):
        delivery = link.delivery(f"aborted-{number}")
        link.stream(text("x")[:10])
        assert peer.talk(client) == []
        delivery.abort()
        assert peer.talk(client) == []
    inbox.send(text("behind"))
    assert [data for _, data, _ in inbox.arrived().messages] == ["behind"]
    assert inbox.subscription.unsettled == 0


def test_messages_of_two_subscriptions_are_batches_of_their_own(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    one = subscribe(client, peer)
    other = Inbox(client, peer, Subscription(Destination("news", "readers")))
    one.send(text("1"), settled=True)
    peer.exchange(client)
    other.send(text("2"), settled=True)
    peer.exchange(client)
    one.send(text("3"), settled=True)
    events: list[Event] = peer.talk(client)
    got = []
    for event in events:
        assert isinstance(event, Arrived)
        got.append((event.receiver, [data for _, data, _ in event.messages]))
    assert got == [(one.receiver, ["1"]), (other.receiver, ["2"]), (one.receiver, ["3"])]


@pytest.mark.parametrize("auto_confirm", [True, False])
def test_the_end_of_a_link_settles_nothing_that_is_not_confirmed(
    client: AmqpConnection, peer: ServerPeer, *, auto_confirm: bool
) -> None:
    client.open_receiver(Subscription(Destination("news"), qos=1, auto_confirm=auto_confirm))
    peer.talk(client)
    peer.send(ADDRESS, encode_text(PREFIX, "1"))
    peer.talk(client)
    peer.end(peer.sender(ADDRESS), "amqp:link:detach-forced", "no more")
    peer.talk(client)
    assert peer.outcomes == {}


def test_an_address_can_be_attached_again_while_messages_of_its_last_link_are_not_confirmed(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    for number in ("1", "2", "3"):
        subscription = Subscription(Destination("news"), qos=1, auto_confirm=False)
        receiver = client.open_receiver(subscription)
        peer.talk(client)
        peer.send(ADDRESS, encode_text(PREFIX, number))
        (arrived,) = peer.talk(client)
        assert isinstance(arrived, Arrived)
        assert arrived.messages[0][1] == number
        client.end_link(receiver, closed=False)
        peer.talk(client)
    assert peer.outcomes == {}
