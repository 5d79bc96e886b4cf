"""Steps that may take their time, on a thread of their own."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest

from mqlight._drivers.background import Background

PATIENCE = 30.0


def test_steps_are_taken_in_order_on_one_other_thread() -> None:
    taken: SimpleQueue[tuple[int, threading.Thread]] = SimpleQueue()
    background = Background("steps")
    for number in range(3):
        background.put(lambda number=number: taken.put((number, threading.current_thread())))  # type: ignore[misc]
    found = [taken.get(timeout=PATIENCE) for _ in range(3)]
    background.close()

    assert [number for number, _ in found] == [0, 1, 2]
    (thread,) = {thread for _, thread in found}
    assert thread.name == "steps"
    assert thread.daemon
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_a_step_that_raises_is_logged_and_the_next_is_taken(
    caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    taken: SimpleQueue[str] = SimpleQueue()
    background = Background("steps")

    def fail() -> None:
        raise error("on purpose")

    background.put(fail)
    background.put(lambda: taken.put("next"))
    assert taken.get(timeout=PATIENCE) == "next"
    background.close()

    (record,) = caplog.records
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "on purpose"


def test_what_waits_is_still_done_before_it_ends() -> None:
    taken: SimpleQueue[str] = SimpleQueue()
    background = Background("steps")
    background.put(lambda: taken.put("one"))
    background.put(lambda: taken.put("two"))
    background.close()

    assert [taken.get(timeout=PATIENCE) for _ in range(2)] == ["one", "two"]
