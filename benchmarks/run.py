"""Measure CPU per message: `mqlight.Client` beside python-qpid-proton's handler."""  # noqa: INP001 - run by its path

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path

from harness.cores import choose_cores
from harness.errors import BenchmarkError
from harness.machine import describe_machine
from harness.peer import build_peer
from harness.report import as_json, render_summary, render_table, render_tls_table
from harness.results import results, tls_costs
from harness.rounds import measure, run_rounds
from harness.tls import check_handler, issue_certificates
from harness.workloads import EXTRA, STANDARD, Workload, beside_tls


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench:run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of 20000 messages")
    parser.add_argument("--rounds", type=_positive, help="default 5")
    parser.add_argument(
        "--count", type=_positive, help="messages per program and round, default 200000"
    )
    parser.add_argument(
        "--extra",
        action="store_true",
        help="also a peer that settles each message by itself, and messages that differ",
    )
    parser.add_argument(
        "--tls", action="store_true", help="all of it over TLS, too: what TLS adds to each message"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured there")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.count = options.count or (20_000 if options.quick else 200_000)
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        message = f"{number} is not a positive number"
        raise argparse.ArgumentTypeError(message)
    return number


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _progress(text: str) -> None:
    sys.stderr.write(text + "\n")


def _benchmark(options: argparse.Namespace) -> None:
    cores = choose_cores()
    machine = describe_machine() | {"cores": str(cores)}
    _say("\n".join(f"{name}: {value}" for name, value in machine.items()))
    _say(f"{options.rounds} interleaved rounds of {options.count} messages\n")
    workloads: tuple[Workload, ...] = STANDARD + EXTRA if options.extra else STANDARD
    if options.tls:
        check_handler()
        workloads = beside_tls(workloads)
    with tempfile.TemporaryDirectory(prefix="mqlight-bench-") as folder:
        peer = build_peer(Path(folder), tls=options.tls)
        certificates = issue_certificates(Path(folder)) if options.tls else None
        rounds = run_rounds(
            partial(measure, peer, cores, options.count, certificates),
            workloads,
            options.rounds,
            _progress,
        )
    found = results(rounds, workloads)
    _say(f"\n{render_table(found)}\n\n{render_summary(found)}")
    if options.tls:
        _say(f"\n{render_tls_table(tls_costs(rounds, workloads))}")
    if options.json:
        document = as_json(machine, options.count, found, rounds)
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; 0 whatever the figures are, 1 when it could not be run."""
    try:
        _benchmark(_parse(arguments))
    except BenchmarkError as problem:
        _progress(f"bench: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
