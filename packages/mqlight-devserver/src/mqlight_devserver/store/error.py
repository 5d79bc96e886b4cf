"""What goes wrong with a store, for those who need not load SQLite."""

from __future__ import annotations

__all__ = ["StoreError"]


class StoreError(OSError):
    """The file of the store cannot be used; the text names it and says why."""
