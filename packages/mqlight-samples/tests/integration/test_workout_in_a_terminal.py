"""`mqlight-uiworkout` in a terminal: a table that lives, and stays in the end."""

from __future__ import annotations

import re
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from pseudo_terminal import CTRL_C

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import InTerminal
    from pseudo_terminal import PseudoTerminal

    from mqlight_devserver import DevServer

    Start = Callable[..., PseudoTerminal]

_ROWS = 8


@pytest.fixture
def workout_in_terminal(in_terminal: InTerminal, server: DevServer) -> Start:
    """Start it for the server."""
    return lambda *arguments, **terminal: in_terminal(
        "uiworkout", "-s", server.url, *arguments, **terminal
    )


def table(terminal: PseudoTerminal) -> list[str]:
    """The rows of the last table, without the blanks around each column."""
    rows = [" ".join(line.split()) for line in terminal.lines if line]
    headings = [number for number, row in enumerate(rows) if row.startswith("Client Topic")]
    return rows[headings[-1] - 1 :] if headings else []


def with_state(terminal: PseudoTerminal, state: str) -> int:
    return sum(f" {state} " in row for row in table(terminal))


def test_the_table_stays_and_counts_all(workout_in_terminal: Start, server: DevServer) -> None:
    terminal = workout_in_terminal("--delay", "0.05", "--duration", "2")

    assert terminal.end() == 0
    title, heading, _, *rows, total = table(terminal)
    assert title == f"Connected to {server.url}"
    assert heading == "Client Topic pattern Share State Sent Received Both/s Message"
    assert [re.sub(r"^CLIENT_[0-9a-f]{7} (.*) stopped .*", r"\1", row) for row in rows] == [
        *("shared1 share1", "shared1 share1", "shared/shared2 share2", "shared/shared2 share2"),
        *("private1", "private/private2", "private/private3", "private4"),
    ]
    counts = [re.search(r" stopped (\d+) (\d+) [\d.]+ [A-Za-z]", row) for row in rows]
    sent, received = (sum(int(one[index]) for one in counts if one) for index in (1, 2))
    assert sent == received > 0
    assert total.startswith(f"Total {sent} {received} ")
    assert terminal.cursor_is_visible
    assert len(terminal.lines) <= len(rows) + 8, "the table says what lines would"


def test_ctrl_c_ends_it(workout_in_terminal: Start) -> None:
    terminal = workout_in_terminal()
    terminal.until(lambda: with_state(terminal, "started") == _ROWS)
    terminal.type(CTRL_C)

    assert terminal.end() == 130
    assert with_state(terminal, "stopped") == _ROWS


def test_what_takes_less_than_a_second_ends_with_a_summary(workout_in_terminal: Start) -> None:
    terminal = workout_in_terminal("--duration", "0")

    assert terminal.end() == 0
    assert terminal.lines[-1] == "Total: sent 0, received 0" or table(terminal)


def test_in_a_small_window_the_table_shows_what_fits(workout_in_terminal: Start) -> None:
    terminal = workout_in_terminal("--delay", "0.05", columns=40, lines=10)
    terminal.until(lambda: any(line.startswith("Total of 8 ") for line in terminal.lines))
    terminal.until_printed("private/private2 ")

    assert terminal.end(signal.SIGTERM) == 143
    title, heading, _, *rows, total = (line.split() for line in terminal.lines if line)
    assert title[0] == "Connected"
    assert heading == ["Topic", "pattern", "Sent", "Received", "Both/s"]
    assert [row[0] for row in rows] == [
        *("shared1", "shared1", "shared/shared2", "shared/shared2"),
        *("private1", "private/private2"),
    ]
    assert all(len(row) == 4 for row in rows)
    assert total[:3] == ["Total", "of", "8"]
    assert len(total) == 6


def test_the_table_lives(workout_in_terminal: Start, server: DevServer) -> None:
    terminal = workout_in_terminal("--delay", "0.05", columns=160, lines=40)
    terminal.until(lambda: with_state(terminal, "started") == _ROWS)
    server.stop()
    terminal.until(lambda: with_state(terminal, "retrying") == _ROWS)
    server.start()
    terminal.until(lambda: with_state(terminal, "started") == _ROWS)

    assert terminal.end(signal.SIGTERM) == 143
    outages = [line for line in terminal.lines if line.endswith("; reconnecting")]
    assert len(outages) == 1


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_verbose_shows_messages_above_the_table(workout_in_terminal: Start, option: str) -> None:
    terminal = workout_in_terminal(option, "-d", "0.5")  # a terminal is no fast reader
    terminal.until(lambda: table(terminal))
    before = len(terminal.lines)
    terminal.until(lambda: len(terminal.lines) > before + 20)

    assert terminal.end(signal.SIGTERM) == 143
    messages = [line for line in terminal.lines if re.match(r"CLIENT_\w+ (sent|received)", line)]
    assert len(messages) > 20
    assert len([line for line in terminal.lines if "Topic pattern" in line]) == 1


def test_no_color_is_honoured(workout_in_terminal: Start) -> None:
    coloured, plain = workout_in_terminal(), workout_in_terminal(environment={"NO_COLOR": "1"})
    coloured.until(lambda: with_state(coloured, "started") == _ROWS)
    plain.until(lambda: with_state(plain, "started") == _ROWS)

    assert {cell.fg for row in coloured.cells for cell in row} > {"green"}
    assert {cell.fg for row in plain.cells for cell in row} == {"default"}


def test_a_dumb_terminal_gets_plain_lines(workout_in_terminal: Start) -> None:
    terminal = workout_in_terminal(
        "--delay", "0.05", "--duration", "0.5", environment={"TERM": "dumb"}
    )

    assert terminal.end() == 0
    assert b"\x1b" not in terminal.written
    assert "Sending messages" in terminal.lines
    assert terminal.lines[-1].startswith("Total: sent ")


def test_lines_go_to_a_file_while_the_table_lives(
    terminal: Callable[..., PseudoTerminal], server: DevServer, tmp_path: Path
) -> None:
    program = f"{sys.executable} -m mqlight_samples.uiworkout -s {server.url} --delay 0.05"
    shown = terminal(["sh", "-c", f"exec {program} > {tmp_path / 'lines'}"])
    shown.until(lambda: with_state(shown, "started") == _ROWS)

    assert shown.end(signal.SIGTERM) == 143
    lines = (tmp_path / "lines").read_text("utf-8").splitlines()
    assert "Sending messages" in lines
    assert lines[-1].startswith("Total: sent ")
    assert "Sending messages" not in shown.lines
