"""Which connection speaks for a client id (mqlight-protocol.md §1.7)."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["ClientRegistry"]

C = TypeVar("C")


class ClientRegistry(Generic[C]):
    """Client ids and their holders: the latest to claim an id has it."""

    def __init__(self) -> None:
        self._holders: dict[str, C] = {}

    def claim(self, client_id: str, holder: C) -> C | None:
        """Make `holder` the one; the former holder, who must go, is returned."""
        former = self._holders.get(client_id)
        self._holders[client_id] = holder
        return former

    def release(self, client_id: str, holder: C) -> None:
        """Give the id up; without effect for someone who does not hold it any more."""
        if self._holders.get(client_id) is holder:
            del self._holders[client_id]
