"""Delivery annotations of any type stand around those that say why a message is malformed."""

from __future__ import annotations

import uuid
from typing import Any

import proton
import pytest

from mqlight._amqp.message import MessageReader

REASON: dict[str, Any] = {
    "x-opt-message-malformed-condition": proton.symbol("JMSNOMAPPING"),
    "x-opt-message-malformed-description": "no mapping",
    "x-opt-message-malformed-MQMD.CodedCharSetId": proton.int32(1208),
    "x-opt-message-malformed-MQMD.Format": "MQSTR",
}

UNDESCRIBED: Any = proton.UNDESCRIBED

OF_OTHERS: list[Any] = [
    None,
    True,
    proton.ubyte(1),
    proton.byte(-1),
    proton.ushort(1),
    proton.short(-1),
    proton.uint(1),
    proton.int32(-1),
    proton.ulong(2**40),
    -(2**40),
    proton.float32(0.5),
    0.5,
    proton.char("c"),
    proton.timestamp(1),
    proton.decimal32(1),
    proton.decimal64(1),
    proton.decimal128(bytes(16)),
    uuid.UUID(int=1),
    b"binary",
    "text",
    proton.symbol("symbol"),
    [1, [2]],
    {"map": {"of": "maps"}},
    proton.Array(UNDESCRIBED, proton.Data.INT, 1, 2),
    proton.Described(proton.symbol("kind"), "described"),
]


@pytest.mark.parametrize("value", OF_OTHERS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("first", [True, False])
def test_an_annotation_of_another_type_hides_nothing(value: Any, *, first: bool) -> None:
    other: dict[str, Any] = {"x-opt-of-others": value}
    annotations = other | REASON if first else REASON | other
    message = proton.Message(body="raw")
    message.instructions = {proton.symbol(name): one for name, one in annotations.items()}
    data, _, malformed = MessageReader("pattern", 0).read(bytes(message.encode()))
    assert data == "raw"
    assert malformed == {
        "condition": "JMSNOMAPPING",
        "description": "no mapping",
        "MQMD": {"CodedCharSetId": 1208, "Format": "MQSTR"},
    }
