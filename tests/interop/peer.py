"""What the tests ask of a client, whoever wrote it."""

from __future__ import annotations

import queue
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar, Unpack

if TYPE_CHECKING:
    from mqlight.typing import SubscribeOptionsDict

PATIENCE = 30.0
"""Seconds after which a test gives up waiting; no test waits for a time to pass."""

Reported = TypeVar("Reported")


@dataclass(frozen=True, slots=True)
class Received:
    """A message as a client hands it to its program."""

    data: object
    """Text as str, binary as bytes, JSON as what it stands for."""
    topic: str
    pattern: str
    share: str | None
    ttl: int | None
    """In ms; None when the client tells none."""
    properties: Mapping[str, object] | None
    token: object
    """What `Peer.confirm` needs; None when there is nothing to confirm."""


class Peer(ABC):
    """One client under test.  Every method returns when the client has reported the outcome.

    A method whose outcome is an error raises AssertionError, and so does one that has waited for
    `PATIENCE`.
    """

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self._received: queue.SimpleQueue[Received] = queue.SimpleQueue()
        self._errors: queue.SimpleQueue[str] = queue.SimpleQueue()

    @abstractmethod
    def subscribe(
        self, pattern: str, share: str | None = None, **options: Unpack[SubscribeOptionsDict]
    ) -> None:
        """Subscribe, with the options of `mqlight.Client.subscribe`."""

    @abstractmethod
    def unsubscribe(
        self, pattern: str, share: str | None = None, *, ttl: int | None = None
    ) -> None:
        """Unsubscribe; with a ttl of 0 the destination is deleted."""

    @abstractmethod
    def send(
        self,
        topic: str,
        data: object,
        *,
        qos: int = 1,
        ttl: int | None = None,
        properties: Mapping[str, object] | None = None,
    ) -> None:
        """Send a message; at qos 1 the server has it when this returns.  The ttl is in ms."""

    @abstractmethod
    def send_numbers(self, topic: str, count: int, *, qos: int) -> None:
        """Send the numbers below count, and pause for each backlog that the client reports."""

    @abstractmethod
    def confirm(self, message: Received) -> None:
        """Confirm a message of a subscription at qos 1 without auto_confirm."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the client."""

    @abstractmethod
    def close(self) -> None:
        """Release what the client holds, whatever state it is in."""

    @abstractmethod
    def diagnosis(self) -> str:
        """What may explain why nothing is reported."""

    def receive(self, count: int = 1) -> list[Received]:
        """Return the next messages, which are one after another in the order of arrival."""
        return [self._wait(self._received, f"message {n + 1} of {count}") for n in range(count)]

    def error(self) -> str:
        """Return the name of the next error that the client reports out of turn."""
        return self._wait(self._errors, "error")

    def unexpected(self) -> list[object]:
        """Return the messages and errors that nobody has asked for."""
        found: list[object] = []
        for reports in (self._received, self._errors):
            while not reports.empty():
                found.append(reports.get_nowait())
        return found

    def _wait(self, reports: queue.SimpleQueue[Reported], what: str) -> Reported:
        try:
            return reports.get(timeout=PATIENCE)
        except queue.Empty:
            message = f"{self} reported no {what} within {PATIENCE:.0f} s\n{self.diagnosis()}"
            raise AssertionError(message) from None

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.client_id!r}"


MakePeer: TypeAlias = Callable[[str], Peer]
"""Connect a client with this client id."""
