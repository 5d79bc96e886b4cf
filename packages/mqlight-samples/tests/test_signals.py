"""Signals, told to a thread."""

from __future__ import annotations

import os
import signal
import threading
from queue import SimpleQueue
from typing import Any

import pytest

from mqlight_samples._signals import SIGNALS, signals_told_to

PATIENCE = 30.0


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_reaches_the_listener_while_the_main_thread_waits(number: int) -> None:
    told = threading.Event()
    numbers: list[int] = []

    def listener(received: int) -> None:
        numbers.append(received)
        told.set()

    with signals_told_to(listener):
        os.kill(os.getpid(), number)
        assert told.wait(PATIENCE)

    assert numbers == [number]


def test_each_signal_is_told_on_one_other_thread() -> None:
    threads: SimpleQueue[threading.Thread] = SimpleQueue()
    with signals_told_to(lambda _: threads.put(threading.current_thread())):
        told = []
        for number in SIGNALS:
            os.kill(os.getpid(), number)
            told.append(threads.get(timeout=PATIENCE))

    assert told[0] is told[1]
    assert told[0] is not threading.main_thread()
    assert not told[0].is_alive()


def test_other_signals_are_not_told() -> None:
    numbers: SimpleQueue[int] = SimpleQueue()
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    with signals_told_to(numbers.put):
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGTERM)
        assert numbers.get(timeout=PATIENCE) == signal.SIGTERM
    signal.signal(signal.SIGUSR1, before)

    assert numbers.empty()


def test_a_signal_that_comes_while_listening_begins_or_ends_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers: SimpleQueue[int] = SimpleQueue()
    python: SimpleQueue[int] = SimpleQueue()
    before = signal.signal(signal.SIGTERM, lambda number, _: python.put(number))
    set_handler = signal.signal

    def interrupted(*arguments: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return set_handler(*arguments)

    try:
        monkeypatch.setattr(signal, "signal", interrupted)
        with signals_told_to(numbers.put):
            pass
    finally:
        set_handler(signal.SIGTERM, before)

    told = numbers.qsize() + python.qsize()
    assert told >= len(SIGNALS) * 2


def test_what_was_there_before_is_put_back() -> None:
    def state() -> list[object]:
        descriptor = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(descriptor)
        return [descriptor, *(signal.getsignal(number) for number in SIGNALS)]

    def fail() -> None:
        with signals_told_to(print):
            assert state() != before
            raise ValueError("on purpose")

    before = state()
    with pytest.raises(ValueError, match="on purpose"):
        fail()

    assert state() == before
