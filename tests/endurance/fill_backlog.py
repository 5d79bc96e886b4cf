"""Queue messages that the server does not take, then stop; print what they weighed.

Arguments: the service, the quality of service, how many messages.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from typing import Any

import mqlight

from .memory import most_resident_bytes, resident_bytes

STOP_TIMEOUT = 1_000
"""ms"""


def main() -> None:
    service, qos, messages = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    started = threading.Event()
    client = mqlight.Client(
        service,
        on_started=lambda _: started.set(),
        client_options={"stop_timeout": STOP_TIMEOUT, "max_queued_bytes": 2**40},
    )
    assert started.wait(30)
    told = bytearray(messages)
    outcomes: Counter[str] = Counter()

    def on_sent(_client: mqlight.Client, error: Any, _topic: str, text: str, _options: Any) -> None:
        told[int(text)] += 1
        outcomes[type(error).__name__] += 1

    options: Any = {"qos": qos}
    client.send("backlog", "0" * 100, options, on_sent)
    before = resident_bytes()
    began = time.monotonic()
    for number in range(1, messages):
        client.send("backlog", f"{number:0100}", options, on_sent)
    sending = time.monotonic() - began
    backlog = client._driver.backlog
    queued = backlog.messages
    full = resident_bytes()
    began = time.monotonic()
    client.stop()
    assert client.wait_stopped(120)
    stopping = time.monotonic() - began
    print(
        json.dumps(
            {
                "queued": queued,
                "outcomes": dict(outcomes),
                "told once": told.count(1),
                "bytes a message": round((full - before) / (messages - 1)),
                "bytes more while stopping": round((most_resident_bytes() - full) / messages),
                "bytes left": round((resident_bytes() - before) / messages),
                "seconds to queue": round(sending, 2),
                "seconds to stop": round(stopping, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
