"""What a server may send while nobody reads, and what becomes of it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqlight._amqp.connection import (
    MAX_FRAME,
    SESSION_WINDOW,
    AmqpConnection,
)
from mqlight._amqp.events import Ended, Event, Opened, ReceiverEnded, ReceiverOpened
from mqlight._amqp.identity import Identity
from mqlight._amqp.links import Arrived
from mqlight._amqp.message import TEXT, encode_prefix, encode_text
from mqlight._machine.subscriptions import Subscription
from mqlight_core.topics import Destination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from server_peer import ServerPeer

PREFIX = encode_prefix("news", TEXT)
NEWS, WEATHER = "private:news", "private:weather"


@pytest.fixture
def client(peer: ServerPeer) -> Iterator[AmqpConnection]:
    connection = AmqpConnection(Identity("client-1", "host", "amqp://host:5672"), 0)
    assert peer.talk(connection) == [Opened()]
    for pattern in ("news", "weather"):
        connection.open_receiver(Subscription(Destination(pattern), qos=1, credit=10**6))
    assert {type(event) for event in peer.talk(connection)} == {ReceiverOpened}
    yield connection
    connection.free()


def number(of: int, size: int = 0) -> bytes:
    return encode_text(PREFIX, str(of).rjust(size))


def read(client: AmqpConnection, peer: ServerPeer) -> list[Event]:
    return peer.talk(client)


def leave(client: AmqpConnection, peer: ServerPeer) -> list[Event]:
    """Exchange bytes until both ends are silent, without reading a message."""
    events: list[Event] = []
    while peer.exchange(client) | bool(more := client.process(reading=False)):
        events += more
    return events


def numbers(events: list[Event]) -> list[int]:
    return [
        int(str(data))
        for event in events
        if isinstance(event, Arrived)
        for _, data, _ in event.messages
    ]


def test_a_server_sends_no_more_than_the_window_while_nobody_reads(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    size, count = MAX_FRAME // 2, 4 * SESSION_WINDOW // MAX_FRAME
    for i in range(count):
        peer.send(NEWS, number(i, size))
    assert leave(client, peer) == []
    sent = (count - peer.sender(NEWS).queued) * size
    assert SESSION_WINDOW // 2 < sent <= SESSION_WINDOW
    assert numbers(read(client, peer)) == list(range(count))
    assert peer.sender(NEWS).queued == 0


def test_the_window_opens_again_and_again(client: AmqpConnection, peer: ServerPeer) -> None:
    total = 5 * SESSION_WINDOW // MAX_FRAME
    for i in range(total):
        peer.send(NEWS if i % 3 else WEATHER, number(i))
    got: list[int] = []
    while peer.sender(NEWS).queued or peer.sender(WEATHER).queued:
        leave(client, peer)
        before = len(got)
        while events := client.process():
            got += numbers(events)
        assert len(got) > before
    got += numbers(read(client, peer))
    assert sorted(got) == list(range(total))


def test_everything_else_goes_on_while_nobody_reads(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    for i in range(10):
        peer.send(NEWS, number(i))
    leave(client, peer)
    client.open_receiver(Subscription(Destination("sport")))
    assert [type(event) for event in leave(client, peer)] == [ReceiverOpened]
    assert numbers(read(client, peer)) == list(range(10))


@pytest.mark.parametrize("how", [read, leave])
def test_a_message_larger_than_the_window_arrives_whole(
    client: AmqpConnection,
    peer: ServerPeer,
    how: Callable[[AmqpConnection, ServerPeer], list[Event]],
) -> None:
    peer.send(NEWS, number(1))
    peer.send(NEWS, number(2, SESSION_WINDOW + 4 * MAX_FRAME))
    peer.send(NEWS, number(3))
    events = how(client, peer)
    assert numbers(events + read(client, peer)) == [1, 2, 3]


def test_what_is_left_is_read_a_batch_at_a_time_in_order(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    for i in range(100):
        peer.send(NEWS, number(i))
    leave(client, peer)
    for i in range(100, 110):
        peer.send(NEWS, number(i))
    peer.exchange(client)
    batches = []
    while events := client.process(most=30):
        batches.append(numbers(events))
    assert [len(batch) for batch in batches] == [30, 30, 30, 20]
    assert [number for batch in batches for number in batch] == list(range(110))


def test_a_message_whose_parts_are_left_one_by_one_is_read_once(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    encoded = number(7, 100)
    link = peer.sender(NEWS)
    link.delivery("tag")
    for at in range(0, len(encoded), 10):
        link.stream(encoded[at : at + 10])
        peer.send(WEATHER, number(at))
        leave(client, peer)
    link.advance()
    assert sorted(numbers(read(client, peer))) == sorted([7, *range(0, len(encoded), 10)])


def test_what_came_before_the_end_of_a_link_is_told_before_it(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    peer.send(NEWS, number(1))
    peer.send(WEATHER, number(2))
    leave(client, peer)
    peer.end(peer.sender(NEWS))
    events = leave(client, peer)
    assert [type(event) for event in events] == [Arrived, ReceiverEnded]
    assert numbers(events) == [1]
    assert numbers(read(client, peer)) == [2]


def test_what_came_before_the_end_of_the_connection_is_told_before_it(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    peer.send(NEWS, number(1))
    leave(client, peer)
    peer.connection.close()
    events = leave(client, peer)
    assert [type(event) for event in events] == [Arrived, Ended]
    assert numbers(events) == [1]


def test_what_the_server_keeps_is_not_told_at_the_end_for_it_comes_again(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    client.open_receiver(Subscription(Destination("kept"), qos=1, ttl=60))
    peer.talk(client)
    peer.send("private:kept", number(1))
    peer.send(NEWS, number(2))
    leave(client, peer)
    peer.connection.close()
    assert numbers(leave(client, peer)) == [2]


def test_parts_without_end_do_not_hide_what_comes_behind_them(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    links = [peer.sender(NEWS), peer.sender(WEATHER)]
    for link in links:
        link.delivery("tag")
    for _ in range(200):
        for link in links:
            link.stream(b"\x00")
            peer.exchange(client)
    client.open_receiver(Subscription(Destination("sport")))
    peer.exchange(client)
    assert [type(event) for event in client.process()] == [ReceiverOpened]


def test_a_part_that_came_is_dropped_with_the_rest_of_an_aborted_message(
    client: AmqpConnection, peer: ServerPeer
) -> None:
    link = peer.sender(NEWS)
    delivery = link.delivery("tag")
    link.stream(number(1)[:-1])
    read(client, peer)
    delivery.abort()
    peer.send(NEWS, number(2))
    assert numbers(read(client, peer)) == [2]
