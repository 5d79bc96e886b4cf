"""A consumer that records, for the tests of the broker's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight_devserver.message import Message
from mqlight_devserver.sections import Header

if TYPE_CHECKING:
    from collections.abc import Iterable


def numbered(order: int, *, size: int = 10, expires_at: float | None = None) -> Message:
    return Message(order, bytes(size), Header(0), expires_at)


def orders(messages: Iterable[Message]) -> list[int]:
    return [message.order for message in messages]


class Recorder:
    """Takes what its credit allows and holds it until told otherwise."""

    def __init__(self, client_id: str, credit: int) -> None:
        self.client_id = client_id
        self.unsettled = 0
        self.credit = credit
        self.batches: list[list[Message]] = []

    @property
    def taken(self) -> list[int]:
        return [message.order for batch in self.batches for message in batch]

    def room(self) -> int:
        return self.credit

    def held(self) -> list[Message]:
        return [message for batch in self.batches for message in batch]

    def deliver(self, messages: list[Message], now: float) -> None:
        assert 0 < len(messages) <= self.credit
        self.credit -= len(messages)
        self.batches.append(messages)
