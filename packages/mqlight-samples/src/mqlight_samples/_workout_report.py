"""What `mqlight-uiworkout` has sent and received: counted, and told in lines or by a table."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

import mqlight
from mqlight_core import printable
from mqlight_samples._display import preview
from mqlight_samples._terminal import Display
from mqlight_samples._workout_table import WorkoutTable

__all__ = ["Entry", "Report"]

_MESSAGES_TO_TELL: Final = 10


@dataclass
class Entry:
    """What is known of one client."""

    client_id: str
    topic: str
    share: str | None
    state: mqlight.State = mqlight.STARTING
    sent: int = 0
    received: int = 0
    last: object = ""
    """The data of the message received last."""


class Report:
    """Counts for all clients, on whose threads it is called; several may call it at a time.

    Where a table lives in the terminal it says all, and of the lines only those about single
    messages are shown, if they are asked for: `verbose`.
    """

    def __init__(self, *, verbose: bool) -> None:
        self.entries: list[Entry] = []
        self._table = WorkoutTable(self.entries)
        self.display: Display = Display(self._table)
        self._has_table = self.display.live
        self._verbose = verbose
        self._changed = threading.Condition()
        self._sent = 0
        self._received = 0

    def connected(self, client: mqlight.Client) -> None:
        """A client has connected, at first or after an outage."""
        self._table.service = client.get_service()
        self._show(f"Connected to {self._table.service} using id {client.get_id()}")

    def subscribed(self, entry: Entry) -> None:
        """A client has subscribed."""
        shared = "" if entry.share is None else f" and share '{entry.share}'"
        self._show(f"Receiving messages from topic pattern '{entry.topic}'{shared}")

    def begun(self) -> None:
        """The first message is about to be sent."""
        self._show("Sending messages")

    def sent(self, entry: Entry, data: object) -> None:
        """A client has sent a message."""
        if self._verbose:
            self.display.line(f"{entry.client_id} sent to {entry.topic}: {preview(data)}")
        with self._changed:
            entry.sent += 1
            self._sent += 1
            self._show_every_tenth("Sent", self._sent)

    def received(self, entry: Entry, data: object, topic: str) -> None:
        """A client has received a message."""
        if self._verbose:
            topic = printable(topic)
            self.display.line(f"{entry.client_id} received from {topic}: {preview(data)}")
        with self._changed:
            entry.received += 1
            entry.last = data
            self._received += 1
            self._changed.notify_all()
            self._show_every_tenth("Received", self._received)

    def wait_received(self, count: int, timeout: float) -> None:
        """Wait until so many messages are received, or none more comes for `timeout` seconds."""
        with self._changed:
            while self._received < count and self._changed.wait(timeout):
                pass

    def summary(self) -> None:
        """All clients are stopped."""
        self._has_table &= self._table.drawn  # it is not when all took less than a second
        for entry in self.entries:
            share = "" if entry.share is None else f" (share {entry.share})"
            counts = f"sent {entry.sent}, received {entry.received}"
            self._show(f"{entry.client_id} {entry.topic}{share}: {counts}")
        self._show(f"Total: sent {self._sent}, received {self._received}")

    def _show_every_tenth(self, done: str, count: int) -> None:
        # Under the lock, so that the lines come in the order of the numbers.
        if count % _MESSAGES_TO_TELL == 0:
            self._show(f"{done} {count} messages")

    def _show(self, line: str) -> None:
        if not self._has_table:
            self.display.line(line)
