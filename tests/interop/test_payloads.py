"""What is sent by one client is what the other receives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .peer import MakePeer, Peer

PAYLOADS = [
    "plain text",
    "",
    "grüße, 你好, 🎈, \N{LINE SEPARATOR}, \0",
    "longer than a frame: " + "0123456789" * 20_000,
    b"\x00\x01\xfe\xff",
    b"",
    bytes(range(256)) * 1_000,
    {"key": ["text", 2.5, -7, True, None, {"ключ": "значение"}]},
    [],
    ["one element"],
    42,
    0,
    False,
]


@pytest.mark.parametrize("subscribed_qos", [0, 1])
@pytest.mark.parametrize("sent_qos", [0, 1])
def test_text_binary_and_json_arrive_as_they_were_sent(
    sender: Peer, receiver: Peer, sent_qos: int, subscribed_qos: int
) -> None:
    receiver.subscribe("payloads", qos=subscribed_qos)
    for payload in PAYLOADS:
        sender.send("payloads", payload, qos=sent_qos)
    arrived = [message.data for message in receiver.receive(len(PAYLOADS))]
    assert arrived == PAYLOADS
    assert [type(data) for data in arrived] == [type(payload) for payload in PAYLOADS]


def test_json_null_of_node_arrives_as_none(ours: MakePeer, node: MakePeer) -> None:
    receiver, sender = ours("receiver"), node("sender")
    receiver.subscribe("payloads")
    sender.send("payloads", None)
    [message] = receiver.receive()
    assert message.data is None


def test_message_properties_arrive_as_they_were_sent(sender: Peer, receiver: Peer) -> None:
    properties = {
        "text": "grüße",
        "empty text": "",
        "true": True,
        "false": False,
        "integer": -5,
        "large integer": 1_234_567_890,
        "fraction": 2.5,
        "binary": b"\x00\xff",
        "null": None,
    }
    receiver.subscribe("properties")
    sender.send("properties", "with", properties=properties)
    sender.send("properties", "without")
    with_properties, without = receiver.receive(2)
    assert with_properties.properties == properties
    assert without.properties is None
