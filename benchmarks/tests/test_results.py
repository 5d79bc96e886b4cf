"""Figures and the table made of them; no program is run."""

from __future__ import annotations

import pytest
from harness.report import render_summary, render_table
from harness.results import Result, Spread, results
from harness.rounds import Sample, run_rounds
from harness.workloads import EXTRA, STANDARD, Program, Workload

HANDLER = Program("MessagingHandler", "handler_send")
OURS = Program("backlog", "ours_send", promised=True)
ASYNCIO = Program("asyncio", "aio_send")
SEND = Workload("send qos 0", 0, role="sink", handler=HANDLER, ours=(OURS,))


def sample(program: Program, cpu_us: float) -> Sample:
    return Sample(SEND.name, program, cpu_us=cpu_us, wall_us=cpu_us, peer_cpu_us=0.1, tls="")


def measured(*rounds: tuple[float, float]) -> Result:
    samples = [[sample(HANDLER, theirs), sample(OURS, ours)] for theirs, ours in rounds]
    (result,) = results(samples, [SEND])
    return result


def test_a_ratio_is_taken_inside_its_round() -> None:
    result = measured((20, 2), (40, 2), (30, 1))
    assert result.ratio == Spread(20, 10, 30)
    assert result.handler == Spread(30, 20, 40)
    assert result.ours == Spread(2, 1, 2)


def test_each_round_runs_every_program_once_and_in_turn() -> None:
    told: list[str] = []
    rounds = run_rounds(
        lambda _workload, program: sample(program, 1), [SEND], rounds=2, progress=told.append
    )
    assert [[one.program for one in samples] for samples in rounds] == [[HANDLER, OURS]] * 2
    assert told == ["round 1 of 2: send qos 0", "round 2 of 2: send qos 0"]


@pytest.mark.parametrize(("theirs", "verdict"), [(15.9, "BELOW 8"), (16, "at least 8")])
def test_the_table_says_which_results_are_below_the_goal(theirs: float, verdict: str) -> None:
    table = render_table([measured((theirs, 2))])
    assert "send qos 0, backlog" in table
    assert table.endswith(verdict)


def test_a_result_that_is_not_promised_has_no_verdict() -> None:
    workload = Workload("send qos 0", 0, role="sink", handler=HANDLER, ours=(ASYNCIO,))
    found = results([[sample(HANDLER, 15), sample(ASYNCIO, 2)]], [workload])
    assert render_table(found).endswith("(7.5-7.5)")
    assert render_summary(found).startswith("0 of 0 promised")


def test_the_summary_counts_the_results_that_reach_the_goal() -> None:
    summary = render_summary([measured((10, 2)), measured((20, 2))])
    assert summary.startswith("1 of 2 promised results at or above 8 times less CPU.")
    assert "only ratios travel" in summary


@pytest.mark.parametrize(("second", "disturbed"), [(24, False), (26, True)])
def test_the_summary_asks_for_a_repeat_after_a_disturbance(
    second: float, *, disturbed: bool
) -> None:
    summary = render_summary([measured((20, 2), (second, 2))])
    assert ("Repeat." in summary) is disturbed


def test_workloads_have_names_of_their_own() -> None:
    names = [workload.name for workload in STANDARD + EXTRA]
    assert len(set(names)) == len(names)
