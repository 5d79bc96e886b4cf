"""Programs of their own process, whose memory is theirs alone; they print what they found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def run_child(name: str, *arguments: object, seconds: float) -> dict[str, Any]:
    """Run the program `name` of this package; return what it printed.

    Raises:
        CalledProcessError: it failed; what it said is on stderr.
        TimeoutExpired: it took more than `seconds`.
    """
    done = subprocess.run(  # noqa: S603 - a program of our own
        [sys.executable, "-m", f"{__package__}.{name}", *map(str, arguments)],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        timeout=seconds,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
