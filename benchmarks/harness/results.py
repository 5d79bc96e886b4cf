"""From samples to figures: medians over the rounds, and ratios taken inside each round."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.rounds import Sample
    from harness.workloads import Program, Workload


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of a figure over the rounds, and how far it wandered."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Take the spread of at least one value."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Result:
    """One way of ours to do a workload, beside proton's handler; µs of CPU per message."""

    workload: str
    way: str
    handler: Spread
    ours: Spread
    wall: Spread
    """Of ours: µs from one message to the next."""
    peer: Spread
    """Of the peer, while it served ours; far below `ours`, or the peer was measured instead."""
    promised: bool
    ratio: Spread
    """How many times less CPU ours took than the handler in the same round."""


def results(rounds: Sequence[Sequence[Sample]], workloads: Sequence[Workload]) -> list[Result]:
    """Return a result for each of our ways to do each workload, in their order."""
    return [
        _result(rounds, workload, program) for workload in workloads for program in workload.ours
    ]


@dataclass(frozen=True, slots=True)
class TlsCost:
    """One program without TLS and over it; µs of CPU per message."""

    workload: str
    program: str
    plain: Spread
    tls: Spread
    added: Spread
    """What TLS took in addition, taken inside each round."""
    agreed: str
    """Version and cipher, or several, separated by commas."""


def tls_costs(rounds: Sequence[Sequence[Sample]], workloads: Sequence[Workload]) -> list[TlsCost]:
    """Return what TLS adds for each program of `harness.workloads.beside_tls`."""
    pairs = zip(workloads[::2], workloads[1::2], strict=True)
    return [
        _tls_cost(rounds, workload, over_tls, index)
        for workload, over_tls in pairs
        for index in range(1 + len(workload.ours))
    ]


def _tls_cost(
    rounds: Sequence[Sequence[Sample]], workload: Workload, over_tls: Workload, index: int
) -> TlsCost:
    program = workload.programs[index]
    plain = [_sample(samples, workload, program) for samples in rounds]
    tls = [_sample(samples, over_tls, over_tls.programs[index]) for samples in rounds]
    return TlsCost(
        workload.name,
        program.label or "ours",
        plain=Spread.of([one.cpu_us for one in plain]),
        tls=Spread.of([one.cpu_us for one in tls]),
        added=Spread.of([b.cpu_us - a.cpu_us for a, b in zip(plain, tls, strict=True)]),
        agreed=", ".join(sorted({one.tls for one in tls})),
    )


def _result(rounds: Sequence[Sequence[Sample]], workload: Workload, program: Program) -> Result:
    handler = [_sample(samples, workload, workload.handler) for samples in rounds]
    ours = [_sample(samples, workload, program) for samples in rounds]
    return Result(
        workload.name,
        program.label,
        handler=Spread.of([one.cpu_us for one in handler]),
        ours=Spread.of([one.cpu_us for one in ours]),
        wall=Spread.of([one.wall_us for one in ours]),
        peer=Spread.of([one.peer_cpu_us for one in ours]),
        promised=program.promised,
        ratio=Spread.of([a.cpu_us / b.cpu_us for a, b in zip(handler, ours, strict=True)]),
    )


def _sample(samples: Sequence[Sample], workload: Workload, program: Program) -> Sample:
    return next(one for one in samples if one.workload == workload.name and one.program == program)
