"""Programs that end in one way or another; the arguments: a service and which program."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import mqlight
from mqlight._drivers.keeper import keeper

SERVICE = sys.argv[1]
PATIENCE = 20.0


def say(*words: object) -> None:
    print(" ".join(map(str, words)) + "\n", end="", flush=True)  # one write: whole lines


def on_sent(_client: object, error: object, *_: object) -> None:
    say("sent", error)


def connected(**arguments: Any) -> mqlight.Client:
    """Make a client that is connected."""
    ready = threading.Event()
    client = mqlight.Client(SERVICE, on_started=lambda _: ready.set(), **arguments)
    assert ready.wait(PATIENCE)
    return client


def say_when_waiting() -> None:
    """Have it said whenever the main thread begins to wait for the clients."""
    wait = keeper._changed.wait

    def watched(timeout: float | None = None) -> bool:
        if threading.current_thread() is threading.main_thread():
            say("waiting")
        return wait(timeout)

    keeper._changed.wait = watched  # type: ignore[method-assign]


def falls_off() -> None:
    """End the main thread; a callback stops the client later."""
    client = connected()
    client.subscribe("end", on_message=lambda *_: client.stop())
    threading.Timer(0, lambda: client.send("end", "now")).start()
    say("main thread ends")


def starts_again() -> None:
    """End the main thread; another one stops the client, and starts it again when all is quiet."""
    client = connected()
    holder = keeper._thread
    assert holder is not None

    def restart() -> None:
        threading.main_thread().join()
        holder.join()
        client.start(lambda client: client.send("end", "now"))
        client.subscribe("end", on_message=lambda *_: client.stop(lambda *_: say("stopped")))
        say("last thread ends")

    stopping = threading.Timer(0, client.stop)
    stopping.start()
    threading.Thread(target=restart).start()


def raises() -> None:
    """The same with an exception."""
    falls_off()
    raise ValueError("in the main thread")


def exits() -> None:
    """The same with an exit code, and messages that wait for the connection."""
    client = mqlight.Client(SERVICE)
    for number in range(100):
        last = number == 99
        client.send("t", "x", {"qos": 1}, lambda client, *_, last=last: last and client.stop())
    sys.exit(3)


def exits_in_a_callback() -> None:
    """Exit in a callback, with a message that has not been written yet."""
    client = connected()

    def on_message(*_: object) -> None:
        client.send("t", "x", {"qos": 1}, on_sent)
        sys.exit(3)

    client.subscribe("end", on_message=on_message)
    client.send("end", "now")


def waits() -> None:
    """Wait for the client in the main thread, with a message that the server is slow to accept."""
    client = connected()
    client.send("t", "x", {"qos": 1}, on_sent)
    say("waiting")
    client.wait_stopped()


def held() -> None:
    """End the main thread, with a message that the server is slow to accept."""
    client = connected(client_options={"stop_timeout": 50_000})
    client.send("t", "x", {"qos": 1}, on_sent)
    say_when_waiting()


def held_by_a_blocked_callback() -> None:
    """End the main thread; a callback never returns."""
    client = connected(client_options={"stop_timeout": 50})
    entered = threading.Event()

    def on_message(*_: object) -> None:
        entered.set()
        threading.Event().wait()

    client.subscribe("t", on_message=on_message)
    client.send("t", "x")
    assert entered.wait(PATIENCE)
    say_when_waiting()


def held_without_a_server() -> None:
    """End the main thread; there is nobody to connect to."""
    retrying = threading.Event()

    def on_state_changed(_client: object, state: str, _error: object) -> None:
        if state == mqlight.RETRYING:
            retrying.set()

    client = mqlight.Client("amqp://127.0.0.1:1", on_state_changed=on_state_changed)
    client.send("t", "x", {"qos": 1}, on_sent)
    assert retrying.wait(PATIENCE)
    say_when_waiting()


def interrupted_elsewhere() -> None:
    """Interrupt the main thread while it waits for something that is not ours."""
    client = connected()
    client.send("t", "x", {"qos": 1}, on_sent)

    def on_exit() -> None:
        say("waiting")
        threading.Event().wait()

    threading._register_atexit(on_exit)  # type: ignore[attr-defined]


def leaves_at_once() -> None:
    """Leave by `os._exit`, as daemons do."""
    connected().send("t", "x", {"qos": 1}, on_sent)
    os._exit(4)


globals()[sys.argv[2]]()
