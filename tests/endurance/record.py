"""What was sent, told and received in a run, and what of it breaks a promise of the client's."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_SHOWN = 10
"""Violations of one kind that are spelled out."""


class Reader:
    """What one subscriber has received; its callbacks come one at a time, in order."""

    def __init__(self, name: str, credit: int) -> None:
        self.name = name
        self.credit = credit
        self.losses = 0
        """Connections that it has lost; each lets it receive again what it had not settled."""
        self.first: dict[int, int] = {}
        """Messages in the order of their first deliveries, each with the losses before it."""
        self.again: list[tuple[int, int]] = []
        """Messages delivered again, each with the losses before that."""
        self.misplaced: list[int] = []
        """Messages that came with a topic that is not theirs."""


class Record:
    """Keeps the books of a run of `total` messages, numbered from 0, over a few topics.

    Promises (at least once, ordered within a topic): `on_sent` exactly once, without an error;
    nothing lost; first deliveries in the order of sending; deliveries beyond the first only of
    messages that were unsettled at a disconnection.
    """

    def __init__(self, total: int, topics: int) -> None:
        self.total = total
        self.topics = topics
        self.changed = threading.Condition()
        self.readers: list[Reader] = []
        self.sender_losses = 0
        self.unsettled_at_losses = 0
        """Messages accepted and not told, summed over the sender's losses."""
        self.accepted: list[int] = []
        """For each message, the sender's losses before it was accepted."""
        self.told: dict[int, int] = {}
        """Messages in the order of their `on_sent`, each with the sender's losses before that."""
        self.told_again: list[int] = []
        self.failed: list[tuple[int, object]] = []
        self.refused_sends = 0
        """How often `send` said that the sender should wait."""
        self.drains = 0
        self.unexpected: list[str] = []
        """States, errors and messages that no run should see."""

    def topic(self, number: int) -> str:
        """Return the topic of a message."""
        return f"endurance/{number % self.topics}"

    def accept(self) -> int:
        """Number the message that is sent next."""
        self.accepted.append(self.sender_losses)
        return len(self.accepted) - 1

    def tell(self, number: int, error: object) -> None:
        """`on_sent` was called."""
        if error is not None:
            self.failed.append((number, error))
        if number in self.told:
            self.told_again.append(number)
        self.told[number] = self.sender_losses
        self._notify_at_end(len(self.told))

    def receive(self, reader: Reader, topic: str, number: int) -> None:
        """A message was delivered."""
        if topic != self.topic(number):
            reader.misplaced.append(number)
        if number in reader.first:
            reader.again.append((number, reader.losses))
        else:
            reader.first[number] = reader.losses
            self._notify_at_end(len(reader.first))

    def lose_sender(self) -> None:
        """The sender's connection was lost."""
        self.unsettled_at_losses += len(self.accepted) - len(self.told)
        self.sender_losses += 1

    def surprise(self, what: str) -> None:
        """Something happened that no run should see; nobody waits any longer."""
        self.unexpected.append(what)
        with self.changed:
            self.changed.notify_all()

    def _notify_at_end(self, count: int) -> None:
        if count >= self.total:
            with self.changed:
                self.changed.notify_all()

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for something that ends a part of the run; False when it has not come."""
        with self.changed:
            self.changed.wait_for(lambda: condition() or self.unexpected, seconds)
        return condition()

    @property
    def complete(self) -> bool:
        """Every message is told, and received by every reader."""
        every = (self.told, *(reader.first for reader in self.readers))
        return all(len(found) >= self.total for found in every)

    @property
    def progress(self) -> int:
        """How much has been told and received."""
        return len(self.told) + sum(len(reader.first) for reader in self.readers)

    @property
    def losses(self) -> int:
        """Connections lost by all clients together."""
        return self.sender_losses + sum(reader.losses for reader in self.readers)

    def violations(self) -> list[str]:
        """Return every broken promise, in words; [] for a good run."""
        found = list(self.unexpected)
        found += _listed("told twice", self.told_again)
        found += _listed("told with an error", self.failed)
        found += _listed("never told", sorted(set(range(self.total)) - self.told.keys()))
        found += self._out_of_order("told", self.told)
        if self.drains != self.refused_sends:
            found.append(f"{self.refused_sends} sends said to wait, {self.drains} drains followed")
        for reader in self.readers:
            found += self._of_reader(reader)
        return found

    def _of_reader(self, reader: Reader) -> list[str]:
        lost = sorted(set(range(self.total)) - reader.first.keys())
        found = _listed(f"never received by {reader.name}", lost)
        found += _listed(f"received by {reader.name} with another topic", reader.misplaced)
        found += self._out_of_order(f"received by {reader.name}", reader.first)
        found += _listed(f"received by {reader.name} too often", self._too_often(reader))
        # Twice: a grant of credit may get through where the settlements behind it do not.
        most = self.unsettled_at_losses + reader.losses * 2 * reader.credit
        if len(reader.again) > most:
            found.append(
                f"{reader.name} received {len(reader.again)} messages again, but only {most} were "
                "unsettled when connections were lost"
            )
        return found

    def _out_of_order(self, what: str, numbers: dict[int, int]) -> list[str]:
        last: dict[int, int] = {}
        found: list[tuple[int, int]] = []
        for number in numbers:
            lane = number % self.topics
            if number < last.get(lane, -1):
                found.append((number, last[lane]))
            last[lane] = number
        return _listed(f"{what} out of order (a message, after which)", found)

    def _too_often(self, reader: Reader) -> list[int]:
        """Messages with more deliveries than losses allow.

        Each loss of the sender's while a message was not told may have made another copy of it,
        and each loss of the reader's after the first delivery may have brought every copy again.
        """
        last = dict(reader.again)
        return [
            number
            for number, again in Counter(number for number, _ in reader.again).items()
            if 1 + again
            > (1 + self.told.get(number, self.sender_losses) - self.accepted[number])
            * (1 + last[number] - reader.first[number])
        ]


def _listed(what: str, found: Sequence[object]) -> list[str]:
    if not found:
        return []
    shown = ", ".join(map(str, found[:MOST_SHOWN]))
    return [f"{len(found)} messages {what}: {shown}{', …' if len(found) > MOST_SHOWN else ''}"]
