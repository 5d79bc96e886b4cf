"""A program as they were written for IBM's module: nothing waits in the main thread."""

import sys
import threading
from typing import Any

import mqlight

MESSAGES = 5_000

drained = threading.Event()
sent: list[str] = []


def on_sent(client: mqlight.Client, err: Any, topic: str, data: str, options: Any) -> None:
    assert err is None, err
    sent.append(data)
    if len(sent) == MESSAGES:
        print("every message is sent", flush=True)
        client.stop(lambda client, err: print("stopped", err, flush=True))


def on_started(client: mqlight.Client) -> None:
    for number in range(MESSAGES):
        if not client.send("news", f"message {number}", {"qos": 1}, on_sent):
            drained.wait()
            drained.clear()
    print("every message is accepted", flush=True)


client = mqlight.Client(
    sys.argv[1],
    "original",
    {"ssl_verify_name": True},
    on_started=on_started,
    on_drain=lambda client: drained.set(),
)
print("main thread ends", flush=True)
