"""Who runs callbacks: the thread that owns the engine hands the engine over while it does.

Two threads take turns.  The owner turns the engine; when callbacks are due it releases the engine,
makes them itself, and takes the engine back, which costs no switch of threads.  When they take
longer than `PATIENCE`, the other thread takes the engine, and later batches queue behind the slow
one: heartbeats, acknowledgements and reconnection go on, and callbacks stay one at a time and in
order.
"""

from __future__ import annotations

import threading
from collections import deque
from time import sleep
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqlight._drivers.calls import Call

PATIENCE = 0.005
"""Seconds that callbacks may keep the engine waiting."""

_QUIET_ROUNDS = 20
"""After so many times PATIENCE without callbacks the standby thread stops looking."""


class Turns(Protocol):
    """What the threads share; only its owner may call `turn` and `finish`."""

    @property
    def closed(self) -> bool:
        """The threads are no longer needed."""

    def dispose(self) -> None:
        """Give everything back; the last thing that the owner does."""

    def turn(self) -> Sequence[Call]:
        """Do one round of IO, waiting for some if there is nothing to do; return what is due."""

    def run(self, calls: Sequence[Call]) -> None:
        """Make the callbacks, without the engine."""

    def finish(self, calls: Sequence[Call]) -> None:
        """Settle and grant credit for a batch whose callbacks have returned."""

    def finish_later(self, calls: Sequence[Call]) -> None:
        """Leave that to the owner; called by the other thread."""


class Handover:
    """The two threads of one client, made at once and never again."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._lock = threading.Lock()
        self._owner = 0
        self._released = False
        """The owner is making callbacks, and the engine may be taken."""
        self._busy = False
        """Some thread is making callbacks."""
        self._batches = 0
        self._queue: deque[Sequence[Call]] = deque()
        self._look = threading.Event()
        self._callback_thread: int | None = None

    def start(self, name: str) -> None:
        """Make the threads, once; their names begin with `name`."""
        for number in (0, 1):
            threading.Thread(
                target=self._live, args=(number,), name=f"{name}-{number}", daemon=True
            ).start()

    @property
    def busy(self) -> bool:
        """Callbacks are being made, or wait to be."""
        return self._busy

    def in_callback(self) -> bool:
        """Tell whether the calling thread is making a callback."""
        return self._callback_thread == threading.get_ident()

    def dismiss(self) -> None:
        """Let the standby thread see that `closed` is True; the owner sees it in its turn."""
        with self._lock:
            self._look.set()

    def disown(self) -> None:
        """This is a child of `fork`, perhaps inside a callback: no other follows it."""
        self._lock = threading.Lock()  # another thread may have held it
        self._queue.clear()

    def _live(self, me: int) -> None:
        while not self._turns.closed:
            if self._await_engine(me):
                self._own(me)

    def _await_engine(self, me: int) -> bool:
        quiet = 0
        while self._owner != me:
            self._look.wait()
            if self._turns.closed:
                return False
            seen = self._batches
            sleep(PATIENCE)
            with self._lock:
                if self._batches != seen:
                    quiet = 0
                elif self._released:
                    self._released = False
                    self._owner = me
                elif quiet < _QUIET_ROUNDS:
                    quiet += 1
                elif not self._turns.closed:
                    quiet = 0
                    self._look.clear()
        return True

    def _own(self, me: int) -> None:
        turns = self._turns
        while not turns.closed:
            calls = turns.turn()
            if not calls:
                continue
            with self._lock:
                if self._busy:
                    self._queue.append(calls)
                    continue
                self._busy = self._released = True
                self._batches += 1
            if not self._look.is_set():
                self._look.set()
            self._run(calls)
            with self._lock:
                kept = self._owner == me
                if kept:
                    self._busy = self._released = False
            if not kept:
                turns.finish_later(calls)
                self._run_queued()
                return
            turns.finish(calls)
        turns.dispose()

    def _run_queued(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._busy = False
                    break
                calls = self._queue.popleft()
            self._run(calls)
            self._turns.finish_later(calls)
        # The owner may wait for the last callback before it closes the connection.
        self._turns.finish_later(())

    def _run(self, calls: Sequence[Call]) -> None:
        self._callback_thread = threading.get_ident()
        self._turns.run(calls)
        self._callback_thread = None
