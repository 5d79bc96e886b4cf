"""Messages through a real server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

PAYLOADS = [
    ("text", "hello", "hello"),
    ("empty text", "", ""),
    ("text beyond ASCII", "grüße, 你好 🎈", "grüße, 你好 🎈"),
    ("text longer than a frame", "x" * 200_000, "x" * 200_000),
    ("bytes", b"\x00\xff", bytearray(b"\x00\xff")),
    ("no bytes", b"", bytearray(b"")),
    ("bytearray", bytearray(b"abc"), bytearray(b"abc")),
    ("memoryview", memoryview(b"abc"), bytearray(b"abc")),
    ("JSON object", {"a": [1, 2.5, None, True]}, {"a": [1, 2.5, None, True]}),
    ("JSON number", 7, 7),
    ("JSON false", False, False),
]


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize(("what", "sent", "received"), PAYLOADS, ids=[row[0] for row in PAYLOADS])
def test_every_kind_of_payload_arrives_as_it_was_sent(
    started: Make, qos: int, what: str, sent: Any, received: Any
) -> None:
    program = started()
    program.subscribe("payloads", qos=qos)
    program.send("payloads", sent, qos=qos)
    [(kind, data, delivery)] = program.wait_named("on_message")
    assert kind == "message"
    assert data == received, what
    assert type(data) is type(received)
    assert delivery == {
        "message": {"topic": "payloads", "qos": qos},
        "destination": {"topic_pattern": "payloads"},
    }


def test_on_sent_gets_the_callers_own_objects(started: Make) -> None:
    program = started()
    data, options = {"key": "value"}, {"qos": 1}
    program.client.send("a", data, options, program.recorder("on_sent"))
    [(error, topic, same_data, same_options)] = program.wait_named("on_sent")
    assert error is None
    assert topic == "a"
    assert same_data is data
    assert same_options is options


def test_delivery_tells_topic_share_ttl_properties_and_persistence(started: Make) -> None:
    program = started()
    program.subscribe("news/#", "readers")
    properties = {"s": "text", "b": True, "i": -5, "f": 1.5, "raw": b"\x01", "none": None}
    program.deliver("news/sport", "goal", ttl=60_000, properties=properties, persistent=True)
    [(_, _, delivery)] = program.wait_named("on_message")
    assert 0 < delivery["message"].pop("ttl") <= 60_000
    assert delivery == {
        "message": {
            "topic": "news/sport",
            "qos": 0,
            "properties": properties,
            "persistent": True,
        },
        "destination": {"topic_pattern": "news/#", "share": "readers"},
    }


def test_every_subscription_gets_its_copy_and_a_share_only_one(started: Make) -> None:
    program, one, other = started(), started(), started()
    program.subscribe("t")
    one.subscribe("t", "share")
    other.subscribe("t", "share")
    for number in range(10):
        program.deliver("t", number)
    program.wait_for(lambda: len(program.messages) == 10)
    one.wait_for(lambda: len(one.messages) == 5)
    other.wait_for(lambda: len(other.messages) == 5)
    assert program.messages == list(range(10))
    assert sorted(one.messages + other.messages) == list(range(10))


@pytest.mark.parametrize("qos", [0, 1])
def test_ten_thousand_messages_arrive_once_and_in_order(started: Make, qos: int) -> None:
    sender, receiver = started(), started()
    receiver.subscribe("many", qos=1)
    for number in range(10_000):
        sender.send("many", number, qos=qos)
    receiver.wait_for(lambda: len(receiver.messages) >= 10_000)
    assert receiver.messages == list(range(10_000))
    sender.wait_named("on_sent", 10_000)
    assert [data for _, _, data, _ in sender.named("on_sent")] == list(range(10_000))
    assert all(error is None for error, _, _, _ in sender.named("on_sent"))


def test_one_client_sends_to_many_topics(started: Make) -> None:
    program = started()
    program.subscribe("many/+", qos=1)
    for number in range(2_000):
        program.send(f"many/{number}", number, qos=1)
    program.wait_for(lambda: len(program.messages) == 2_000)
    assert sorted(program.messages) == list(range(2_000))


def test_send_is_false_beyond_the_backlog_and_one_drain_follows(started: Make) -> None:
    program = started()
    accepted = [program.send("nobody", number, qos=1) for number in range(5_000)]
    program.wait_named("on_sent", 5_000)
    program.client.stop()
    assert program.client.wait_stopped(10)
    assert not all(accepted)
    assert 1 <= len(program.named("on_drain")) <= accepted.count(False)


def test_an_expired_message_is_not_delivered(started: Make) -> None:
    program = started()
    program.subscribe("t", ttl=60_000, qos=1)
    program.client.unsubscribe("t", None, None, program.recorder("on_unsubscribed"))
    program.wait_named("on_unsubscribed")
    program.deliver("t", "short-lived", ttl=1)
    threading.Event().wait(0.05)
    program.deliver("t", "lasting")
    program.subscribe("t", ttl=60_000, qos=1)
    program.wait_named("on_message")
    assert program.messages == ["lasting"]


def test_manual_confirmation_holds_back_what_exceeds_the_credit(started: Make) -> None:
    program, sender = started(), started()
    program.subscribe("t", qos=1, auto_confirm=False, credit=2)
    for number in range(4):
        sender.deliver("t", number)
    program.wait_named("on_message", 2)
    deliveries = [delivery for _, _, delivery in program.named("on_message")]
    assert program.messages == [0, 1]
    for delivery in deliveries:
        delivery["message"]["confirm_delivery"](program.recorder("confirmed"))
        delivery["message"]["confirm_delivery"]()
    assert program.wait_named("confirmed", 2) == [(None,), (None,)]
    program.wait_named("on_message", 4)
    assert program.messages == [0, 1, 2, 3]


def test_an_unconfirmed_message_is_delivered_again(started: Make) -> None:
    first, sender = started("reader"), started()
    first.subscribe("t", qos=1, auto_confirm=False, ttl=60_000)
    sender.deliver("t", "again")
    first.wait_named("on_message")
    first.stop()
    second = started("reader")
    second.subscribe("t", qos=1, ttl=60_000)
    second.wait_named("on_message")
    assert second.messages == ["again"]


def test_credit_zero_receives_nothing(started: Make) -> None:
    blocked, other = started(), started()
    blocked.subscribe("t", credit=0)
    other.subscribe("t")
    other.deliver("t", "x")
    other.wait_named("on_message")
    blocked.stop()
    assert blocked.messages == []


def test_unsubscribing_ends_the_messages(started: Make) -> None:
    program, other = started(), started()
    program.subscribe("t")
    program.client.unsubscribe("t", None, None, program.recorder("on_unsubscribed"))
    assert program.wait_named("on_unsubscribed") == [(None, "t", None)]
    other.subscribe("t")
    other.deliver("t", "x")
    other.wait_named("on_message")
    program.subscribe("t")
    other.deliver("t", "y")
    program.wait_named("on_message")
    assert program.messages == ["y"]


def test_a_subscription_with_ttl_outlives_its_subscriber(started: Make) -> None:
    program, sender = started("reader"), started()
    program.subscribe("t", ttl=60_000, qos=1)
    program.stop()
    sender.deliver("t", "kept")
    again = started("reader")
    again.subscribe("t", ttl=60_000, qos=1)
    again.wait_named("on_message")
    assert again.messages == ["kept"]


def test_unsubscribing_with_ttl_zero_deletes_the_destination(started: Make) -> None:
    program, sender = started("reader"), started()
    program.subscribe("t", ttl=60_000, qos=1)
    program.client.unsubscribe("t", None, {"ttl": 0}, program.recorder("on_unsubscribed"))
    program.wait_named("on_unsubscribed")
    sender.deliver("t", "lost")
    program.subscribe("t", ttl=60_000, qos=1)
    sender.deliver("t", "found")
    program.wait_named("on_message")
    assert program.messages == ["found"]
