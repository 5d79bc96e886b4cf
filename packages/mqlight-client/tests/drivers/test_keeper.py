"""The process is held while a client is not stopped, and let go when it must end."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from mqlight._drivers.keeper import FAREWELL, Keeper

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 30.0


class Holding:
    """A client that is held until it is told to stop, or for ever."""

    def __init__(self, keeper: Keeper, stop_timeout: float = 10.0, *, stops: bool = True) -> None:
        self._keeper = keeper
        self._stops = stops
        self.stop_timeout = stop_timeout
        self.stops = 0

    def stop(self, on_stopped: None) -> None:
        self.stops += 1
        if self._stops:
            self._keeper.release(self)


class RecordingKeeper(Keeper):
    """Says how long it would wait, and does not, for nothing will happen meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []
        self.interrupted_wait = 0
        """Which of its waits Ctrl-C ends, counted from 1."""

    def _wait(self, timeout: float | None) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # its own thread
        self.waits.append(timeout)
        if len(self.waits) == self.interrupted_wait:
            raise KeyboardInterrupt
        if timeout is None:
            super()._wait(0)


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordingKeeper]:
    monkeypatch.setattr(sys, "last_value", None, raising=False)
    made = RecordingKeeper()
    yield made
    for client in tuple(made._held):
        made.release(client)


def test_a_client_is_held_until_it_is_released(keeper: Keeper) -> None:
    client = Holding(keeper)
    keeper.hold(client)
    keeper.hold(client)
    assert keeper.holds(client)
    keeper.release(client)
    keeper.release(client)
    assert not keeper.holds(client)


def test_one_thread_that_is_no_daemon_holds_the_process(keeper: Keeper) -> None:
    for _ in range(3):
        keeper.hold(Holding(keeper))
    assert keeper._thread is not None
    assert not keeper._thread.daemon


def test_the_end_of_the_program_waits_for_the_clients() -> None:
    keeper = Keeper()
    clients = [Holding(keeper), Holding(keeper)]
    for client in clients:
        keeper.hold(client)
    ended = threading.Event()

    def wait() -> None:
        keeper.wait()
        ended.set()

    threading.Thread(target=wait).start()
    keeper.release(clients[0])
    assert not ended.is_set()
    keeper.release(clients[1])
    assert ended.wait(PATIENCE)
    assert [client.stops for client in clients] == [0, 0]


def test_an_interruption_while_it_waits_stops_the_clients(keeper: RecordingKeeper) -> None:
    client = Holding(keeper)
    keeper.hold(client)
    keeper.interrupted_wait = 1
    keeper.wait()
    assert client.stops == 1


def test_after_an_interrupted_program_nothing_is_waited_for_but_the_stops(
    keeper: RecordingKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [Holding(keeper, 2.0), Holding(keeper, 5.0, stops=False)]
    for client in clients:
        keeper.hold(client)
    monkeypatch.setattr(sys, "last_value", KeyboardInterrupt())
    keeper.wait()
    assert [client.stops for client in clients] == [1, 1]
    assert keeper.waits == [5.0 + FAREWELL]


@pytest.mark.parametrize("interrupted_wait", [0, 1])
def test_after_the_stops_or_another_interruption_the_process_is_let_go(
    interrupted_wait: int,
) -> None:
    keeper = RecordingKeeper()
    client = Holding(keeper, stops=False)
    keeper.hold(client)
    keeper.interrupted_wait = interrupted_wait
    keeper.flush()
    Keeper._wait(keeper, None)


def test_what_is_started_after_that_is_stopped_in_its_turn(keeper: RecordingKeeper) -> None:
    keeper.flush()
    assert keeper.waits == []
    for _ in range(2):
        client = Holding(keeper, stops=False)
        keeper.hold(client)
        keeper.flush()
        keeper.release(client)
        assert client.stops == 1
    assert keeper.waits == [10.0 + FAREWELL] * 2


def test_a_child_of_fork_holds_nothing(keeper: Keeper) -> None:
    client = Holding(keeper)
    keeper.hold(client)
    with keeper._changed:  # as a thread that the child does not have
        keeper.forget()
        assert not keeper.holds(client)
        keeper.release(client)
