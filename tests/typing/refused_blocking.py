"""Calls of `mqlight.blocking` that a type checker must refuse; see refused.py."""

from __future__ import annotations

import mqlight.blocking

URL = "amqp://localhost"


def constructors() -> None:
    mqlight.blocking.Client()  # type: ignore[call-arg]
    mqlight.blocking.Client(5672)  # type: ignore[arg-type]
    mqlight.blocking.Client(URL, on_state_changed=print)  # type: ignore[call-arg]
    mqlight.blocking.Client(URL, client_options={"retries": 3})  # type: ignore[arg-type]


def calls(client: mqlight.blocking.Client) -> None:
    client.send("news")  # type: ignore[call-arg]
    client.send("news", "text", timeout="1 s")  # type: ignore[arg-type]
    client.send("news", "text", on_sent=print)  # type: ignore[call-arg]
    client.subscribe("news", ttl="1 h")  # type: ignore[arg-type]
    client.subscribe("news", on_message=print)  # type: ignore[call-arg]
    with client.subscribe("news") as messages:
        messages.receive("1 s")  # type: ignore[arg-type]
        messages.receive().confirm(print)  # type: ignore[call-arg]
