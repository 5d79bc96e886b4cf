"""Ctrl-C and SIGTERM, told to a thread of its own.

Python runs a handler on the main thread, between two of its instructions: there it may find the
client half way through something, and a main thread that is just about to wait for a lock does not
notice the signal until it has the lock. A file descriptor that is written to has neither problem.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["SIGNALS", "signals_told_to"]

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def signals_told_to(listener: Callable[[int], object]) -> Iterator[None]:
    """Call the listener with the number of each signal, instead of what Python would do.

    For the main thread. When the context is left the listener has returned, and is not called
    again.
    """
    reading, writing = socket.socketpair()
    writing.settimeout(0)
    thread = threading.Thread(target=_listen, args=(reading, listener), daemon=True)
    thread.start()
    # In this order, and back in the opposite one, no signal is lost in between.
    descriptor = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    handlers = [(number, signal.signal(number, _do_nothing)) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in handlers:
            signal.signal(number, handler)
        signal.set_wakeup_fd(descriptor)
        writing.close()
        thread.join()
        reading.close()


def _listen(reading: socket.socket, listener: Callable[[int], object]) -> None:
    while received := reading.recv(1):
        if received[0] in SIGNALS:
            listener(received[0])


def _do_nothing(*_: object) -> None:
    """Take the place of Python's own handler: without one no byte is written."""
