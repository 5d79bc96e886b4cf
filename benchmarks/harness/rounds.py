"""Interleaved rounds: each runs every program of every workload once, one after the other.

What disturbs a machine for a while then hits the programs of a round alike, and leaves the ratio
inside the round nearly as it was.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cores import starting_on
from harness.errors import BenchmarkError
from harness.peer import running_peer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.cores import Cores
    from harness.tls import Certificates
    from harness.workloads import Program, Workload

BENCHMARKS = Path(__file__).parent.parent
"""The folder that `programs` is found in."""

WARM_UP = 5000
"""Messages before those that count."""

_START_SECONDS = 60
_SECONDS_A_MESSAGE = 0.001
"""Far more than any program needs."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one program spent in one round, per message."""

    workload: str
    program: Program
    cpu_us: float
    wall_us: float
    peer_cpu_us: float
    tls: str
    """Version and cipher; empty without TLS."""


def measure(  # noqa: PLR0913, PLR0917 - what a measurement needs
    peer: Path,
    cores: Cores,
    count: int,
    certificates: Certificates | None,
    workload: Workload,
    program: Program,
) -> Sample:
    """Run one program once against a peer of its own.

    Without certificates there is no workload over TLS.

    Raises:
        BenchmarkError: it failed, or peer and program do not agree on the number of messages.
    """
    count //= workload.part
    total = count + WARM_UP
    time_limit = _START_SECONDS + round(total * _SECONDS_A_MESSAGE)
    role = (workload.role, *workload.peer_arguments)
    if workload.role == "source":
        role += ("--count", str(total))
    told = ["--qos", str(workload.qos), "--count", str(count), *program.arguments]
    if workload.tls and certificates:
        role += ("--certificate", str(certificates.certificate), "--key", str(certificates.key))
        told += ["--trust", str(certificates.trust)]
    with running_peer(peer, role, cores.peer, time_limit) as running:
        spent = _run(program, told, running.port, cores.client, time_limit)
        served = running.result()
    expected = {"sink": (total, 0), "source": (0, total), "echo": (total, total)}[workload.role]
    if (served["received"], served["sent"]) != expected:
        message = f"{program.module}: {total} messages expected, the peer saw {served}"
        raise BenchmarkError(message)
    if workload.qos and served["settled"] != sum(expected):
        message = f"{program.module}: {sum(expected)} acknowledgements expected, not {served}"
        raise BenchmarkError(message)
    return Sample(
        workload.name,
        program,
        cpu_us=spent["cpu_s"] / count * 1e6,
        wall_us=spent["wall_s"] / count * 1e6,
        peer_cpu_us=float(served["cpu_s"]) / total * 1e6,
        tls=str(served["tls"]),
    )


def _run(
    program: Program, told: Sequence[str], port: int, core: int | None, time_limit: int
) -> dict[str, float]:
    command = [sys.executable, "-m", f"programs.{program.module}", "--port", str(port)]
    command += ["--warm-up", str(WARM_UP), *told]
    try:
        with starting_on(core):
            done = subprocess.run(  # noqa: S603 - our own program
                command,
                cwd=BENCHMARKS,
                check=True,
                capture_output=True,
                text=True,
                timeout=time_limit,
            )
    except subprocess.CalledProcessError as problem:
        message = f"{program.module} failed:\n{problem.stderr}"
        raise BenchmarkError(message) from None
    except subprocess.TimeoutExpired:
        message = f"{program.module} was not done after {time_limit} s"
        raise BenchmarkError(message) from None
    spent: dict[str, float] = json.loads(done.stdout)
    return spent


def run_rounds(
    measure_one: Callable[[Workload, Program], Sample],
    workloads: Sequence[Workload],
    rounds: int,
    progress: Callable[[str], None],
) -> list[list[Sample]]:
    """Measure every program once per round; return the samples of each round."""
    samples: list[list[Sample]] = []
    for number in range(1, rounds + 1):
        samples.append([])
        for workload in workloads:
            progress(f"round {number} of {rounds}: {workload.name}")
            samples[-1] += [measure_one(workload, program) for program in workload.programs]
    return samples
