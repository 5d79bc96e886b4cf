"""Send one message to each of very many topics; print what is left of them.

Arguments: the service, how many topics.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from typing import Any

import mqlight

from .memory import resident_bytes

PATIENCE = 60.0


class Sending:
    """One client, each of whose messages has a topic of its own, at either quality of service."""

    def __init__(self, service: str, topics: int) -> None:
        self._topics = topics
        self._drained = threading.Event()
        self._all_told = threading.Event()
        self.told = bytearray(topics)
        self.outcomes: Counter[str] = Counter()
        self._left = topics
        self.client = mqlight.Client(service, on_drain=lambda _: self._drained.set())

    def send(self, first: int, end: int) -> int:
        """Send to a range of topics; return the resident bytes afterwards."""
        for number in range(first, end):
            options: Any = {"qos": number % 2}
            if not self.client.send(f"topic/{number}", number, options, self._on_sent):
                assert self._drained.wait(PATIENCE), f"no drain after topic {number}"
                self._drained.clear()
        return resident_bytes()

    def await_all(self) -> None:
        """Wait until every message is told."""
        assert self._all_told.wait(PATIENCE), f"{self._left} messages are not told"

    def _on_sent(
        self, _client: mqlight.Client, error: Any, _topic: str, number: int, _options: Any
    ) -> None:
        self.told[number] += 1
        self.outcomes[type(error).__name__] += 1
        self._left -= 1
        if not self._left:
            self._all_told.set()


def main() -> None:
    service, topics = sys.argv[1], int(sys.argv[2])
    sending = Sending(service, topics)
    middle = topics // 2
    half = sending.send(0, middle)
    whole = sending.send(middle, topics)
    sending.await_all()
    outbox = sending.client._driver.engine.traffic._outbox
    lanes = len(outbox.lanes)
    sending.client.stop()
    assert sending.client.wait_stopped(PATIENCE)
    print(
        json.dumps(
            {
                "outcomes": dict(sending.outcomes),
                "told once": sending.told.count(1),
                "lanes left": lanes,
                "bytes a topic of the second half": round((whole - half) / (topics - middle), 1),
            }
        )
    )


if __name__ == "__main__":
    main()
