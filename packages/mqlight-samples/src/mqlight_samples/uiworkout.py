"""`mqlight-uiworkout`: keep some topics of an MQ Light service busy with several clients.

To learn from: several clients in one program, of which some share the messages of a topic and some
have a topic to themselves, and a main thread that waits while callbacks come on other threads.
What each client does is in `_workout_client.py`.
"""

from __future__ import annotations

import contextlib
import random
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from mqlight_samples._process import Process
from mqlight_samples._turns import Turns
from mqlight_samples._workout_client import WorkoutClient
from mqlight_samples._workout_options import WorkoutOptions, workout_options
from mqlight_samples._workout_report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

# A client for each line. Of those that name the same share, one gets a message that is sent to the
# topic; without a share, every client that has subscribed gets it.
_CLIENTS: Final = (
    ("shared1", "share1"),
    ("shared1", "share1"),
    ("shared/shared2", "share2"),
    ("shared/shared2", "share2"),
    ("private1", None),
    ("private/private2", None),
    ("private/private3", None),
    ("private4", None),
)
_SECONDS_TO_ARRIVE: Final = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program, on the main thread, and return its exit code."""
    workout = Workout(workout_options(arguments), random.Random())  # noqa: S311 - no secrets
    return workout.process.run(workout.run)


class Workout:
    """All clients, and what they have in common."""

    def __init__(self, options: WorkoutOptions, chance: random.Random) -> None:
        self.options = options
        self.chance = chance
        self.report: Report = Report(verbose=options.verbose)
        self.process: Process = Process(
            "mqlight-uiworkout", self.report.display, self.report.connected
        )
        self.clients: list[WorkoutClient] = [WorkoutClient(self, *one) for one in _CLIENTS]
        self.to_subscribe: set[WorkoutClient] = set(self.clients)
        self.ready: threading.Event = threading.Event()
        self.ended: threading.Event = threading.Event()

    def run(self) -> None:
        """Connect all clients, let them send in turn, and stop them."""
        self.process.stop_with(self.end)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(one.connect()) for one in self.clients]
            self.ready.wait()
            if not self.ended.is_set():
                self.report.begun()
                self.send_in_turn()
            for client in clients:
                client.stop()  # returns at once; leaving the block waits until each is stopped
        if not self.to_subscribe:
            self.report.summary()

    def send_in_turn(self) -> None:
        """Send until a signal comes, or the time is over; then let arrive what is under way."""
        if self.options.duration is not None:
            timer = threading.Timer(self.options.duration, self.end)
            timer.daemon = True  # it does not keep the program from ending
            timer.start()
        # The callbacks run on threads of the clients. The main thread is free to wait.
        turns = Turns(self.clients, self.pause, time.monotonic())
        sent = 0
        while not self.ended.wait(turns.wait(time.monotonic())):
            sent += turns.take(time.monotonic()).send()
        self.report.wait_received(sent, _SECONDS_TO_ARRIVE)

    def pause(self) -> float:
        """Return after how many seconds a client sends its next message."""
        return self.chance.uniform(0, self.options.delay)

    def on_subscribed(self, client: WorkoutClient) -> None:
        """One has subscribed; when all have, nothing that is sent will be missed."""
        self.report.subscribed(client.entry)
        self.to_subscribe.discard(client)
        if not self.to_subscribe:
            self.ready.set()

    def end(self) -> None:
        """End, on a signal, after a failure, or when the time is over."""
        self.ended.set()
        self.ready.set()


if __name__ == "__main__":
    sys.exit(main())
