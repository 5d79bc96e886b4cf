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


def lines(table: WorkoutTable, width: int = 100, height: int = 25) -> list[str]:
    """What is drawn in a window, without the blanks around each column."""
    paper = io.StringIO()
    Console(file=paper, width=width, height=height).print(table(), end="")
    return [" ".join(line.split()) for line in paper.getvalue().splitlines() if line.split()]


def test_before_a_client_has_connected_there_is_none(entries: list[Entry]) -> None:
    table = WorkoutTable(entries)

    assert lines(table) == []
    assert not table.drawn


def test_each_client_has_a_row_and_all_have_their_sums(table: WorkoutTable) -> None:
    title, heading, _, first, second, total = lines(table)

    assert title == "Connected to amqp://host:5672"
    assert heading == "Client Topic pattern Share State Sent Received Both/s Message"
    assert first == "CLIENT_0000001 shared/shared2 share2 started 1,234 10 0.0 Lorem"
    assert second == "CLIENT_0000002 private/private3 retrying 6 5 0.0"
    assert total == "Total 1,240 15 0.0"
    assert table.drawn


def test_at_80_columns_nothing_but_the_message_is_cut_off(
    table: WorkoutTable, entries: list[Entry]
) -> None:
    entries[0].last = "Lorem ipsum dolor sit amet"
    _, heading, _, first, second, _ = lines(table, width=80)

    assert heading == "Client Topic pattern Share State Sent Received Both/s Message"
    assert first.startswith("CLIENT_0000001 shared/shared2 share2 started 1,234 10 0.0 Lorem")
    assert first.endswith("…")
    assert second == "CLIENT_0000002 private/private3 retrying 6 5 0.0"


@pytest.mark.parametrize(
    ("width", "heading"),
    [
        (80, "Client Topic pattern Share State Sent Received Both/s Message"),
        (70, "Client Topic pattern Share State Sent Received Both/s"),
        (60, "Topic pattern Share State Sent Received Both/s"),
        (50, "Topic pattern State Sent Received Both/s"),
        (40, "Topic pattern Sent Received Both/s"),
    ],
)
def test_a_narrow_window_shows_fewer_columns_and_those_whole(
    table: WorkoutTable, width: int, heading: str
) -> None:
    assert lines(table, width)[1] == heading
    assert "…" not in " ".join(lines(table, width))


def test_columns_make_room_when_numbers_grow(table: WorkoutTable, entries: list[Entry]) -> None:
    entries[0].sent = 1_234_567

    assert lines(table, width=50)[3] == "shared/shared2 1,234,567 10 0.0"


@pytest.mark.parametrize(("width", "height"), [(32, 25), (40, 4), (40, 2)])
def test_where_no_row_fits_there_are_the_totals(
    table: WorkoutTable, width: int, height: int
) -> None:
    title, totals = lines(table, width, height)

    assert title.startswith("Connected to amqp://host")
    assert totals.startswith("Sent 1,240, received 15")


def test_a_low_window_shows_the_first_rows_and_says_how_many_there_are(
    table: WorkoutTable, entries: list[Entry]
) -> None:
    entries += [Entry(f"CLIENT_000000{number}", "private4", None) for number in range(3, 9)]
    drawn = lines(table, height=10)

    assert len(drawn) == 10
    assert [row.split()[0] for row in drawn[3:-1]] == [one.client_id for one in entries[:6]]
    assert drawn[-1] == "Total of 8 1,240 15 0.0"
    assert len(lines(table, height=12)) == 12
    assert lines(table, height=12)[-1] == "Total 1,240 15 0.0"


def test_only_a_state_has_a_colour(table: WorkoutTable, entries: list[Entry]) -> None:
    entries[0].last = "retrying"
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    with console.capture() as drawn:
        console.print(table())

    assert drawn.get().count("\x1b[32mstarted") == 1
    assert drawn.get().count("\x1b[1;33mretrying") == 1


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

    assert rates == ["2.0", "4.0", "3.0", "0.0"]
