"""A malformed message reaches its callback, and is confirmed like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import proton
import pytest
from driven_client import ADDRESS

from mqlight._amqp.message import JSON, encode_prefix, encode_text

if TYPE_CHECKING:
    from driven_client import DrivenClient


def of_no_mapping() -> bytes:
    message = proton.Message(body=b"raw")
    message.instructions = {
        proton.symbol("x-opt-message-malformed-condition"): proton.symbol("FORMATNOMAPPING")
    }
    return bytes(message.encode())


@pytest.mark.parametrize(
    ("encoded", "data", "condition"),
    [
        (of_no_mapping(), b"raw", "FORMATNOMAPPING"),
        (encode_text(encode_prefix("news", JSON), "{no JSON"), "{no JSON", "PAYLOADENCODING"),
        (b"no AMQP", b"no AMQP", "PAYLOADNOTAMQP"),
    ],
    ids=["unmapped", "no JSON", "no AMQP"],
)
def test_a_malformed_message_is_handed_over_and_confirmed(
    client: DrivenClient, encoded: bytes, data: object, condition: str
) -> None:
    deliveries: list[dict[str, Any]] = []

    def on_message(kind: str, data: object, delivery: dict[str, Any]) -> None:
        client.on_message(kind, data, delivery)
        deliveries.append(delivery)

    client.subscribe(qos=1, on_message=on_message)
    client.turn()
    client.taken_log()
    tags = [client.peer.send(ADDRESS, encoded), *client.deliver("and the next")]
    client.turn()
    assert client.taken_log() == [("malformed", data), ("message", "and the next")]
    assert deliveries[0]["malformed"]["condition"] == condition
    assert "malformed" not in deliveries[1]
    assert client.peer.outcomes.keys() == set(tags)
