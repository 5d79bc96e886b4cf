"""How much is accepted and not finished, and when a drain is owed (`mqlight-protocol.md` §3.5)."""

from __future__ import annotations

MOST_MESSAGES = 1024
MOST_BYTES = 1024 * 1024
"""Beyond either, `send()` answers False."""


class Backlog:
    """Counts on both sides of the hand-over, so that neither side needs a lock.

    Applications' threads write `accepted…` and `drain_owed`, the engine's owner the others.
    CPython does not switch threads within an augmented assignment of a plain int, and proton's
    binding keeps the interpreter lock on in builds that could do without.
    """

    __slots__ = (
        "accepted",
        "accepted_bytes",
        "drain_owed",
        "finished",
        "finished_bytes",
        "most_queued_bytes",
        "told_bytes",
    )

    def __init__(self, most_queued_bytes: int) -> None:
        self.accepted: int = 0
        self.accepted_bytes: int = 0
        self.finished: int = 0
        self.finished_bytes: int = 0
        self.drain_owed: bool = False
        self.told_bytes: int = 0
        """Of those finished: whose `on_sent` has returned, or that have none."""
        self.most_queued_bytes: int = most_queued_bytes
        """Bytes beyond which nothing more is accepted."""

    @property
    def messages(self) -> int:
        """Messages accepted and not finished."""
        return self.accepted - self.finished

    @property
    def size(self) -> int:
        """Bytes accepted and not finished, as encoded."""
        return self.accepted_bytes - self.finished_bytes

    @property
    def held(self) -> int:
        """Bytes accepted and not told: what is kept in memory."""
        return self.accepted_bytes - self.told_bytes

    @property
    def holds_much(self) -> bool:
        """Too much is held for a drain, whatever is finished."""
        return self.held > self.most_queued_bytes // 2

    def drained(self) -> bool:
        """Take back the drain that is owed once the backlog is at or below half; True if so."""
        if not self.drain_owed or self.holds_much:
            return False
        if self.messages > MOST_MESSAGES // 2 or self.size > MOST_BYTES // 2:
            return False
        self.drain_owed = False
        return True
