"""The life of a program with a client or several: connections, signals, the exit code."""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import mqlight
from mqlight_core import printable
from mqlight_samples._security import in_arguments
from mqlight_samples._signals import signals_told_to
from mqlight_samples._terminal import Display

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Process"]

_SECONDS_TO_STOP: Final = 15.0
"""More than a client takes to finish what is under way."""
_SECONDS_OF_SILENCE: Final = 1.0
"""For a warning that has just been given: several clients may have the same."""
_SIGNAL_STATUS: Final = 128
"""What a shell adds to the number of the signal that ended a program."""


class Process:
    """Ends with 0, with 1 after one line on stderr, with 130 on Ctrl-C and with 143 on SIGTERM.

    Each client is given `on_state_changed`. When one cannot connect in the beginning or stops with
    an error, and at the two signals, the client is stopped, or what `stop_with` has set is called;
    a second signal does not wait for that. An outage later on is told and left to the client,
    which reconnects.
    """

    def __init__(
        self,
        name: str,
        display: Display | None = None,
        on_connected: Callable[[mqlight.Client], object] | None = None,
    ) -> None:
        """`on_connected` is called whenever a client has connected, instead of a line shown."""
        self.display: Display = display or Display()
        self._name = name
        self._on_connected = on_connected or self._show_connected
        self._stop: Callable[[], object] | None = None
        self._started: set[str] = set()
        """The ids of the clients that have been."""
        self._out: set[str] = set()
        """The ids of those that reconnect."""
        self._telling = threading.Lock()
        """Held while a problem is told: several clients may have it at a time."""
        self._failed = False
        self._signal: int | None = None
        self._last_resort: threading.Timer | None = None
        """Ends the program after its first signal, where it cannot end itself."""
        self._settled = threading.Event()
        """Started, or stopped without."""

    def run(self, body: Callable[[], object]) -> int:
        """Run a program on the main thread and return its exit code."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(line_buffering=True, errors="backslashreplace")
        log = logging.getLogger("mqlight")
        warnings = _Warnings(self)
        log.addHandler(warnings)
        try:
            with signals_told_to(self._on_signal), self.display:
                body()
        except Exception as error:
            # Whatever it is, a user gets no traceback unless the log is asked for one.
            log.debug("the program failed", exc_info=True)
            if self._signal is None:
                self.fail(error)
        finally:
            log.removeHandler(warnings)
            _give_up_broken_output()
            if self._last_resort is not None:
                self._last_resort.cancel()  # whoever called may go on
        if self._signal is not None:
            return _SIGNAL_STATUS + self._signal
        return 1 if self._failed else 0

    def wait_started(self) -> bool:
        """Wait for the client; False when it stopped without having been started."""
        self._settled.wait()
        return bool(self._started)

    def stop_with(self, stop: Callable[[], object]) -> None:
        """Set what ends the program when it must end early; called on any thread."""
        self._stop = stop

    def on_state_changed(
        self, client: mqlight.Client, state: mqlight.State, error: Exception | None
    ) -> None:
        """Tell the user, and end what cannot work."""
        if self._stop is None:
            self.stop_with(client.stop)
        client_id = client.get_id()
        if state == mqlight.STARTED:
            self._started.add(client_id)
            with self._telling:
                self._out.discard(client_id)
            try:
                self._on_connected(client)
                self.display.begin()
            except Exception as problem:  # noqa: BLE001 - what a callback raises is only logged
                self.fail(problem)
            self._settled.set()
        elif state == mqlight.RETRYING and client_id in self._started:
            # One outage takes the connections of all clients, and is told once.
            with self._telling:
                if not self._out:
                    self.warn(f"{_text(error)}; reconnecting")
                self._out.add(client_id)
        elif state == mqlight.RETRYING:
            self.fail(error)
        elif state == mqlight.STOPPED:
            # What a client meets while a signal stops it is no reason to end.
            expected = self._signal is not None or isinstance(error, mqlight.StoppedError)
            if error is not None and not expected:
                self.fail(error)
            self._settled.set()

    def fail(self, problem: object) -> None:
        """End with exit code 1; the first problem is told, what follows from it is not."""
        with self._telling:
            if not self._failed:
                self._failed = True
                self.warn(_text(problem))
        if self._stop is not None:
            self._stop()

    def warn(self, text: str) -> None:
        """Write one line to stderr."""
        with suppress(OSError):
            self.display.error(f"{self._name}: {printable(text)}")

    def _show_connected(self, client: mqlight.Client) -> None:
        self.display.line(f"Connected to {client.get_service()} using client-id {client.get_id()}")

    def _on_signal(self, number: int) -> None:
        if self._signal is not None or self._stop is None:
            os._exit(_SIGNAL_STATUS + number)  # it was told before, or has nothing to finish
        self._signal = number
        # Whoever reads the output may not do so any more, and what writes it waits then.
        timer = threading.Timer(_SECONDS_TO_STOP, os._exit, [_SIGNAL_STATUS + number])
        timer.daemon = True
        self._last_resort = timer
        timer.start()
        self._stop()


class _Warnings(logging.Handler):
    """Shows the client's warnings, without the exceptions: the client stops with those."""

    def __init__(self, process: Process) -> None:
        super().__init__(logging.WARNING)
        self._process = process
        self._said: dict[str, float] = {}
        """When each was given last, in seconds."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.exc_info or record.created - self._said.get(message, 0) < _SECONDS_OF_SILENCE:
            return
        self._said[message] = record.created
        self._process.warn(f"warning: {message}")


def _text(problem: object) -> str:
    if isinstance(problem, OSError) and problem.strerror:
        subject = "" if problem.filename is None else f"{problem.filename}: "
        return f"{subject}{problem.strerror}"
    text = str(problem) or type(problem).__name__
    return in_arguments(text) if isinstance(problem, mqlight.SecurityError) else text


def _give_up_broken_output() -> None:
    """Keep Python from failing once more when it flushes at exit: the reader has gone."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
