"""A real server and programs that record what a client tells them."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# The helper module beside this file; the import mode of the project puts no test folder there.
sys.path.insert(0, str(Path(__file__).parent))

from authority import Authority
from watch import Watch

import mqlight
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 20.0
"""Seconds after which a test gives up waiting; no test waits for a time to pass."""


class Program:
    """What an application is to a client: callbacks that record, and a way to wait for them."""

    def __init__(self, service: Any, client_id: str | None = None, **arguments: Any) -> None:
        self._changed = threading.Condition()
        self.log: list[tuple[Any, ...]] = []
        """Every callback in order: its name and what it was called with, without the client."""
        on_started = arguments.pop("on_started", None)
        self.client = mqlight.Client(
            service,
            client_id,
            on_started=on_started or self.recorder("on_started"),
            on_state_changed=self.recorder("on_state_changed"),
            on_drain=self.recorder("on_drain"),
            **arguments,
        )

    def recorder(self, name: str) -> Callable[..., None]:
        """Return a callback for the client that records its arguments under a name."""

        def record(*given: Any) -> None:
            with self._changed:
                self.log.append((name, *(given if name == "on_message" else given[1:])))
                self._changed.notify_all()

        return record

    def note(self, *what: Any) -> None:
        """Record something from a callback of the test's own."""
        with self._changed:
            self.log.append(what)
            self._changed.notify_all()

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of every recorded callback of a name."""
        return [entry[1:] for entry in self.log if entry[0] == name]

    def wait_for(self, condition: Callable[[], Any]) -> Any:
        """Wait until a condition on the record holds."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), f"gave up waiting: {self.log}"
            return condition()

    def wait_named(self, name: str, count: int = 1) -> list[tuple[Any, ...]]:
        """Wait until a callback has been recorded so many times."""
        self.wait_for(lambda: len(self.named(name)) >= count)
        return self.named(name)

    def wait_state(self, state: str) -> BaseException | None:
        """Wait for the report of a state; return its error."""
        self.wait_for(lambda: state in [reported for reported, _ in self.named("on_state_changed")])
        errors = [error for reported, error in self.named("on_state_changed") if reported == state]
        return errors[-1]  # type: ignore[no-any-return]

    @property
    def states(self) -> list[str]:
        """Every state reported, in order."""
        return [str(state) for state, _ in self.named("on_state_changed")]

    @property
    def messages(self) -> list[Any]:
        """The data of every message, in order."""
        return [data for _, data, _ in self.named("on_message")]

    def subscribe(self, pattern: str, share: str | None = None, **options: Any) -> None:
        """Subscribe, record the messages, and wait until the server has accepted."""
        before = len(self.named("on_subscribed"))
        self.client.subscribe(
            pattern,
            share,
            options or None,  # type: ignore[arg-type]
            self.recorder("on_subscribed"),
            self.recorder("on_message"),
        )
        *_, (error, _, _) = self.wait_named("on_subscribed", before + 1)
        assert error is None, error

    def send(self, topic: str, data: Any, **options: Any) -> bool:
        """Send and record the outcome."""
        given: Any = options or None
        return self.client.send(topic, data, given, self.recorder("on_sent"))

    def deliver(self, topic: str, data: Any, **options: Any) -> None:
        """Send at quality of service 1 and wait until the server has it."""
        before = len(self.named("on_sent"))
        self.send(topic, data, qos=1, **options)
        outcomes = self.wait_named("on_sent", before + 1)
        assert outcomes[-1][0] is None, outcomes[-1]

    def stop(self) -> None:
        """Stop and wait until everything has been told."""
        self.client.stop(self.recorder("on_stopped"))
        assert self.client.wait_stopped(PATIENCE)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The authority of the servers; its files are in a folder of its own."""
    return Authority(tmp_path / "authority")


@pytest.fixture
def clients(tmp_path: Path) -> Authority:
    """Another one, for client certificates."""
    return Authority(tmp_path / "clients")


@pytest.fixture
def server() -> Iterator[DevServer]:
    """A server on a free port."""
    with DevServer(port=0) as running:
        yield running


@pytest.fixture
def program(server: DevServer) -> Iterator[Callable[..., Program]]:
    """Make programs; they are stopped at the end of the test."""
    made: list[Program] = []

    def make(service: Any = ..., client_id: str | None = None, **arguments: Any) -> Program:
        one = Program(server.url if service is ... else service, client_id, **arguments)
        made.append(one)
        return one

    yield make
    for one in made:
        one.client.stop()
        assert one.client.wait_stopped(PATIENCE)


@pytest.fixture
def started(program: Callable[..., Program]) -> Callable[..., Program]:
    """Make programs whose client is connected."""

    def make(client_id: str | None = None, **arguments: Any) -> Program:
        one = program(..., client_id, **arguments)
        one.wait_named("on_started")
        return one

    return make


@pytest.fixture
def watch(
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
) -> Watch:
    """Watch for the secret."""
    return Watch(caplog, capfd, recwarn)
