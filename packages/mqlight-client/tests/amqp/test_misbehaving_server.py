"""What a server does that AMQP does not allow, or that only hurts: it is bounded, and reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import proton
import pytest

from mqlight._amqp import _binding as pn
from mqlight._amqp.connection import AmqpConnection
from mqlight._amqp.events import Ended, Event, Opened, ReceiverOpened
from mqlight._amqp.identity import Identity
from mqlight._amqp.links import LARGEST_MESSAGE, Arrived, Misused
from mqlight._machine.outbox import Lane
from mqlight._machine.subscriptions import Subscription
from mqlight_core.errors import NetworkError
from mqlight_core.topics import Destination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server_peer import ServerPeer

NEWS = "private:news"
CREDIT = 10
OUTPUT = pn.Buffer(64 * 1024)
BEGIN = b"\x00\x53\x11\xc0\x07\x04\x40\x43\x52\x64\x52\x64"


@pytest.fixture
def client() -> Iterator[AmqpConnection]:
    connection = AmqpConnection(Identity("client-1", "host", "amqp://host:5672"), 0)
    yield connection
    connection.free()


@pytest.fixture
def opened(client: AmqpConnection, peer: ServerPeer) -> AmqpConnection:
    assert peer.talk(client) == [Opened()]
    return client


@pytest.fixture
def subscribed(opened: AmqpConnection, peer: ServerPeer) -> AmqpConnection:
    opened.open_receiver(Subscription(Destination("news"), credit=CREDIT))
    assert [type(event) for event in peer.talk(opened)] == [ReceiverOpened]
    return opened


def put(client: AmqpConnection, data: bytes) -> None:
    buffer = pn.Buffer(len(data))
    buffer.view[:] = data
    client.receive(buffer, len(data))


def process_all(client: AmqpConnection, *, reading: bool = True) -> list[Event]:
    """Process what has come, and write what that calls for: credit, and the session's window."""
    events: list[Event] = []
    while more := client.process(reading=reading):
        events += more
    client.output(OUTPUT)
    return events


def frame(body: bytes, channel: int = 0) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + b"\x02\x00" + channel.to_bytes(2, "big") + body


def transfer(number: int, payload: bytes, *, more: bool = False) -> bytes:
    """A settled transfer on handle 0."""
    fields = (
        b"\x43\x70" + number.to_bytes(4, "big") + b"\xa0\x01t\x43\x41" + (b"\x42", b"\x41")[more]
    )
    return frame(b"\x00\x53\x14\xc0" + bytes((len(fields) + 1, 6)) + fields + payload)


def assert_ended(events: list[Event], said: str) -> None:
    (ended,) = (event for event in events if isinstance(event, Ended))
    assert type(ended.error) is NetworkError
    assert str(ended.error) == f"amqp://host:5672: {said}"


@pytest.mark.parametrize("channel", [0, 7], ids=["ours again", "another one"])
def test_a_session_that_nobody_asked_for_is_the_end(opened: AmqpConnection, channel: int) -> None:
    put(opened, frame(BEGIN, channel))
    events = process_all(opened)
    assert_ended(events, "the server began a session that nobody has asked for")
    assert Opened() not in events


def test_a_link_that_nobody_asked_for_is_the_end(opened: AmqpConnection, peer: ServerPeer) -> None:
    session = peer.connection.session_head(proton.Endpoint.LOCAL_ACTIVE)
    assert session is not None
    for number in range(3):
        session.sender(f"unasked {number}").open()
    assert_ended(peer.talk(opened), "the server attached a link that nobody has asked for")


def test_a_message_that_does_not_end_is_given_up_at_a_limit(subscribed: AmqpConnection) -> None:
    piece = bytes(30_000)
    size, events = 0, list[Event]()
    while not events:
        put(subscribed, transfer(0, piece, more=True))
        size += len(piece)
        events = process_all(subscribed)
    assert size - len(piece) <= LARGEST_MESSAGE < size
    (misused,) = events
    assert isinstance(misused, Misused)
    assert type(misused.error) is NetworkError
    assert str(misused.error) == (
        "subscription 'private:news': the server sent a message of more than 104857600 bytes"
    )

    put(subscribed, transfer(0, piece, more=True) + transfer(0, piece) + transfer(1, piece))
    assert process_all(subscribed) == []


@pytest.mark.parametrize("reading", [True, False])
def test_more_messages_than_there_is_credit_for_are_a_misuse_of_the_link(
    subscribed: AmqpConnection, *, reading: bool
) -> None:
    put(subscribed, b"".join(transfer(number, b"") for number in range(CREDIT)))
    events = process_all(subscribed, reading=reading)
    assert not any(isinstance(event, Misused) for event in events)

    put(subscribed, b"".join(transfer(CREDIT + number, b"") for number in range(CREDIT)))
    (misused,) = (
        event for event in process_all(subscribed, reading=reading) if isinstance(event, Misused)
    )
    assert type(misused.error) is NetworkError
    assert "private:news" in str(misused.error)
    assert "more messages than it had credit for" in str(misused.error)


def test_a_message_on_the_link_of_a_topic_is_not_received(
    opened: AmqpConnection, peer: ServerPeer
) -> None:
    opened.open_sender(Lane("news"))
    peer.talk(opened)
    put(opened, transfer(0, b"\x00\x53\x77\xa1\x01x"))
    assert process_all(opened) == []


@pytest.mark.parametrize(
    "body",
    [b"\x00\x53\x7f\xc0\x01\x00", bytes(50), b"\x40"],
    ids=["no such performative", "zeros", "nothing described"],
)
def test_a_frame_that_can_not_be_read_is_the_end_at_once(
    subscribed: AmqpConnection, body: bytes
) -> None:
    put(subscribed, transfer(0, b"\x00\x53\x77\xa1\x01x") + frame(body))
    events = process_all(subscribed)
    assert isinstance(events[0], Arrived)
    assert_ended(events, "the server sent a frame that can not be read")
    put(subscribed, transfer(1, b""))
    assert process_all(subscribed) == []


def test_heartbeats_are_never_more_than_a_hundred_a_second(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    peer.transport.idle_timeout = 0.004
    assert peer.talk(client) == [Opened()]
    buffer = pn.Buffer(1024)
    for now in range(1000, 2000, 10):
        assert client.tick(now) == now + 10
        client.output(buffer)


def test_the_text_of_a_server_is_one_line_of_bounded_length(
    opened: AmqpConnection, peer: ServerPeer
) -> None:
    peer.connection.condition = proton.Condition(
        "amqp:internal-error", "\x1b[31m\r\né" + 9000 * "x"
    )
    peer.connection.close()
    (ended,) = peer.talk(opened)
    assert isinstance(ended, Ended)
    assert str(ended.error).startswith(r"amqp://host:5672: amqp:internal-error: \x1b[31m\r\néxxx")
    assert str(ended.error).endswith("xxx...")
    assert len(str(ended.error)) < 1100
