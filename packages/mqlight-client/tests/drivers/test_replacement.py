"""Of the clients of a process with one id at one service the latest is the one that lives."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from mqlight._drivers import replacement
from mqlight._drivers.control import Control, Invoke
from mqlight._drivers.replacement import Claim
from mqlight._drivers.settings import ClientSettings
from mqlight._machine.effects import Report
from mqlight._machine.states import State
from mqlight_core.errors import ReplacedError
from mqlight_core.source import service_source
from mqlight_security import security_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Starter:
    """A client as far as a claim sees it."""

    def __init__(self, service: object, client_id: str = "me") -> None:
        self.control = Control(lambda: None)
        settings = ClientSettings(client_id, service_source(service), security_options(None))
        self.claim = Claim(self.control, settings)
        self.waits: Sequence[Any] = ()

    def start(self) -> None:
        def begin(waits: Sequence[Callable[[], object]]) -> None:
            self.waits = waits
            self.control.start(None)

        self.claim.take(begin)

    @property
    def reported(self) -> list[tuple[State, Exception | None]]:
        return [(task.state, task.error) for task in self.control.tasks if isinstance(task, Report)]


@pytest.fixture
def make() -> Iterator[Callable[..., Starter]]:
    made: list[Starter] = []

    def make(*arguments: Any) -> Starter:
        made.append(Starter(*arguments))
        return made[-1]

    yield make
    for one in made:
        one.claim.give_up()


def function(_callback: object) -> None: ...


def other_function(_callback: object) -> None: ...


class Directory:
    def services(self, _callback: object) -> None: ...


DIRECTORY = Directory()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("amqp://host", "amqp://HOST:5672/"),
        ("amqp://host", "amqp://ann:secret@host"),
        (["amqp://a", "amqp://b"], ["amqp://b", "amqp://a"]),
        (["amqp://a", "amqp://b"], "amqp://b"),
        (function, function),
        ("http://host/lookup", "http://host/lookup"),
        (DIRECTORY.services, DIRECTORY.services),
    ],
)
def test_the_second_client_at_a_service_replaces_the_first(
    make: Callable[..., Starter], first: object, second: object
) -> None:
    old, new = make(first), make(second)
    old.start()
    new.start()
    assert old.control.state is State.STOPPED
    assert new.control.state is State.STARTING
    *_, (state, error) = old.reported
    assert state is State.STOPPED
    assert isinstance(error, ReplacedError)
    assert str(error) == "the application has started another client with the id 'me'"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("amqp://host", "amqps://host"),
        ("amqp://host", "amqp://host:5673"),
        ("amqp://host", ["amqp://a", "amqp://b"]),
        (function, other_function),
        (function, "amqp://host"),
        ("http://host/lookup", "http://host/other"),
        (DIRECTORY.services, Directory().services),
    ],
)
def test_one_at_another_service_leaves_it_alone(
    make: Callable[..., Starter], first: object, second: object
) -> None:
    clients = make(first), make(second)
    for client in clients:
        client.start()
    assert [client.control.state for client in clients] == [State.STARTING] * 2
    assert clients[1].waits == []


def test_one_with_another_id_leaves_it_alone(make: Callable[..., Starter]) -> None:
    clients = make("amqp://host", "me"), make("amqp://host", "Me")
    for client in clients:
        client.start()
    assert [client.control.state for client in clients] == [State.STARTING] * 2


def test_starting_twice_replaces_nobody(make: Callable[..., Starter]) -> None:
    client = make("amqp://host")
    client.start()
    client.start()
    assert client.reported == [(State.STARTING, None)]


def test_the_new_client_knows_when_the_old_one_is_gone(make: Callable[..., Starter]) -> None:
    old, new = make("amqp://host"), make("amqp://host")
    old.start()
    new.start()
    [wait] = new.waits
    gone = wait.func.__self__
    assert wait.args == (replacement.LEAVING,)
    assert not gone.is_set()
    for task in old.control.tasks:
        if isinstance(task, Invoke):
            task.step()
    assert gone.is_set()
    wait()


def test_a_client_that_starts_again_replaces_its_replacement(make: Callable[..., Starter]) -> None:
    old, new = make("amqp://host"), make("amqp://host")
    for client in (old, new, old):
        client.start()
    assert new.control.state is State.STOPPED
    assert old.control.state is State.STARTING


def test_a_stopped_client_is_forgotten(make: Callable[..., Starter]) -> None:
    client = make("amqp://host")
    client.start()
    client.claim.give_up()
    client.claim.give_up()
    make("amqp://host").start()
    assert client.control.state is State.STARTING


def test_an_abandoned_client_leaves_nothing() -> None:
    abandoned = Starter("amqp://host")
    abandoned.start()
    gone = weakref.ref(abandoned.claim)
    del abandoned
    gc.collect()
    assert gone() is None


def test_a_child_of_fork_begins_anew(
    make: Callable[..., Starter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacement, "_claims", weakref.WeakSet())
    of_the_parent, new = make("amqp://host"), make("amqp://host")
    of_the_parent.start()
    with replacement._lock:  # as a thread that the child does not have
        replacement.forget()
        new.start()
    assert of_the_parent.control.state is State.STARTING
