"""What one process spends on a span of messages."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from dataclasses import dataclass

TOPIC = "perf"
BODY = "x" * 100
CREDIT = 1024
"""Of receivers: what `mqlight.Client.subscribe` grants when nothing else is said."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a program is to do.

    `warm_up` messages come before the `count` that are measured, so that start-up, connecting and
    first-time work stay out of the figures.
    """

    port: int
    qos: int
    count: int
    warm_up: int
    drain: bool
    trust: str | None
    """File of the authority of a peer with TLS."""

    @property
    def service(self) -> str:
        """The peer's URL."""
        return f"{'amqps' if self.trust else 'amqp'}://127.0.0.1:{self.port}"

    @property
    def total(self) -> int:
        """All messages, the warm-up included."""
        return self.warm_up + self.count


def read_job(description: str) -> Job:
    """Read the job from the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, required=True, help="the peer's, on 127.0.0.1")
    parser.add_argument("--qos", type=int, choices=(0, 1), required=True)
    parser.add_argument("--count", type=int, required=True, help="messages to measure")
    parser.add_argument("--warm-up", type=int, required=True, help="messages before those")
    parser.add_argument(
        "--drain", action="store_true", help="ours, sending: wait for on_drain after each False"
    )
    parser.add_argument("--trust", metavar="FILE", help="use TLS; the authority of the peer")
    return Job(**vars(parser.parse_args()))


class Meter:
    """CPU time (user and system, all threads) and wall time from `begin` to `end`."""

    def __init__(self) -> None:
        self._cpu = 0.0
        self._wall = 0.0
        self._spent: tuple[float, float] | None = None

    def begin(self) -> None:
        """Start: the next message is the first that counts."""
        self._cpu = _cpu_seconds()
        self._wall = time.perf_counter()

    def end(self) -> None:
        """Stop: the last message is complete."""
        self._spent = (_cpu_seconds() - self._cpu, time.perf_counter() - self._wall)

    def report(self, messages: int) -> None:
        """Print the result as one line of JSON; exit with 1 when the work was not done."""
        if self._spent is None:
            sys.exit("the work ended before its last message was complete")
        cpu, wall = self._spent
        result = {"messages": messages, "cpu_s": cpu, "wall_s": wall}
        sys.stdout.write(json.dumps(result) + "\n")


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
