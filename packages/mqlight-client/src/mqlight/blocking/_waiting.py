"""What threads of the application wait for, and the client's own threads tell."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from mqlight._drivers.control import INHERITED
from mqlight._machine.states import State
from mqlight_core.errors import RangeError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = threading.TIMEOUT_MAX
"""Seconds."""


def check_timeout(timeout: float | None) -> float | None:
    """Return a timeout in seconds.

    Raises:
        TypeError: it is neither None nor a number.
        RangeError: it is negative, or longer than a thread can wait.
    """
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        message = f"timeout must be a number of seconds or None, not {type(timeout).__name__}"
        raise TypeError(message)
    if not 0 <= timeout <= LONGEST:
        message = f"timeout value {timeout!r} is invalid, must be 0 to {LONGEST:g} seconds or None"
        raise RangeError(message)
    return timeout


class Waiting:
    """One condition for everything that can change, and what the client was last said to be."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.state: State = State.STOPPED
        self.error: Exception | None = None
        """Why the client is retrying or has stopped."""
        self._starting = 0
        """Threads that wait for the client to be started."""
        self._held = False
        """A start has returned since the last stop: the client is in use."""

    def disown(self) -> None:
        """This is a child of `fork`."""
        self._changed = threading.Condition()  # another thread may have held it
        self.state = State.STOPPED
        self.error = StoppedError(INHERITED)

    def tell(self, change: Callable[[], object]) -> None:
        """Make a change and let everyone look; on any thread."""
        with self._changed:
            change()
            self._changed.notify_all()

    def wake(self) -> None:
        """Let everyone look."""
        with self._changed:
            self._changed.notify_all()

    def until(self, done: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until `done()`, which is asked under the condition's lock; False after `timeout`."""
        with self._changed:
            return self._changed.wait_for(done, timeout)

    def begin(self) -> None:
        """A thread asks the client to start, and waits for it."""
        with self._changed:
            self._starting += 1
            if self.state is State.STOPPED:
                self.state = State.STARTING
                self.error = None
                self._held = False

    def started(self) -> None:
        """The thread has not waited in vain."""
        with self._changed:
            self._starting -= 1
            self._held = True

    def end(self) -> bool:
        """The thread waits no more; True if it was the last one, and nobody uses the client."""
        with self._changed:
            self._starting -= 1
            return not self._starting and not self._held

    def on_state_changed(self, _client: object, state: State, error: Exception | None) -> None:
        """Told by the client."""
        with self._changed:
            self.state = state
            self.error = error
            self._changed.notify_all()


class Answer:
    """What becomes of one call: nothing yet, success, or an error."""

    __slots__ = ("done", "error", "waiting")

    def __init__(self, waiting: Waiting) -> None:
        self.waiting = waiting
        self.done = False
        self.error: Exception | None = None

    def give(self, _client: object, error: Exception | None, *_: object) -> None:
        """As `on_sent`, `on_subscribed` and the like."""

        def answer() -> None:
            self.done, self.error = True, error

        self.waiting.tell(answer)

    def within(self, timeout: float | None) -> bool:
        """Wait for it; False after `timeout`.

        Raises:
            MQLightError: the error.
        """
        if not self.waiting.until(lambda: self.done, timeout):
            return False
        if self.error is not None:
            raise self.error
        return True
