"""Which processor core runs what, so that client and peer do not take time from each other."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Cores:
    """The core of the measured client and the one of the peer; None where nothing is pinned."""

    client: int | None
    peer: int | None

    def __str__(self) -> str:
        """Say what is pinned where."""
        if self.client is None:
            return "not pinned: this system has no sched_setaffinity"
        if self.client == self.peer:
            return (
                f"client and peer share core {self.client}, the only one there is: "
                "absolute figures suffer, ratios less"
            )
        return f"client on core {self.client}, peer on core {self.peer}"


def choose_cores() -> Cores:
    """Choose among the cores that this process may use."""
    if not hasattr(os, "sched_setaffinity"):
        return Cores(None, None)
    cores = sorted(os.sched_getaffinity(0))
    return Cores(cores[0], cores[-1])


@contextmanager
def starting_on(core: int | None) -> Iterator[None]:
    """Pin what is started inside to `core`: processes and their threads inherit it from us."""
    if core is None:
        yield
        return
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)
