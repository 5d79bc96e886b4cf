"""A client of which every callback can be brought about, and what to do in one."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import mqlight

if TYPE_CHECKING:
    from collections.abc import Callable

    Callback = Callable[..., object]

PATIENCE = 20.0


class Scene:
    """A started client with a message that waits to be confirmed."""

    def __init__(self, service: str, **options: Any) -> None:
        self.on_state_changed: Callback | None = None
        self.on_drain: Callback | None = None
        started, held = threading.Event(), SimpleQueue[Any]()
        self.client = mqlight.Client(
            service,
            on_started=lambda _: started.set(),
            on_state_changed=self._changed,
            on_drain=self._drained,
            client_options=options,  # type: ignore[arg-type]
        )
        assert started.wait(PATIENCE)
        self.client.subscribe(
            "held",
            None,
            {"qos": 1, "auto_confirm": False},
            lambda *_: self.client.send("held", "x"),
            lambda _kind, _data, delivery: held.put(delivery["message"]["confirm_delivery"]),
        )
        self.confirm: Callable[..., None] = held.get(timeout=PATIENCE)

    def _changed(self, client: object, state: str, error: object) -> None:
        if self.on_state_changed is not None and state == mqlight.STARTED:
            self.on_state_changed(client, state, error)

    def _drained(self, client: object) -> None:
        if self.on_drain is not None:
            self.on_drain(client)

    def lose_connection(self) -> None:
        """As if the network had broken; it is there again at once."""
        driver: Any = self.client._driver
        driver.control.lost(mqlight.NetworkError("broken on purpose"))

    def stop(self) -> None:
        """End the scene."""
        self.client.stop()
        assert self.client.wait_stopped(PATIENCE)


def on_started(scene: Scene, callback: Callback) -> None:
    scene.client.start(callback)


def on_state_changed(scene: Scene, callback: Callback) -> None:
    scene.on_state_changed = callback
    scene.lose_connection()


def on_drain(scene: Scene, callback: Callback) -> None:
    scene.on_drain = callback
    assert scene.client.send("bulk", bytes(2_000_000)) is False


def on_sent(scene: Scene, callback: Callback) -> None:
    scene.client.send("t", "x", {"qos": 1}, callback)


def on_subscribed(scene: Scene, callback: Callback) -> None:
    scene.client.subscribe("s", on_subscribed=callback)


def on_unsubscribed(scene: Scene, callback: Callback) -> None:
    scene.client.subscribe("s")
    scene.client.unsubscribe("s", on_unsubscribed=callback)


def on_message(scene: Scene, callback: Callback) -> None:
    scene.client.subscribe("m", None, {"qos": 1}, lambda *_: scene.client.send("m", "x"), callback)


def on_stopped(scene: Scene, callback: Callback) -> None:
    scene.client.stop(callback)


def on_confirmed(scene: Scene, callback: Callback) -> None:
    scene.confirm(callback)


CALLBACKS: dict[str, Callable[[Scene, Callback], None]] = {
    bring_about.__name__: bring_about
    for bring_about in (
        on_started,
        on_state_changed,
        on_drain,
        on_sent,
        on_subscribed,
        on_unsubscribed,
        on_message,
        on_stopped,
        on_confirmed,
    )
}
"""What brings each callback about."""


def unsubscribe(scene: Scene) -> object:
    scene.client.subscribe("u")
    return scene.client.unsubscribe("u")


def wait_stopped(scene: Scene) -> object:
    # In on_started, which has a thread to itself, a wait without a timeout would be one.
    return scene.client.wait_stopped(0 if "on_started" in threading.current_thread().name else None)


METHODS: dict[str, Callable[[Scene], object]] = {
    "send": lambda scene: scene.client.send("t", "x"),
    "send at least once": lambda scene: scene.client.send("t", "x", {"qos": 1}, lambda *_: None),
    "subscribe": lambda scene: scene.client.subscribe("v"),
    "unsubscribe": unsubscribe,
    "start": lambda scene: scene.client.start(lambda _: None),
    "stop": lambda scene: scene.client.stop(lambda *_: None),
    "wait_stopped": wait_stopped,
    "get_state": lambda scene: scene.client.get_state(),
    "get_id": lambda scene: scene.client.get_id(),
    "get_service": lambda scene: scene.client.get_service(),
    "is_stopped": lambda scene: scene.client.is_stopped(),
    "confirm": lambda scene: scene.confirm(lambda *_: None),
}
"""Every method, as it is called in a callback."""
