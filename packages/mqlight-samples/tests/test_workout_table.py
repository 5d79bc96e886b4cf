"""The table of `mqlight-uiworkout`."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

import mqlight
from mqlight_samples._workout_report import Entry
from mqlight_samples._workout_table import WorkoutTable


@pytest.fixture
def entries() -> list[Entry]:
    return [
        Entry("CLIENT_0000001", "shared/shared2", "share2", mqlight.STARTED, 1234, 10, "Lorem"),
        Entry("CLIENT_0000002", "private/private3", None, mqlight.RETRYING, 6, 5),
    ]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(entries: list[Entry], clock: Clock) -> WorkoutTable:
    """The table after a client has connected."""
    table = WorkoutTable(entries, clock)
    table.service = "amqp://host:5672"
    return table


def lines(table: WorkoutTable, width: int = 100) -> list[str]:
    """What is drawn, without the blanks around each column."""
    paper = io.StringIO()
    Console(file=paper, width=width).print(table(), end="")
    return [" ".join(line.split()) for line in paper.getvalue().splitlines() if line.split()]


def test_before_a_client_has_connected_there_is_none(entries: list[Entry]) -> None:
    table = WorkoutTable(entries)

    assert lines(table) == []
    assert not table.drawn


def test_each_client_has_a_row_and_all_have_their_sums(table: WorkoutTable) -> None:
    title, heading, _, first, second, total = lines(table)

    assert title == "Connected to amqp://host:5672"
    assert heading == "Client Topic pattern Share State Sent Received Rate Last message"
    assert first == "CLIENT_0000001 shared/shared2 share2 started 1,234 10 0.0/s Lorem"
    assert second == "CLIENT_0000002 private/private3 retrying 6 5 0.0/s"
    assert total == "Total 1,240 15 0.0/s"
    assert table.drawn


def test_at_80_columns_nothing_but_the_message_is_cut_off(
    table: WorkoutTable, entries: list[Entry]
) -> None:
    entries[0].last = "Lorem ipsum dolor sit amet"
    *_, first, second, _ = lines(table, width=80)

    assert first.startswith("CLIENT_0000001 shared/shared2 share2 started 1,234 10 0.0/s Lorem")
    assert first.endswith("…")
    assert second == "CLIENT_0000002 private/private3 retrying 6 5 0.0/s"


def test_a_message_stays_on_its_row_and_means_nothing_to_the_terminal(
    table: WorkoutTable, entries: list[Entry]
) -> None:
    entries[0].last = "[red]\x1b[2J\n" + "x" * 100_000
    rows = lines(table)

    assert len(rows) == 6
    assert r"[red]\x1b[2J\nxx" in rows[3]


def test_a_rate_is_that_of_the_last_ten_seconds(
    table: WorkoutTable, entries: list[Entry], clock: Clock
) -> None:
    lines(table)
    rates = []
    for messages in (10, 30, 0, 0):
        clock.now += 5
        entries[0].received += messages
        rates.append(lines(table)[3].split()[-2])

    assert rates == ["2.0/s", "4.0/s", "3.0/s", "0.0/s"]
