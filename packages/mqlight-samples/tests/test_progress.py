"""How far a program is, as a terminal shows it."""

from __future__ import annotations

import re

import pytest
from rich.console import Console

from mqlight_samples._progress import Count


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def drawn(count: Count) -> str:
    console = Console(width=100, no_color=True, file=None, record=True, quiet=False)
    with console.capture() as captured:
        console.print(count())
    return captured.get().strip()


def test_without_an_end_there_are_a_count_a_rate_and_the_time() -> None:
    number = 1
    count = Count("received", lambda: number)
    drawn(count)
    number = 12345

    assert re.fullmatch(r"12,345 received [\d,]+/s in 0:00:\d\d", drawn(count))


def test_with_an_end_there_is_a_bar() -> None:
    number = 0
    count = Count("sent", lambda: number, 2000)
    drawn(count)
    number = 500
    assert re.fullmatch(r"━+[^ ]* +25% 500 of 2,000 sent [\d,]+/s *", drawn(count))
    number = 2000
    assert re.fullmatch(r"━+ 100% 2,000 of 2,000 sent [\d,]+/s in 0:00:\d\d", drawn(count))


def test_the_rate_is_that_of_the_last_counts() -> None:
    numbers = iter(range(0, 10_000, 1000))
    count = Count("sent", lambda: next(numbers), 10_000)
    for _ in range(9):
        drawn(count)
    found = re.search(r" ([\d,]+)/s \d:\d\d:\d\d left$", drawn(count))

    assert found is not None
    assert int(found[1].replace(",", "")) > 0


def test_a_narrow_terminal_shows_the_numbers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shown = drawn(Count("sent", lambda: 2000, 2000))
    assert re.fullmatch(r"2,000 of 2,000 sent \d+/s in 0:00:00", shown)
