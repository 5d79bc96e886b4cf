"""What the page about states says is what the client's tables say."""

from __future__ import annotations

import re
from pathlib import Path

import mqlight
from mqlight._machine.backoff import delay
from mqlight._machine.retry import FATAL
from mqlight._machine.states import TRANSITIONS, Event, State

PAGE = Path(__file__).parents[2] / "docs/explanation/states.md"

EVENTS = {
    "`start()`": Event.START,
    "`stop()`": Event.STOP,
    "a server accepts the connection": Event.OPENED,
    "every service failed, for reasons that may pass": Event.EXHAUSTED,
    "the connection broke, for a reason that may pass": Event.LOST,
    "it broke again, before it was of use": Event.LOST_AGAIN,
    "a reason that will not pass": Event.FATAL,
    "the wait before the next attempt is over": Event.RETRY_DUE,
    "everything is finished, and the connection closed": Event.CLOSED,
}


def table(heading: str) -> list[list[str]]:
    """Return the rows of the first table below a heading, without its head."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2]
    lines = section[section.index("|") :].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "---" not in line]


def test_the_page_has_every_transition_and_no_other() -> None:
    (_, *heads), *rows = table("What leads from one to another")
    told = {
        (State(head.strip("`")), EVENTS[what]): cell
        for what, *cells in rows
        for head, cell in zip(heads, cells, strict=True)
        if cell
    }
    assert told.keys() == TRANSITIONS.keys()
    for (state, event), cell in told.items():
        follows = TRANSITIONS[state, event].state
        assert cell.startswith("stays" if follows is state else f"`{follows}`"), (state, event)


def test_the_page_names_every_error_that_stops_a_client() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Which reasons will not pass\n")[2]
    named = re.findall(r"`(\w+Error)`", section.partition("##")[0])
    assert named == [error.__name__ for error in FATAL]
    for name in named:
        assert name == "TypeError" or hasattr(mqlight, name)


def test_the_page_has_the_waits() -> None:
    _, *rows = table("How a client tries again")
    for number, (rounds, seconds) in enumerate(rows, start=1):
        assert rounds.startswith(str(number))
        shortest, longest = delay(number, 0.0), delay(number, 1.0)
        expected = f"{shortest:g} to {longest:g}" if shortest < longest else f"{longest:g}"
        assert seconds == expected
