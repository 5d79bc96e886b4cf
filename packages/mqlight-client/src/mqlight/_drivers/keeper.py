"""Holds the process while a client is not stopped, and stops clients when the process must end.

Programs written for the original create a client and let the main thread end.  So the main thread,
once its program is over, waits for the clients, where Ctrl-C stops them.  A thread that is no
daemon holds the process too, should the main thread be interrupted elsewhere; it is made with the
first client, since Python 3.12 starts no thread once the main thread has ended.
"""

from __future__ import annotations

import atexit
import sys
import threading
from contextlib import suppress
from typing import Protocol

FAREWELL = 1.0
"""Seconds for the callbacks that tell of a stop which has taken all of its time."""


class Held(Protocol):
    """A client's driver."""

    @property
    def stop_timeout(self) -> float:
        """Seconds that a stop may take, callbacks aside."""

    def stop(self, on_stopped: None) -> None:
        """Stop the client; `release` follows."""


class Keeper:
    """What holds one process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: set[Held] = set()
        self._thread: threading.Thread | None = None

    def hold(self, client: Held) -> None:
        """Keep the process, and the client, until `release`."""
        with self._changed:
            self._held.add(client)
            if self._thread is None:
                thread = threading.Thread(target=self._keep, name="mqlight-keeper", daemon=False)
                with suppress(RuntimeError):  # 3.12 and later, once the main thread has ended
                    thread.start()
                    self._thread = thread

    def release(self, client: Held) -> None:
        """The client is stopped."""
        with self._changed:
            self._held.discard(client)
            self._changed.notify_all()

    def holds(self, client: Held) -> bool:
        """Tell whether the process is kept for this client."""
        return client in self._held

    def wait(self) -> None:
        """Wait until every client is stopped; after Ctrl-C, here or before, stop them."""
        try:
            if not isinstance(getattr(sys, "last_value", None), KeyboardInterrupt):
                self._wait(None)
        except KeyboardInterrupt:
            pass
        self.flush()

    def flush(self) -> None:
        """Stop the clients that are left, for as long as their stops may take, or until Ctrl-C."""
        left = tuple(self._held)
        if not left:
            return
        try:
            for client in left:
                client.stop(None)
            self._wait(max(client.stop_timeout for client in left) + FAREWELL)
        except KeyboardInterrupt:
            pass
        with self._changed:
            self._held.clear()
            self._changed.notify_all()

    def forget(self) -> None:
        """Begin anew, in a child of `fork`: its parent's clients are not here, nor the thread."""
        self._changed = threading.Condition()  # another thread may have held it
        self._held.clear()
        self._thread = None

    def _keep(self) -> None:
        threading.main_thread().join()
        with self._changed:
            self._changed.wait_for(lambda: not self._held)
            self._thread = None  # a client that another thread starts later needs a new one

    def _wait(self, timeout: float | None) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._held, timeout)


keeper = Keeper()

# Of the library's own, and the one way to be called before threads are waited for: there Ctrl-C
# would end the waiting with a traceback, and leave the clients as they are.
_register = getattr(threading, "_register_atexit", None)
if _register is not None:
    with suppress(RuntimeError):  # threads are being waited for already
        _register(keeper.wait)
atexit.register(keeper.flush)
