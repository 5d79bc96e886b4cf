"""Of the clients of a process with one id at one service the latest is the one that lives.

The server would see to that too (`mqlight-protocol.md` §1.7), but only once both are connected:
until then two clients that retry would take the connection from each other.
"""

from __future__ import annotations

import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING

from mqlight._machine.states import State
from mqlight_core.errors import ReplacedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqlight._drivers.control import Control
    from mqlight._drivers.settings import ClientSettings
    from mqlight_core.source import ServiceSource

LEAVING = 1.0
"""Seconds that a client may take to leave its connection when another takes over, beyond what it
may take for a stop that goes on already."""

_lock = threading.Lock()
_claims: weakref.WeakSet[Claim] = weakref.WeakSet()
"""Those of clients that are not stopped, nor abandoned with an event loop."""


class Claim:
    """What one client claims while it is not stopped: its id, at its service."""

    def __init__(
        self,
        control: Control,
        settings: ClientSettings,
        is_alive: Callable[[], bool] = lambda: True,
    ) -> None:
        """`is_alive` tells whether the client can still stop: not one left on a closed loop."""
        self._control = control
        self._is_alive = is_alive
        self._client_id = settings.client_id
        self._source = settings.source
        self._stop_timeout = settings.stop_timeout

    def take(self, start: Callable[[Sequence[Callable[[], object]]], None]) -> None:
        """Start; the others that claim the same stop with ReplacedError.

        `start` is given what to do, on a thread that may wait, before it connects: each waits until
        one of the others has left its connection, and can not replace this one at the server.
        """
        with _lock:
            gone = [other._replace() for other in tuple(_claims) if self._contradicts(other)]
            _claims.add(self)
            start(gone)

    def give_up(self) -> None:
        """The client is stopped."""
        with _lock:
            _claims.discard(self)

    def _contradicts(self, other: Claim) -> bool:
        return (
            other is not self
            and other._is_alive()
            and other._client_id == self._client_id
            and _is_same_service(self._source, other._source)
        )

    def _replace(self) -> Callable[[], object]:
        gone = threading.Event()
        message = f"the application has started another client with the id {self._client_id!r}"
        stopping = self._control.state is State.STOPPING
        self._control.replaced(ReplacedError(message), gone.set)
        return partial(gone.wait, LEAVING + self._stop_timeout if stopping else LEAVING)


def forget() -> None:
    """Begin anew, in a child of `fork`."""
    global _lock  # noqa: PLW0603 - another thread may have held it
    _lock = threading.Lock()
    _claims.clear()


def _is_same_service(one: ServiceSource, other: ServiceSource) -> bool:
    """Tell whether two sources have a service in common, as far as they say before they are asked.

    A list shares a service with another one if they share an address; functions are equal or not.
    """
    if one.fixed is None or other.fixed is None:
        return one == other
    return not {service.address for service in one.fixed}.isdisjoint(
        service.address for service in other.fixed
    )
