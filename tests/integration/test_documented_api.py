"""What the MQ Light module documents of its client, statement by statement, with a real server."""

from __future__ import annotations

import re
import socket
from collections import defaultdict
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

import mqlight
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Program

    Make = Callable[..., Program]

PATIENCE = 20.0


@pytest.fixture
def nobody() -> Iterator[str]:
    """The URL of a port that refuses connections: bound, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"amqp://127.0.0.1:{held.getsockname()[1]}"


class Callbacks:
    """Callbacks that record everything they are called with."""

    def __init__(self) -> None:
        self.given: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._queue: SimpleQueue[tuple[str, tuple[Any, ...]]] = SimpleQueue()

    def __call__(self, name: str) -> Callable[..., None]:
        return lambda *given: self._queue.put((name, given))

    def wait(self, name: str) -> tuple[Any, ...]:
        """Wait until a callback has been called; return what it was called with last."""
        while name not in self.given:
            called, given = self._queue.get(timeout=PATIENCE)
            self.given[called].append(given)
        return self.given[name][-1]


def test_every_callback_is_called_with_the_documented_arguments(server: DevServer) -> None:
    callback = Callbacks()
    client = mqlight.Client(
        server.url,
        "me",
        None,
        callback("on_started"),
        callback("on_state_changed"),
        callback("on_drain"),
    )
    assert callback.wait("on_started") == (client,)

    options: Any = {"qos": 1, "auto_confirm": False}
    client.subscribe("t", "s", options, callback("on_subscribed"), callback("on_message"))
    assert callback.wait("on_subscribed") == (client, None, "t", "s")

    send_options: Any = {"qos": 1}
    client.send("t", "x", send_options, callback("on_sent"))
    assert callback.wait("on_sent") == (client, None, "t", "x", send_options)
    message_type, data, delivery = callback.wait("on_message")
    assert (message_type, data, delivery["message"]["topic"]) == ("message", "x", "t")
    delivery["message"]["confirm_delivery"](callback("confirmed"))
    assert callback.wait("confirmed") == (client, None)

    client.unsubscribe("t", "s", None, callback("on_unsubscribed"))
    assert callback.wait("on_unsubscribed") == (client, None, "t", "s")

    assert client.send("nobody", bytes(2 * 1024 * 1024)) is False
    assert callback.wait("on_drain") == (client,)

    client.stop(callback("on_stopped"))
    assert callback.wait("on_stopped") == (client, None)
    assert callback.given["on_state_changed"] == [
        (client, "starting", None),
        (client, "started", None),
        (client, "stopping", None),
        (client, "stopped", None),
    ]


def test_methods_that_begin_something_return_the_client(server: DevServer) -> None:
    client = mqlight.Client(server.url)
    assert client.start() is client
    assert client.subscribe("t") is client
    assert client.unsubscribe("t") is client
    assert client.stop() is client
    assert client.wait_stopped(PATIENCE)
    assert client.start() is client
    assert client.stop() is client
    assert client.wait_stopped(PATIENCE)


def test_send_says_whether_the_message_is_the_next_to_go(started: Make, nobody: str) -> None:
    connected = started()
    assert connected.client.send("t", "x") is True
    with mqlight.Client(nobody) as waiting:
        assert waiting.send("t", "x") is False


def test_a_client_without_an_id_gets_a_random_one(nobody: str) -> None:
    with mqlight.Client(nobody) as one, mqlight.Client(nobody) as other:
        assert re.fullmatch(r"AUTO_[0-9a-f]{7}", one.get_id())
        assert one.get_id() != other.get_id()


@pytest.mark.parametrize("reachable", [True, False])
def test_a_client_is_stopped_when_it_is_stopping_or_stopped(
    server: DevServer, nobody: str, *, reachable: bool
) -> None:
    seen: SimpleQueue[tuple[str, bool]] = SimpleQueue()

    def on_state_changed(client: mqlight.Client, state: mqlight.State, _err: object) -> None:
        seen.put((state.value, client.is_stopped()))

    client = mqlight.Client(server.url if reachable else nobody, on_state_changed=on_state_changed)
    reached = "started" if reachable else "retrying"
    assert seen.get(timeout=PATIENCE) == ("starting", False)
    assert seen.get(timeout=PATIENCE) == (reached, False)
    assert client.get_state() == client.state == reached
    client.stop()
    assert seen.get(timeout=PATIENCE) == ("stopping", True)
    assert seen.get(timeout=PATIENCE) == ("stopped", True)
    assert client.get_state() == client.state == "stopped"


def test_a_stop_closes_the_subscriptions(started: Make) -> None:
    program, other = started(), started()
    program.subscribe("t")
    program.stop()
    program.client.start(program.recorder("started again"))
    program.wait_named("started again")
    with pytest.raises(mqlight.UnsubscribedError):
        program.client.unsubscribe("t")
    other.subscribe("t")
    other.deliver("t", "x")
    other.wait_named("on_message")
    program.subscribe("t")
    other.deliver("t", "y")
    program.wait_named("on_message")
    assert program.messages == ["y"]


def test_credentials_in_a_url_are_percent_decoded(program: Make) -> None:
    with DevServer(port=0, users={"a@b": "p:q/é%"}) as server:
        one = program(server.url.replace("://", "://a%40b:p%3Aq%2F%C3%A9%25@"))
        one.wait_named("on_started")
        assert one.client.get_service() == server.url
        one.stop()


def test_a_client_with_credentials_can_start_again(program: Make) -> None:
    with DevServer(port=0, users={"ann": "secret"}) as server:
        one = program(server.url, security_options={"user": "ann", "password": "secret"})
        one.wait_named("on_started")
        one.stop()
        one.client.start(one.recorder("started again"))
        one.wait_named("started again")
        one.deliver("t", "x")
        one.stop()


def test_a_service_function_is_asked_for_each_connection(program: Make) -> None:
    with DevServer(port=0) as first, DevServer(port=0) as second:
        urls = iter([first.url, second.url])
        one = program(lambda callback: callback(None, next(urls)))
        one.wait_named("on_started")
        assert one.client.get_service() == first.url
        first.stop()
        one.wait_for(lambda: one.states == ["starting", "started", "retrying", "started"])
        assert one.client.get_service() == second.url
        one.stop()


def test_a_pattern_with_colons_belongs_to_its_share(started: Make) -> None:
    program = started()
    program.subscribe("a:b:c/#", "s")
    program.deliver("a:b:c/d:e", "x")
    [(_, data, delivery)] = program.wait_named("on_message")
    assert data == "x"
    assert delivery["message"]["topic"] == "a:b:c/d:e"
    assert delivery["destination"] == {"topic_pattern": "a:b:c/#", "share": "s"}
