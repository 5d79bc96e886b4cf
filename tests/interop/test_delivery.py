"""Confirmation, credit, the ttl of messages, order, and backlog."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .peer import MakePeer, Peer

LONG = 60_000
"""A ttl in ms that no test outlasts."""


def test_a_message_is_delivered_again_until_it_is_confirmed(
    sender: Peer, make_receiver: MakePeer
) -> None:
    receiver = make_receiver("receiver")
    receiver.subscribe("work", qos=1, ttl=LONG, auto_confirm=False)
    sender.send("work", "first")
    sender.send("work", "second")
    first, _ = receiver.receive(2)
    receiver.confirm(first)
    receiver.stop()

    receiver = make_receiver("receiver")
    receiver.subscribe("work", qos=1, ttl=LONG, auto_confirm=False)
    [second] = receiver.receive()
    assert second.data == "second"
    receiver.confirm(second)
    receiver.stop()

    receiver = make_receiver("receiver")
    receiver.subscribe("work", qos=1, ttl=LONG, auto_confirm=False)
    sender.send("work", "third")
    assert [message.data for message in receiver.receive()] == ["third"]


def test_what_is_confirmed_automatically_is_not_delivered_again(
    sender: Peer, make_receiver: MakePeer
) -> None:
    receiver = make_receiver("receiver")
    receiver.subscribe("work", qos=1, ttl=LONG)
    sender.send("work", "first")
    receiver.receive()
    receiver.stop()

    receiver = make_receiver("receiver")
    receiver.subscribe("work", qos=1, ttl=LONG)
    sender.send("work", "second")
    assert [message.data for message in receiver.receive()] == ["second"]


def test_what_a_lost_client_has_not_confirmed_goes_to_the_rest_of_its_share(
    sender: Peer, node: MakePeer, ours: MakePeer
) -> None:
    theirs, our_own = node("theirs"), ours("ours")
    for subscriber in (theirs, our_own):
        subscriber.subscribe("work", "team", qos=1, auto_confirm=False)
    for number in range(4):
        sender.send("work", number)
    lost = [message.data for message in theirs.receive(2)]
    our_own.receive(2)
    theirs.close()
    assert [message.data for message in our_own.receive(2)] == lost


@pytest.mark.parametrize(("qos", "auto_confirm"), [(0, True), (1, True), (1, False)])
def test_only_manual_confirmation_at_qos_1_is_left_to_the_program(
    sender: Peer, receiver: Peer, qos: int, *, auto_confirm: bool
) -> None:
    receiver.subscribe("work", qos=qos, auto_confirm=auto_confirm)
    sender.send("work", "data")
    [message] = receiver.receive()
    assert (message.token is None) is auto_confirm


def test_no_more_messages_than_the_credit_are_unconfirmed(sender: Peer, receiver: Peer) -> None:
    receiver.subscribe("work", qos=1, credit=2, auto_confirm=False)
    receiver.subscribe("other")
    for number in range(4):
        sender.send("work", number)
    sender.send("other", "meanwhile")
    first, second, meanwhile = receiver.receive(3)
    assert [first.data, second.data, meanwhile.data] == [0, 1, "meanwhile"]
    # One by one: IBM's client looks at its credit only when something is confirmed, and at that
    # moment it must have used up what it had.
    for confirmed, next_number in ((first, 2), (second, 3)):
        receiver.confirm(confirmed)
        assert [message.data for message in receiver.receive()] == [next_number]


def test_the_ttl_that_arrives_is_what_remains_of_it(sender: Peer, make_receiver: MakePeer) -> None:
    receiver = make_receiver("receiver")
    receiver.subscribe("news", qos=1, ttl=LONG)
    receiver.stop()
    before = time.monotonic()
    sender.send("news", "with a ttl", ttl=LONG)
    sent = time.monotonic()
    sender.send("news", "without")
    receiver = make_receiver("receiver")
    waited = (time.monotonic() - sent) * 1000
    receiver.subscribe("news", qos=1, ttl=LONG)
    with_ttl, without = receiver.receive(2)
    elapsed = (time.monotonic() - before) * 1000
    assert with_ttl.ttl is not None
    rounding = 1
    assert LONG - elapsed - rounding <= with_ttl.ttl <= LONG - waited + rounding
    assert without.ttl is None


def test_an_expired_message_does_not_arrive(sender: Peer, make_receiver: MakePeer) -> None:
    receiver = make_receiver("receiver")
    receiver.subscribe("news", qos=1, ttl=LONG)
    receiver.stop()
    sender.send("news", "short-lived", ttl=1)
    expiry = time.monotonic() + 0.001
    sender.send("news", "later")
    receiver = make_receiver("receiver")
    assert time.monotonic() > expiry
    receiver.subscribe("news", qos=1, ttl=LONG)
    assert [message.data for message in receiver.receive()] == ["later"]


@pytest.mark.parametrize("qos", [0, 1])
def test_thousands_of_messages_arrive_in_order_when_the_sender_awaits_each_drain(
    sender: Peer, receiver: Peer, qos: int
) -> None:
    receiver.subscribe("many", qos=qos)
    sender.send_numbers("many", 5_000, qos=qos)
    assert [message.data for message in receiver.receive(5_000)] == list(range(5_000))
