"""`hatch run soak`: the long runs in full; exit code 1 when a promise is broken.

CI runs slices of them: `tests/endurance`.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from endurance.child import run_child
from endurance.disturbance import FACES, run
from endurance.killed import run as run_killed
from endurance.links import watch_links
from endurance.programs import run_programs
from endurance.stalled import StalledServer

from mqlight._amqp.senders import MOST_LINKS
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE = 600.0
"""Seconds for a program of its own process."""

_MOST_BYTES_A_TOPIC = 100
"""Of a topic that is done; a lane or a link that stayed behind would be more."""

_MOST_MIB_MORE = 16.0
"""By which a program may grow after a tenth of its messages: less than 20 bytes a message."""


def disturbed(options: argparse.Namespace, face: str) -> list[str]:
    """Send messages through a network that breaks all the time."""
    _say(f"seed {options.seed}")
    with DevServer() as server:
        # Not every disturbance hits a connection that is up.
        aim = options.losses * 2
        outcome = run(
            face, server.port, messages=options.messages, disconnections=aim, seed=options.seed
        )
    _say(*outcome.lines())
    broken = outcome.record.violations()
    if outcome.record.losses < options.losses:
        broken.append(f"only {outcome.record.losses} connections were lost")
    return broken


def stalled(options: argparse.Namespace) -> list[str]:
    """Queue messages while the server takes none, then stop."""
    broken = []
    for qos in (0, 1):
        with StalledServer() as server:
            found = run_child("fill_backlog", server.url, qos, options.backlog, seconds=_PATIENCE)
        _say(f"qos {qos}: {_words(found)}")
        if found["told once"] != options.backlog or set(found["outcomes"]) != {"StoppedError"}:
            broken.append(f"not every queued message is told once of the stop: {found}")
    return broken


def topics(options: argparse.Namespace) -> list[str]:
    """Send to very many topics through one client."""
    with DevServer() as server, watch_links() as links:
        found = run_child("send_to_many_topics", server.url, options.topics, seconds=_PATIENCE)
    _say(f"{_words(found)}, at most {links.most_at_a_time} of {links.attached} links at a time")
    broken = []
    if found["told once"] != options.topics or set(found["outcomes"]) != {"NoneType"}:
        broken.append(f"not every message is told once, and without an error: {found}")
    if links.most_at_a_time > MOST_LINKS or found["lanes left"] > MOST_LINKS:
        broken.append(f"more than {MOST_LINKS} links or lanes at a time")
    if found["bytes a topic of the second half"] > _MOST_BYTES_A_TOPIC:
        broken.append("memory grows with topics that are done")
    return broken


def programs(options: argparse.Namespace) -> list[str]:
    """Send very many messages with the programs."""
    found = run_programs(options.program_messages)
    _say(*found.lines(options.program_messages))
    broken = list(found.wrong_lines)
    if found.statuses != {"sender": 0, "receiver": 130, "server": 0}:
        broken.append(f"a program ended with another status: {found.statuses}")
    for name, settled in found.settled_mib.items():
        if found.most_mib[name] > settled + _MOST_MIB_MORE:
            broken.append(f"the memory of the {name} grows")
    return broken


def kills(options: argparse.Namespace) -> list[str]:
    """Kill a server with a store while messages are sent to it, and between two readers."""
    _say(f"seed {options.seed}")
    with TemporaryDirectory() as folder:
        findings = run_killed(
            Path(folder) / "store", messages=options.kept, kills=options.kills, seed=options.seed
        )
    _say(*findings.lines())
    return findings.violations()


RUNS: dict[str, Callable[[argparse.Namespace], list[str]]] = {
    **{f"disturbed-{face}": partial(disturbed, face=face) for face in FACES},
    "kills": kills,
    "stalled": stalled,
    "topics": topics,
    "programs": programs,
}


def _words(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items())


def _say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description="The long runs in full.")
    parser.add_argument("runs", nargs="*", metavar="run", help=f"of {', '.join(RUNS)}; default all")
    parser.add_argument("--seed", type=int, help="of disturbances and kills; default: a new one")
    parser.add_argument("--messages", type=int, default=100_000, help="default %(default)s")
    parser.add_argument("--losses", type=int, default=200, help="at least; default %(default)s")
    parser.add_argument("--backlog", type=int, default=1_000_000, help="default %(default)s")
    parser.add_argument("--topics", type=int, default=100_000, help="default %(default)s")
    parser.add_argument(
        "--program-messages", type=int, default=1_000_000, help="default %(default)s"
    )
    parser.add_argument("--kept", type=int, default=50_000, help="default %(default)s")
    parser.add_argument("--kills", type=int, default=5, help="default %(default)s")
    options = parser.parse_args(arguments)
    if unknown := set(options.runs) - RUNS.keys():
        parser.error(f"there is no run {', '.join(sorted(unknown))}; there are {', '.join(RUNS)}")
    if options.seed is None:
        options.seed = secrets.randbelow(2**31)
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run; 1 when a promise is broken."""
    options = _parse(arguments)
    broken: list[str] = []
    for name in options.runs or RUNS:
        _say(f"== {name}")
        found = RUNS[name](options)
        _say(*(f"BROKEN: {line}" for line in found))
        broken += found
    _say(f"== {len(broken)} promises broken" if broken else "== every promise kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
