"""Whose turn it is, when each comes again after a random while."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Turns"]

_One = TypeVar("_One")


class Turns(Generic[_One]):
    """The next one, and when.

    Args:
        ones: who take turns; at least one.
        pause: seconds from now, or from a turn, to the next one of the same; called for each.
        now: the time on a clock that goes by seconds.
    """

    def __init__(self, ones: Sequence[_One], pause: Callable[[], float], now: float) -> None:
        self._ones = ones
        self._pause = pause
        self._turns = [(now + pause(), index) for index in range(len(ones))]
        heapq.heapify(self._turns)

    def wait(self, now: float) -> float:
        """Return how many seconds are left to the next turn; 0 when it is due."""
        return max(self._turns[0][0] - now, 0.0)

    def take(self, now: float) -> _One:
        """Return whose turn it is, whether or not it is due; another will be after a pause."""
        index = self._turns[0][1]
        heapq.heapreplace(self._turns, (now + self._pause(), index))
        return self._ones[index]
