"""What a child of `fork` does about the clients of its parent: it has no part in them.

Of the parent's threads only the one that forked goes on in the child, but the child has a copy of
every descriptor, and every lock as it was at that moment.
"""

from __future__ import annotations

import logging
import os
import weakref
from typing import Protocol

from mqlight._drivers import replacement
from mqlight._drivers.keeper import keeper

log: logging.Logger = logging.getLogger("mqlight.driver")


class Inherited(Protocol):
    """A client's driver."""

    def disown(self) -> None:
        """This is a child of `fork`: close the descriptors' copies, and be stopped.

        Nothing may reach the server, or what the descriptors share with those of the parent.
        """


_drivers: weakref.WeakSet[Inherited] = weakref.WeakSet()


def watch(driver: Inherited) -> None:
    """Have a driver disowned in each child of this process."""
    _drivers.add(driver)


def forget(driver: Inherited) -> None:
    """A driver has nothing left to disown."""
    _drivers.discard(driver)


def _in_child() -> None:
    keeper.forget()
    replacement.forget()
    for driver in tuple(_drivers):
        try:
            driver.disown()
        except Exception:  # the others must be disowned all the same
            log.exception("a client could not be taken out of the child of a fork")
    _drivers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
