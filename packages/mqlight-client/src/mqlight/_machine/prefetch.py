"""Messages that have come and wait for the application to ask for them, one after the other.

What waits counts as under way: no credit is granted for it, so that a subscription never holds
more than its credit.  The engine's owner puts, one thread of the application's takes; a deque
needs no lock for that.
"""

from __future__ import annotations

from collections import deque
from itertools import repeat
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Link(Protocol):
    """What is asked of the link that a message came over."""

    @property
    def alive(self) -> bool:
        """Whether messages that came over it can still be settled."""


L = TypeVar("L", bound=Link)


class Prefetched(Generic[L]):
    """One message that has come."""

    __slots__ = ("credited", "data", "delivery", "finished", "kind", "link", "token")

    def __init__(
        self, kind: str, data: object, delivery: dict[str, Any], link: L, token: int
    ) -> None:
        self.kind: str = kind
        self.data: object = data
        self.delivery: dict[str, Any] = delivery
        self.link: L = link
        """What it came over, and is settled on."""
        self.token: int = token
        """What settles it; 0 when it is settled already."""
        self.credited: L = link
        """Whose credit it uses: another one once it has outlived the one it came over."""
        self.finished: bool = False
        """The application is done with it."""


class Prefetch(Generic[L]):
    """What waits for one subscription."""

    def __init__(self, *, kept_by_server: bool, wake: Callable[[], None]) -> None:
        """Begin empty.

        Args:
            kept_by_server: what is not settled comes again after a reconnection, so that waiting
                for the application any longer would only make duplicates.
            wake: called on the engine's owner when messages have come.
        """
        self._kept_by_server = kept_by_server
        self._wake = wake
        self._waiting: deque[Prefetched[L]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(
        self,
        link: L,
        messages: Iterable[tuple[str, object, dict[str, Any]]],
        tokens: Iterable[int],
    ) -> None:
        """Take in messages that came over a link, with what settles each; `tokens` may be empty."""
        self._waiting.extend(
            [
                Prefetched(kind, data, delivery, link, token)
                for (kind, data, delivery), token in zip(
                    messages, tokens or repeat(0), strict=False
                )
            ]
        )
        self._wake()

    def take(self) -> Prefetched[L] | None:
        """Return the oldest message; None when none has come."""
        while self._waiting:
            message = self._waiting.popleft()
            if message.link.alive or not self._kept_by_server:
                return message
        return None

    def restart(self, link: L) -> int:
        """Go on over a new link; return how many messages use some of its credit already."""
        if self._kept_by_server:
            self._waiting.clear()
        left = tuple(self._waiting)
        for message in left:
            message.credited = link
        return len(left)

    def clear(self) -> None:
        """Drop what waits: the subscription has ended."""
        self._waiting.clear()
