"""Each callback in turn: what goes on while it is blocked, and what may be called in it."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest
from callback_scene import CALLBACKS, METHODS, Scene

import mqlight
from mqlight_devserver import DevServer
from mqlight_devserver.outgoing_link import OutgoingLink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 20.0

CONNECTED = [name for name in CALLBACKS if name != "on_stopped"]
"""Those during which the client has a connection."""


class Blocked:
    """A callback that returns when it may."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.leave = threading.Event()

    def __call__(self, *_: object) -> None:
        self.entered.set()
        assert self.leave.wait(PATIENCE)


@pytest.fixture
def blocked() -> Iterator[Callable[[Scene, str], None]]:
    """Block callbacks of scenes; at the end they go on, and the scenes stop."""
    blocks: list[Blocked] = []
    scenes: list[Scene] = []

    def block(scene: Scene, name: str) -> None:
        one = Blocked()
        blocks.append(one)
        scenes.append(scene)
        CALLBACKS[name](scene, one)
        assert one.entered.wait(PATIENCE)

    yield block
    for one in blocks:
        one.leave.set()
    for scene in scenes:
        scene.stop()


def exchange(client: mqlight.Client) -> None:
    """Let a client send a message to itself."""
    arrived = SimpleQueue[Any]()
    client.subscribe(
        "exchange",
        None,
        {"qos": 1},
        lambda *_: client.send("exchange", "x", {"qos": 1}, lambda *_: arrived.put("sent")),
        lambda *_: arrived.put("received"),
    )
    assert {arrived.get(timeout=PATIENCE) for _ in range(2)} == {"sent", "received"}


@pytest.mark.parametrize("name", CALLBACKS)
def test_while_a_callback_is_blocked_another_client_goes_on(
    server: DevServer, blocked: Callable[[Scene, str], None], name: str
) -> None:
    other = Scene(server.url)
    blocked(Scene(server.url), name)
    exchange(other.client)
    other.stop()
    with mqlight.Client(server.url) as made_meanwhile:
        exchange(made_meanwhile)


@pytest.mark.parametrize("name", CONNECTED)
def test_while_a_callback_is_blocked_what_is_sent_and_confirmed_reaches_the_server(
    server: DevServer,
    blocked: Callable[[Scene, str], None],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    settled, arrived = threading.Event(), threading.Event()
    on_delivery = OutgoingLink.on_delivery

    def watched(link: OutgoingLink, *arguments: Any) -> None:
        on_delivery(link, *arguments)
        settled.set()

    other, scene = Scene(server.url), Scene(server.url)
    monkeypatch.setattr(OutgoingLink, "on_delivery", watched)
    other.client.subscribe("sent", on_message=lambda *_: arrived.set())
    if name == "on_state_changed":  # by then the server will deliver the message again
        blocked(scene, name)
        with pytest.raises(mqlight.NetworkError):
            scene.confirm()
    elif name == "on_confirmed":
        blocked(scene, name)
        assert settled.wait(PATIENCE)
    else:
        blocked(scene, name)
        settled.clear()
        scene.confirm()
        assert settled.wait(PATIENCE)
    subscribed = threading.Event()
    other.client.subscribe("ready", on_subscribed=lambda *_: subscribed.set())
    assert subscribed.wait(PATIENCE)
    scene.client.send("sent", "x", {"qos": 1}, lambda *_: None)
    assert arrived.wait(PATIENCE)
    other.stop()


def test_while_callbacks_are_blocked_heartbeats_go_on(
    blocked: Callable[[Scene, str], None],
) -> None:
    with DevServer(port=0, idle_timeout=4) as server:
        beats = {name: SimpleQueue[int]() for name in CONNECTED}
        scenes = {name: Scene(server.url) for name in CONNECTED}
        for name, scene in scenes.items():
            blocked(scene, name)
            stream: Any = scene.client._driver._stream
            write = stream.write

            def watched(
                view: memoryview,
                write: Callable[[memoryview], int] = write,
                beats: SimpleQueue[int] = beats[name],
            ) -> int:
                beats.put(len(view))
                return write(view)

            stream.write = watched
        for name in CONNECTED:
            for _ in range(3):
                assert beats[name].get(timeout=PATIENCE) >= 8  # an empty frame is a heartbeat
            assert scenes[name].client.state == mqlight.STARTED


@pytest.mark.parametrize("name", CONNECTED)
def test_while_a_callback_is_blocked_the_client_reconnects(
    server: DevServer, blocked: Callable[[Scene, str], None], name: str
) -> None:
    with mqlight.Client(server.url) as other:
        arrived, subscribed = threading.Event(), threading.Event()
        other.subscribe("sent", None, None, lambda *_: subscribed.set(), lambda *_: arrived.set())
        assert subscribed.wait(PATIENCE)
        scene = Scene(server.url)
        blocked(scene, name)
        scene.lose_connection()
        assert scene.client.send("sent", "x", {"qos": 1}, lambda *_: None) is False
        assert arrived.wait(PATIENCE)


STARTED = {
    "send": {True, False},  # False where more than a mebibyte is unfinished
    "send at least once": {True, False},
    "subscribe": "client",
    "unsubscribe": "client",
    "start": "client",
    "stop": "client",
    "wait_stopped": False,
    "get_state": "started",
    "get_id": "id",
    "get_service": "service",
    "is_stopped": False,
    "confirm": None,
}
"""What the methods return in a callback of a client that is started."""

STOPPED = STARTED | {
    "send": mqlight.StoppedError,
    "send at least once": mqlight.StoppedError,
    "subscribe": mqlight.StoppedError,
    "unsubscribe": mqlight.StoppedError,
    "get_state": "stopped",
    "get_service": None,
    "is_stopped": True,
    "confirm": mqlight.NetworkError,
}
"""And what they return or raise when it is stopped."""

EXPECTED: dict[str, dict[str, Any]] = dict.fromkeys(CALLBACKS, STARTED) | {
    "on_state_changed": STARTED | {"confirm": mqlight.NetworkError},  # the client has reconnected
    "on_stopped": STOPPED,
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", CALLBACKS)
def test_every_method_may_be_called_in_every_callback(
    server: DevServer, name: str, method: str
) -> None:
    scene = Scene(server.url)
    answer: SimpleQueue[Any] = SimpleQueue()

    def callback(*_: object) -> None:
        scene.on_state_changed = scene.on_drain = None
        try:
            answer.put(METHODS[method](scene))
        except mqlight.MQLightError as error:
            answer.put(type(error))

    CALLBACKS[name](scene, callback)
    got = answer.get(timeout=PATIENCE)
    expected = EXPECTED[name][method]
    named = {"client": scene.client, "id": scene.client.get_id(), "service": server.url}
    if isinstance(expected, set):
        assert got in expected
    elif isinstance(expected, str):
        assert got == named.get(expected, expected)
    else:
        assert got is expected
    scene.stop()
    assert scene.client.state == mqlight.STOPPED
