"""The last messages that were published, for those who look on."""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import Final, NamedTuple

__all__ = ["Recent", "RecentMessages"]

_LARGEST_KEPT: Final = 16 * 1024


class Recent(NamedTuple):
    """One publication: its number among all, when it came (s), and its beginning as encoded."""

    number: int
    at: float
    topic: str
    size: int
    beginning: bytes


class RecentMessages:
    """Holds on to a few messages, undecoded, and of large ones to the beginning only."""

    def __init__(self, most: int) -> None:
        # Tuples, which cost a message half as much as named ones do.
        self._messages: deque[tuple[int, float, str, int, bytes]] = deque(maxlen=most)
        self._append = self._messages.append
        self._number = count(1).__next__

    def add(self, topic: str, encoded: bytes, now: float) -> None:
        """A message has been published."""
        size = len(encoded)
        beginning = encoded if size <= _LARGEST_KEPT else encoded[:_LARGEST_KEPT]
        self._append((self._number(), now, topic, size, beginning))

    def newest_first(self) -> list[Recent]:
        """What is held."""
        return [Recent(*message) for message in reversed(self._messages)]
