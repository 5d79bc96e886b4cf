"""Two threads take turns at the engine; callbacks stay one at a time and in order."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest

from mqlight._drivers.handover import Handover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mqlight._drivers.calls import Call

PATIENCE = 30.0


class Callback:
    """A batch of one callback, which may be told to block."""

    def __init__(self, turns: RecordingTurns, name: str, *, blocks: bool = False) -> None:
        self._turns = turns
        self._name = name
        self.entered = threading.Event()
        self.leave = threading.Event()
        if not blocks:
            self.leave.set()

    def run(self, client: object, failed: Callable[[str, BaseException], None]) -> None:
        with self._turns.one_callback:
            self._turns.ran_on.append(threading.current_thread())
            self.entered.set()
            assert self.leave.wait(PATIENCE)
            self._turns.ran.append(self._name)

    def current(self) -> None: ...


class RecordingTurns:
    """An engine that hands out the batches that a test gives it."""

    def __init__(self) -> None:
        self.closed = False
        self.batches: SimpleQueue[Sequence[Call]] = SimpleQueue()
        self.one_callback = threading.Semaphore()
        self.ran: list[str] = []
        self.ran_on: list[threading.Thread] = []
        self.taken_by: SimpleQueue[threading.Thread] = SimpleQueue()
        """Who took each batch, as soon as it is taken."""
        self.finished: SimpleQueue[Sequence[Call]] = SimpleQueue()
        self.finished_later: SimpleQueue[Sequence[Call]] = SimpleQueue()
        self.disposed: SimpleQueue[threading.Thread] = SimpleQueue()

    def turn(self) -> Sequence[Call]:
        batch = self.batches.get(timeout=PATIENCE)
        self.taken_by.put(threading.current_thread())
        return batch

    def run(self, calls: Sequence[Call]) -> None:
        for call in calls:
            call.run(self, lambda name, error: None)

    def finish(self, calls: Sequence[Call]) -> None:
        self.finished.put(calls)

    def finish_later(self, calls: Sequence[Call]) -> None:
        self.finished_later.put(calls)

    def dispose(self) -> None:
        self.disposed.put(threading.current_thread())


@pytest.fixture
def turns() -> RecordingTurns:
    return RecordingTurns()


@pytest.fixture
def handover(turns: RecordingTurns) -> Iterator[Handover]:
    made = Handover(turns)
    made.start("test")
    yield made
    turns.closed = True
    made.dismiss()
    turns.batches.put([])
    turns.disposed.get(timeout=PATIENCE)


def test_the_owner_makes_the_callbacks_and_finishes_them(
    turns: RecordingTurns, handover: Handover
) -> None:
    batch = [Callback(turns, "one"), Callback(turns, "two")]
    turns.batches.put(batch)

    assert turns.finished.get(timeout=PATIENCE) is batch
    assert turns.ran == ["one", "two"]
    assert turns.ran_on == [turns.taken_by.get(timeout=PATIENCE)] * 2
    assert turns.finished_later.empty()


def test_a_blocked_callback_loses_the_engine_to_the_other_thread(
    turns: RecordingTurns, handover: Handover
) -> None:
    blocked = Callback(turns, "blocked", blocks=True)
    turns.batches.put([blocked])
    assert blocked.entered.wait(PATIENCE)
    first_owner = turns.taken_by.get(timeout=PATIENCE)
    later = Callback(turns, "later")

    turns.batches.put([later])
    turns.batches.put([])
    owners = [turns.taken_by.get(timeout=PATIENCE) for _ in range(2)]
    assert owners[0] is owners[1]
    assert owners[0] is not first_owner
    assert turns.ran == []

    blocked.leave.set()
    assert turns.finished_later.get(timeout=PATIENCE) == [blocked]
    assert turns.finished_later.get(timeout=PATIENCE) == [later]
    assert turns.finished_later.get(timeout=PATIENCE) == ()
    assert turns.ran == ["blocked", "later"]
    assert turns.ran_on == [first_owner, first_owner]


def test_after_a_blocked_callback_the_new_owner_makes_the_next(
    turns: RecordingTurns, handover: Handover
) -> None:
    for name in ("one", "two", "three"):
        blocked = Callback(turns, name, blocks=True)
        turns.batches.put([blocked])
        assert blocked.entered.wait(PATIENCE)
        turns.batches.put([])
        owners = [turns.taken_by.get(timeout=PATIENCE) for _ in range(2)]
        assert owners[0] is not owners[1]
        assert handover.busy
        blocked.leave.set()
        assert turns.finished_later.get(timeout=PATIENCE) == [blocked]
        assert turns.finished_later.get(timeout=PATIENCE) == ()
        assert not handover.busy

    assert turns.ran == ["one", "two", "three"]
    assert turns.ran_on[0] is not turns.ran_on[1]
    assert turns.ran_on[0] is turns.ran_on[2]


def test_a_thread_knows_whether_it_makes_a_callback(
    turns: RecordingTurns, handover: Handover
) -> None:
    answers: SimpleQueue[bool] = SimpleQueue()

    class Asks:
        def run(self, client: object, failed: Callable[[str, BaseException], None]) -> None:
            answers.put(handover.in_callback())

        def current(self) -> None: ...

    turns.batches.put([Asks()])

    assert answers.get(timeout=PATIENCE) is True
    assert handover.in_callback() is False


def test_both_threads_end_and_the_owner_disposes(turns: RecordingTurns) -> None:
    handover = Handover(turns)
    handover.start("ending")
    turns.batches.put([Callback(turns, "one")])
    turns.finished.get(timeout=PATIENCE)
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("ending")]

    turns.closed = True
    handover.dismiss()
    turns.batches.put([])
    owner = turns.disposed.get(timeout=PATIENCE)
    for thread in threads:
        thread.join(PATIENCE)

    assert len(threads) == 2
    assert owner in threads
    assert not any(thread.is_alive() for thread in threads)
    assert turns.disposed.empty()
