"""Holds the process while a client is not stopped.

Programs written for the original create a client and let the main thread end.  One thread that is
no daemon waits for the end of the main thread, then for the clients; it is made with the first
client, since Python 3.12 starts no thread once the main thread has ended.
"""

from __future__ import annotations

import threading

_lock = threading.Condition()
_held: set[object] = set()
_keeper: threading.Thread | None = None


def hold(client: object) -> None:
    """Keep the process, and the client, until `release`."""
    global _keeper  # noqa: PLW0603 - one for the process
    with _lock:
        _held.add(client)
        if _keeper is None:
            _keeper = threading.Thread(target=_keep, name="mqlight-keeper", daemon=False)
            _keeper.start()


def release(client: object) -> None:
    """The client is stopped."""
    with _lock:
        _held.discard(client)
        _lock.notify_all()


def forget() -> None:
    """Begin anew, in a child of `fork`: its parent's clients are not here, nor is the thread."""
    global _keeper, _lock  # noqa: PLW0603 - as above; another thread may have held the lock
    _lock = threading.Condition()
    _held.clear()
    _keeper = None


def _keep() -> None:
    threading.main_thread().join()
    with _lock:
        _lock.wait_for(lambda: not _held)
