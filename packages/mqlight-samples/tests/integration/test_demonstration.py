"""`mqlight-demo` from its start to its summary."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pseudo_terminal import CTRL_C

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import InTerminal, Run


def test_the_demo_shows_what_travels_and_ends_with_a_summary(run: Run) -> None:
    demo = run("demo")

    assert demo.end() == 0
    assert demo.err == []
    for number in range(1, 11):
        assert f"sender | {number}: Hello world!" in demo.out
        assert f"news   | {number}: Hello world!" in demo.out
        work = [line for line in demo.out if re.fullmatch(rf"work-. \| {number}: .*", line)]
        assert len(work) == 1
    assert re.fullmatch(
        r"Summary: 10 sent, 20 received \(news 10, work-1 \d, work-2 \d\), 0 lost", demo.out[-1]
    )


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds children in /proc")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", ["listening on", "Subscribed to", "sender | 1: "])
def test_no_program_of_the_demo_outlives_it(
    run: Run, moment: str, number: int, status: int
) -> None:
    demo = run("demo")
    demo.until_printed(moment)
    started = children(demo.process.pid)

    assert demo.end(number) == status
    assert demo.err == []
    assert started
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for processes of others")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_when_the_demo_is_killed_its_programs_end_by_themselves(run: Run, number: int) -> None:
    demo = run("demo")
    demo.until_printed("sender | 1: ")
    with contextlib.ExitStack() as stack:
        programs = [stack.enter_context(ending(pid)) for pid in children(demo.process.pid)]

        assert demo.end(number) == -number
        assert [len(program.poll(30_000)) for program in programs] == [1] * 5


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for processes of others")
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_in_a_terminal_ends_it_without_a_complaint(
    in_terminal: InTerminal, presses: int
) -> None:
    demo = in_terminal("demo")
    demo.until_printed("sender | 1: ")
    with contextlib.ExitStack() as stack:
        programs = [stack.enter_context(ending(pid)) for pid in children(demo.process.pid)]
        demo.type(CTRL_C * presses)

        assert demo.end() == 130
        assert [len(program.poll(30_000)) for program in programs] == [1] * 5
    begun, *complaints = [line for line in demo.lines if "mqlight-" in line]
    assert "mqlight-devserver listening on" in begun
    assert complaints == []


@contextlib.contextmanager
def ending(pid: int) -> Iterator[select.poll]:
    """What can be polled until a process has ended, whoever has started it."""
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        yield poll
    finally:
        os.close(descriptor)


def test_a_demo_in_a_terminal_tells_its_programs_apart_by_colours(in_terminal: InTerminal) -> None:
    demo = in_terminal("demo")

    assert demo.end() == 0
    assert demo.lines[-1].startswith("Summary: 10 sent, 20 received")
    named = {
        ("".join(cell.data for cell in row[:6]), row[0].fg)
        for row in demo.cells
        if row[7].data == "|"
    }
    assert {name for name, _ in named} >= {"news  ", "sender"}
    assert len({colour for _, colour in named}) == len(named)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_demo_without_colours(in_terminal: InTerminal, environment: dict[str, str]) -> None:
    demo = in_terminal("demo", environment=environment)
    demo.until_printed("listening on")

    demo.type(CTRL_C)
    assert demo.end() == 130
    assert b"\x1b" not in demo.written


def children(parent: int) -> set[int]:
    """The processes that a process has started."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == parent:
            found.add(int(stat.parent.name))
    return found
