"""A thread that waits in a selector is woken, and no more often than needed."""

from __future__ import annotations

import os
import selectors
import threading
from typing import TYPE_CHECKING

import pytest

from mqlight._drivers.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 30.0


@pytest.fixture(params=["eventfd", "socket pair"])
def wakeup(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wakeup]:
    if request.param == "socket pair":
        monkeypatch.delattr(os, "eventfd", raising=False)
    elif not hasattr(os, "eventfd"):
        pytest.skip("this system has no eventfd")
    made = Wakeup()
    yield made
    made.close()


def readable(wakeup: Wakeup, seconds: float = 0) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(wakeup, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def test_a_wait_that_has_begun_is_ended_by_another_thread(wakeup: Wakeup) -> None:
    wakeup.asleep = True
    waker = threading.Thread(target=wakeup.wake)
    waker.start()
    assert readable(wakeup, PATIENCE)
    waker.join()


def test_a_wait_that_is_about_to_begin_ends_at_once(wakeup: Wakeup) -> None:
    wakeup.asleep = True
    wakeup.wake()
    assert readable(wakeup)


def test_while_the_thread_is_at_work_nothing_is_written(wakeup: Wakeup) -> None:
    wakeup.wake()
    assert not readable(wakeup)


def test_many_wakes_are_one(wakeup: Wakeup) -> None:
    wakeup.asleep = True
    for _ in range(1000):
        wakeup.wake()
    assert readable(wakeup)
    wakeup.clear()
    assert not readable(wakeup)


def test_clearing_when_nothing_was_written_is_harmless(wakeup: Wakeup) -> None:
    wakeup.asleep = True
    wakeup.clear()
    assert not wakeup.asleep


def test_descriptors_are_given_back(wakeup: Wakeup) -> None:
    descriptor = wakeup.fileno()
    wakeup.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_once_closed_it_wakes_nobody(wakeup: Wakeup) -> None:
    wakeup.asleep = True
    wakeup.close()
    wakeup.wake()
