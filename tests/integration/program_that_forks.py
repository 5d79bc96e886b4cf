"""Programs that call `os.fork` while they have a client; the arguments: a service and which one."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import mqlight
import mqlight.aio
import mqlight.blocking
from mqlight._drivers import replacement
from mqlight._drivers.keeper import keeper

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = sys.argv[1]
PATIENCE = 20.0

arrived: SimpleQueue[Any] = SimpleQueue()


def say(*words: object) -> None:
    print(" ".join(map(str, words)) + "\n", end="", flush=True)  # one write: whole lines


def connected(**arguments: Any) -> mqlight.Client:
    """Make a client that puts into `arrived` what comes to topic `news`."""
    client = mqlight.Client(SERVICE, **arguments)
    subscribed = threading.Event()
    client.subscribe(
        "news",
        None,
        {"qos": 1},
        lambda *_: subscribed.set(),
        lambda _, data, delivery: arrived.put((data, delivery)),
    )
    assert subscribed.wait(PATIENCE)
    return client


def deliver(client: mqlight.Client, data: str) -> None:
    """Send a message, and wait until the server has it."""
    outcome: SimpleQueue[Any] = SimpleQueue()
    client.send("news", data, {"qos": 1}, lambda _, error, *__: outcome.put(error))
    assert outcome.get(timeout=PATIENCE) is None


def get() -> Any:
    """Return the data of the next message."""
    return arrived.get(timeout=PATIENCE)[0]


def child(work: Callable[[], object]) -> int:
    """Fork, do the work in the child, and return the child's exit code."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        work()
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def tried(name: str, call: Callable[[], object]) -> None:
    """Say what a call returns or raises."""
    try:
        say(name, call())
    except mqlight.MQLightError as error:
        say(name, type(error).__name__, error)


def calls() -> None:
    """Call everything in the child."""
    client = connected(client_id="parent")
    deliver(client, "before")
    assert get() == "before"

    def in_child() -> None:
        tried("state", client.get_state)
        tried("is_stopped", client.is_stopped)
        tried("get_service", client.get_service)
        tried("get_id", client.get_id)
        tried("wait_stopped", client.wait_stopped)
        tried("send", lambda: client.send("news", "x"))
        tried("subscribe", lambda: client.subscribe("t"))
        tried("unsubscribe", lambda: client.unsubscribe("news"))
        tried("start", client.start)
        tried("stop", client.stop)
        with client:
            say("leaves")

    say("child", child(in_child))
    deliver(client, "after")
    say(client.state, get())
    client.stop()
    client.wait_stopped()


def after_another() -> None:
    """Fork when another client has ended, and been dropped, and is not collected yet."""
    gc.disable()
    for _ in range(3):
        with mqlight.Client(SERVICE):
            pass
    threads = [one for one in threading.enumerate() if one.name.startswith("mqlight-AUTO")]
    for one in threads:
        one.join(PATIENCE)
    client = connected(client_id="parent")

    def in_child() -> None:
        tried("state", client.get_state)
        tried("send", lambda: client.send("news", "x"))

    say("child", child(in_child))
    deliver(client, "after")
    say(client.state, get())
    client.stop()
    client.wait_stopped()


def confirms() -> None:
    """Confirm a message of the parent's in the child."""
    client = connected()
    client.subscribe(
        "jobs",
        None,
        {"qos": 1, "auto_confirm": False},
        None,
        lambda _, data, delivery: arrived.put((data, delivery)),
    )
    client.send("jobs", "job")
    _, delivery = arrived.get(timeout=PATIENCE)
    say("child", child(lambda: tried("confirm", delivery["message"]["confirm_delivery"])))
    confirmed = threading.Event()
    delivery["message"]["confirm_delivery"](lambda *_: confirmed.set())
    say(confirmed.wait(PATIENCE))
    client.stop()


def descriptors() -> None:
    """Look at what the child has open."""

    def count() -> int:
        found = 0
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):
                found += str(descriptor.readlink()).startswith(("socket:", "anon_inode:"))
        return found

    with connected() as client, connected(), mqlight.blocking.Client(SERVICE):
        retrying = mqlight.Client("amqp://127.0.0.1:1")
        say(count() >= 11)
        say("child", child(lambda: say(count())))
        retrying.stop()
        deliver(client, "after")
        say(get())


def locks() -> None:
    """Fork while another thread holds every lock that there is."""
    client = connected()
    driver: Any = client._driver
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as stack:
            for lock in (
                driver._life_lock,
                driver.control._lock,
                driver._handover._lock,
                keeper._changed,
                replacement._lock,
            ):
                stack.enter_context(lock)
            held.set()
            leave.wait(PATIENCE)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(PATIENCE)

    def in_child() -> None:
        tried("stop", client.stop)
        tried("subscribe", lambda: client.subscribe("t"))
        with mqlight.Client(SERVICE) as own:
            deliver(own, "from the child")
        say("sent")

    pid = os.fork()
    if not pid:
        in_child()
        os._exit(0)
    leave.set()
    holder.join()
    say("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    say(get())
    client.stop()


def ends() -> None:
    """Let the child fall off its end, as the parent does after it."""
    client = connected()
    if os.fork() == 0:
        say("the child ends")
        return
    say("child", os.waitstatus_to_exitcode(os.wait()[1]))
    deliver(client, "after")
    say(get())
    client.stop()


def blocking() -> None:
    """The same with the client whose calls wait."""
    with mqlight.blocking.Client(SERVICE) as client, client.subscribe("news", qos=1) as messages:

        def in_child() -> None:
            tried("send", lambda: client.send("news", "x"))
            tried("receive", messages.receive)
            tried("start", client.start)
            tried("stop", client.stop)
            say(client.state, list(messages))

        say("child", child(in_child))
        client.send("news", "after", qos=1)
        say(messages.receive(PATIENCE).data)


async def coroutines() -> None:
    """The same with the client of an event loop."""
    async with (
        mqlight.aio.Client(SERVICE) as client,
        client.subscribe("news", qos=1) as messages,
    ):

        def in_child() -> None:
            tried("send", lambda: asyncio.run(client.send("news", "x")))
            tried("start", lambda: asyncio.run(client.start()))
            tried("stop", lambda: asyncio.run(client.stop()))
            say(client.state)

        say("child", child(in_child))
        await client.send("news", "after", qos=1)
        say((await anext(messages)).data)


def asynchronous() -> None:
    """Run them."""
    asyncio.run(coroutines())


def in_a_callback() -> None:
    """Fork in a callback, and return from it in the child as well."""
    client = connected()
    codes: SimpleQueue[int] = SimpleQueue()

    def on_message(_kind: str, data: str, _delivery: object) -> None:
        pid = os.fork()
        if pid:
            codes.put(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        elif data == "exit":
            sys.exit(1)
        elif data == "client":
            with mqlight.Client(SERVICE) as own:
                deliver(own, "from the child")

    client.subscribe("work", on_message=on_message)
    for data in ("return", "exit", "client"):
        client.send("work", data)
        codes.get(timeout=PATIENCE)
    say(client.state, get())
    client.stop()


def worker(of_the_parent: mqlight.Client) -> None:
    """What a process of multiprocessing does."""
    tried("send", lambda: of_the_parent.send("news", "x"))
    with mqlight.Client(SERVICE) as own:
        deliver(own, "from the worker")


def workers() -> None:
    """Use multiprocessing with its method `fork`."""
    client = connected()
    for _ in range(2):
        process = multiprocessing.get_context("fork").Process(target=worker, args=(client,))
        process.start()
        process.join()
        say(process.exitcode, get())
    client.stop()


globals()[sys.argv[2]]()
