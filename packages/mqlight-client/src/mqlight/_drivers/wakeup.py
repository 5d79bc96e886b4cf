"""Wakes a thread that waits in a selector."""

from __future__ import annotations

import os
import socket


class Wakeup:
    """A file descriptor that becomes readable when `wake` is called, from any thread.

    While the waiting thread is at work (`asleep` False), `wake` costs a test: the thread looks at
    its queues before it sleeps again.  The order that loses no wake-up: it sets `asleep`, looks at
    the queues, and only then waits.
    """

    def __init__(self) -> None:
        self.asleep = False
        self._eventfd = -1
        self._pair: tuple[socket.socket, socket.socket] | None = None
        if hasattr(os, "eventfd"):
            self._eventfd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self._pair = socket.socketpair()
            for end in self._pair:
                end.settimeout(0)

    def fileno(self) -> int:
        """Return what to watch for reading."""
        return self._pair[0].fileno() if self._pair else self._eventfd

    def wake(self) -> None:
        """Make the thread return from its wait, or not begin one."""
        if self.asleep:
            self.asleep = False
            if self._pair:
                self._pair[1].send(b"\x00")
            else:
                os.eventfd_write(self._eventfd, 1)

    def clear(self) -> None:
        """The thread is awake."""
        self.asleep = False
        try:
            if self._pair:
                self._pair[0].recv(64)
            else:
                os.eventfd_read(self._eventfd)
        except BlockingIOError:
            pass

    def close(self) -> None:
        """Give the descriptors back; nobody waits any more."""
        self.asleep = False
        if self._pair:
            for end in self._pair:
                end.close()
        elif self._eventfd >= 0:
            os.close(self._eventfd)
            self._eventfd = -1
