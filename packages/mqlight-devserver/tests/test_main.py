"""The command before it serves: what signals do, and streams that are closed."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

_PROGRAM = """
import os, signal, sys
from mqlight_devserver import __main__, cli
def serve():
    {}
cli.main = serve
sys.exit(__main__.main())
"""


def run(serve: str, streams: str = "") -> tuple[int, str]:
    """Run the command with `serve` in the place of the server: its status, and what it says."""
    ended = subprocess.run(  # noqa: S603 - Python itself
        ["/bin/sh", "-c", f'exec "$0" -c "$1" {streams}', sys.executable, _PROGRAM.format(serve)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize("name", [name for name in ("SIGUSR1", "SIGINFO") if hasattr(signal, name)])
def test_who_asks_for_the_status_too_early_is_not_answered(name: str) -> None:
    assert run(f"signal.raise_signal(signal.{name}); return 7") == (7, "")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_that_ends_the_server_ends_it_cleanly_before_it_serves(name: str) -> None:
    assert run(f"signal.raise_signal(signal.{name}); return 7") == (0, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_not_the_place_of_another_file(closed: str) -> None:
    look = "print('out'); print('err', file=sys.stderr); sys.stdin.read(0); return os.dup(0)"
    assert run(look, closed)[0] == 3
