"""What a type checker must refuse: a line that it accepts has a needless `type: ignore`.

mypy (`warn_unused_ignores`) and pyright (`reportUnnecessaryTypeIgnoreComment`) both tell those;
nothing runs this file.
"""

from __future__ import annotations

import mqlight
from mqlight import typing as t

URL = "amqp://localhost"


def no_argument() -> None: ...


def wrong_state(client: mqlight.Client, state: int, err: Exception | None) -> None: ...


def certain_error(client: mqlight.Client, err: Exception) -> None: ...


async def coroutine(client: mqlight.Client) -> None: ...


def on_sent(client: mqlight.Client, err: Exception | None, topic: str) -> None: ...


def on_message(kind: str, data: object) -> None: ...


def find_services() -> list[str]:
    return ["amqp://localhost"]


def constructors() -> None:
    mqlight.Client()  # type: ignore[call-arg]
    mqlight.Client(5672)  # type: ignore[arg-type]
    mqlight.Client(b"amqp://localhost")  # type: ignore[arg-type]
    mqlight.Client([1])  # type: ignore[list-item]
    mqlight.Client(find_services)  # type: ignore[arg-type]
    mqlight.Client(URL, 1)  # type: ignore[arg-type]
    mqlight.Client(URL, user="me")  # type: ignore[call-arg]
    mqlight.Client(URL, security_options={"pasword": "x"})  # type: ignore[arg-type]
    mqlight.Client(URL, security_options={"ssl_verify_name": "no"})  # type: ignore[arg-type]
    mqlight.Client(URL, on_started=no_argument)  # type: ignore[arg-type]
    mqlight.Client(URL, on_state_changed=wrong_state)  # type: ignore[arg-type]
    mqlight.Client(URL, None, None, None, None, None, {})  # type: ignore[call-arg]
    mqlight.Client(URL, client_options={"connect_timeout": "1 s"})  # type: ignore[arg-type]
    mqlight.Client(URL, client_options={"insecure_plain": "ask"})  # type: ignore[arg-type]
    mqlight.ClientOptions(idle_timeout="1 s")  # type: ignore[arg-type]


def calls(client: mqlight.Client) -> None:
    client.send("news")  # type: ignore[call-arg]
    client.send(None, "text")  # type: ignore[arg-type]
    client.send("news", "text", {"qos": "1"})  # type: ignore[arg-type]
    client.send("news", "text", {"priority": 4})  # type: ignore[arg-type]
    client.send("news", "text", {"properties": {"list": [1]}})  # type: ignore[arg-type]
    client.send("news", "text", None, on_sent)  # type: ignore[arg-type]
    loose: dict[str, object] = {"qos": 1}
    client.send("news", "text", loose)  # type: ignore[arg-type]

    client.subscribe(["news"])  # type: ignore[arg-type]
    client.subscribe("news", 1)  # type: ignore[arg-type]
    client.subscribe("news", options={"credit": 1.5})  # type: ignore[arg-type]
    client.subscribe("news", options={"persistent": True})  # type: ignore[arg-type]
    client.subscribe("news", on_message=on_message)  # type: ignore[arg-type]
    client.unsubscribe("news", options={"qos": 1})  # type: ignore[arg-type]

    client.start(no_argument)  # type: ignore[arg-type]
    client.stop(certain_error)  # type: ignore[arg-type]
    client.wait_stopped("1")  # type: ignore[arg-type]
    client.state = mqlight.STARTED  # type: ignore[misc]
    client.disconnect()  # type: ignore[attr-defined]


def names() -> None:
    print(mqlight.Clint)  # type: ignore[attr-defined]
    print(t.OnEverything)  # type: ignore[attr-defined]


class Derived(mqlight.Client): ...  # type: ignore[misc]
