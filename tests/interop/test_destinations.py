"""Topics, patterns, private and shared destinations, and how long they last.

That nothing arrives is shown by what arrives next: a message that was sent later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .peer import MakePeer, Peer

LONG = 60_000
"""A ttl in ms that no test outlasts."""


@pytest.mark.parametrize("share", [None, "readers"])
def test_the_delivery_names_topic_pattern_and_share(
    sender: Peer, receiver: Peer, share: str | None
) -> None:
    topics = ["a", "a/b/c", "/a//b/", "grüße/你好", "a:b:c", "with space?#%20"]
    for topic in topics:
        receiver.subscribe(topic, share)
        sender.send(topic, "data")
    assert [
        (message.topic, message.pattern, message.share) for message in receiver.receive(len(topics))
    ] == [(topic, topic, share) for topic in topics]


def test_wildcards_stand_for_levels_of_the_topic(sender: Peer, receiver: Peer) -> None:
    receiver.subscribe("sport/+/results")
    receiver.subscribe("weather/#")
    for topic in [
        "sport/results",
        "sport/golf/results",
        "sport/golf/open/results",
        "weather",
        "weather/today/london",
        "weathervane",
        "sport/tennis/results",
    ]:
        sender.send(topic, "data")
    assert [(message.topic, message.pattern) for message in receiver.receive(4)] == [
        ("sport/golf/results", "sport/+/results"),
        ("weather", "weather/#"),
        ("weather/today/london", "weather/#"),
        ("sport/tennis/results", "sport/+/results"),
    ]


@pytest.mark.parametrize("qos", [0, 1])
def test_each_private_subscriber_gets_every_message(
    sender: Peer, node: MakePeer, ours: MakePeer, qos: int
) -> None:
    subscribers = [node("theirs"), ours("ours")]
    for subscriber in subscribers:
        subscriber.subscribe("news", qos=qos)
    for number in range(10):
        sender.send("news", number)
    for subscriber in subscribers:
        assert [message.data for message in subscriber.receive(10)] == list(range(10))


@pytest.mark.parametrize("qos", [0, 1])
def test_each_message_to_a_share_goes_to_one_of_its_clients(
    sender: Peer, node: MakePeer, ours: MakePeer, qos: int
) -> None:
    theirs, our_own = node("theirs"), ours("ours")
    for subscriber in (theirs, our_own):
        subscriber.subscribe("work", "team", qos=qos)
    for number in range(20):
        sender.send("work", number)
    arrived = [message.data for message in [*theirs.receive(10), *our_own.receive(10)]]
    assert len(arrived) == len(set(arrived))
    assert set(arrived) == set(range(20))


def test_a_destination_with_a_ttl_keeps_messages_while_its_client_is_away(
    sender: Peer, make_receiver: MakePeer
) -> None:
    receiver = make_receiver("receiver")
    receiver.subscribe("news", qos=1, ttl=LONG)
    receiver.stop()
    for number in range(3):
        sender.send("news", number)
    receiver = make_receiver("receiver")
    receiver.subscribe("news", qos=1, ttl=LONG)
    assert [message.data for message in receiver.receive(3)] == [0, 1, 2]


def test_a_destination_without_a_ttl_goes_with_its_client(
    sender: Peer, make_receiver: MakePeer
) -> None:
    receiver = make_receiver("receiver")
    receiver.subscribe("news", qos=1)
    receiver.stop()
    sender.send("news", "while away")
    receiver = make_receiver("receiver")
    receiver.subscribe("news", qos=1)
    sender.send("news", "when back")
    assert [message.data for message in receiver.receive()] == ["when back"]


@pytest.mark.parametrize("share", [None, "readers"])
@pytest.mark.parametrize("destination_ttl", [0, LONG])
@pytest.mark.parametrize("ttl", [None, 0])
def test_nothing_arrives_after_unsubscribe(
    sender: Peer, receiver: Peer, share: str | None, destination_ttl: int, ttl: int | None
) -> None:
    receiver.subscribe("other")
    receiver.subscribe("news", share, qos=1, ttl=destination_ttl)
    sender.send("news", "before")
    assert [message.data for message in receiver.receive()] == ["before"]
    receiver.unsubscribe("news", share, ttl=ttl)
    sender.send("news", "after")
    sender.send("other", "later")
    assert [message.data for message in receiver.receive()] == ["later"]


def test_unsubscribe_leaves_a_destination_with_a_ttl_to_come_back_to(
    sender: Peer, receiver: Peer
) -> None:
    receiver.subscribe("news", qos=1, ttl=LONG)
    receiver.unsubscribe("news")
    sender.send("news", "meanwhile")
    receiver.subscribe("news", qos=1, ttl=LONG)
    assert [message.data for message in receiver.receive()] == ["meanwhile"]


def test_unsubscribe_with_a_ttl_of_0_deletes_the_destination(sender: Peer, receiver: Peer) -> None:
    receiver.subscribe("news", qos=1, ttl=LONG)
    receiver.unsubscribe("news", ttl=0)
    sender.send("news", "meanwhile")
    receiver.subscribe("news", qos=1, ttl=LONG)
    sender.send("news", "later")
    assert [message.data for message in receiver.receive()] == ["later"]
