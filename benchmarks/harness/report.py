"""The figures for people, and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.results import Result, Spread, TlsCost
    from harness.rounds import Sample

GOAL = 8
"""How many times less CPU than proton's handler the client promises to take."""

_DISTURBED = 1.25
"""A figure whose extremes are further apart than this was taken on a busy machine."""

_NOTE = (
    "CPU (user and system) of the client process per 100-byte message, medians; ratios are taken\n"
    "inside each round, then median (least-most).  µs belong to this machine; only ratios travel."
)


def render_table(results: Sequence[Result]) -> str:
    """Lay the results out as lines of text."""
    head = ("workload", "MessagingHandler", "ours", "wall", "peer", "times less", "")
    return _lay_out([head, *(_row(result) for result in results)])


def render_tls_table(costs: Sequence[TlsCost]) -> str:
    """Say what TLS adds to each message, and what was agreed on."""
    head = ("what TLS adds", "without", "with", "more", "")
    rows = [
        (
            f"{cost.workload}, {cost.program}",
            f"{cost.plain.median:.2f} µs",
            f"{cost.tls.median:.2f} µs",
            f"{cost.added.median:.2f} µs ({cost.added.least:.2f}-{cost.added.most:.2f})",
            cost.agreed,
        )
        for cost in costs
    ]
    return _lay_out([head, *rows])


def _lay_out(rows: Sequence[tuple[str, ...]]) -> str:
    head = rows[0]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in {0, len(head) - 1} else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _row(result: Result) -> tuple[str, ...]:
    name = f"{result.workload}, {result.way}" if result.way else result.workload
    verdict = ""
    if result.promised:
        verdict = f"BELOW {GOAL}" if result.ratio.median < GOAL else f"at least {GOAL}"
    return (
        name,
        f"{result.handler.median:.1f} µs",
        f"{result.ours.median:.2f} µs",
        f"{result.wall.median:.2f} µs",
        f"{result.peer.median:.2f} µs",
        f"{result.ratio.median:.1f} ({result.ratio.least:.1f}-{result.ratio.most:.1f})",
        verdict,
    )


def render_summary(results: Sequence[Result]) -> str:
    """Say which results reach the goal, whether to trust them, and what they mean."""
    promised = [result for result in results if result.promised]
    kept = sum(result.ratio.median >= GOAL for result in promised)
    lines = [f"{kept} of {len(promised)} promised results at or above {GOAL} times less CPU."]
    if any(_disturbed(spread) for result in results for spread in (result.handler, result.ours)):
        lines.append(
            f"Some figures differ by more than {_DISTURBED:g} times between rounds: the machine "
            "was disturbed, or the rounds were short.  Repeat."
        )
    return "\n".join([*lines, "", _NOTE])


def _disturbed(spread: Spread) -> bool:
    return spread.most > _DISTURBED * spread.least


def as_json(
    machine: Mapping[str, str],
    messages: int,
    results: Sequence[Result],
    rounds: Sequence[Sequence[Sample]],
) -> dict[str, object]:
    """Return everything that was measured, single samples included."""
    return {
        "machine": dict(machine),
        "messages": messages,
        "results": [asdict(result) for result in results],
        "rounds": [[asdict(sample) for sample in samples] for samples in rounds],
    }
