"""The neutral peer: built with the C compiler of the machine, one process per measurement."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cores import starting_on
from harness.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOURCES = Path(__file__).parent.parent / "peer"

_FLAGS = ("-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra")
_END_SECONDS = 5
"""How long a peer may take to end once its client has."""


def build_peer(folder: Path, *, tls: bool = False) -> Path:
    """Build the peer inside `folder` with `$CC`, or `cc`; return the program.

    With `tls` it needs OpenSSL's headers.

    Raises:
        BenchmarkError: there is no compiler, or it refuses.
    """
    program = folder / "peer"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    flags = (*_FLAGS, "-DPEER_TLS") if tls else _FLAGS
    libraries = ("-lssl", "-lcrypto") if tls else ()
    sources = [str(path) for path in sorted(SOURCES.glob("*.c"))]
    try:
        subprocess.run(  # noqa: S603 - the compiler that the user named
            [*compiler, *flags, "-o", str(program), *sources, *libraries],
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        message = f"the peer needs a C compiler, and {compiler[0]!r} is not one: install gcc"
        raise BenchmarkError(message) from None
    except subprocess.CalledProcessError as problem:
        hint = " (with TLS it needs libssl-dev)" if tls else ""
        message = f"{compiler[0]} can not build the peer{hint}:\n{problem.stderr}"
        raise BenchmarkError(message) from None
    return program


class Peer:
    """A running peer, which serves one connection and ends."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.port = port

    def result(self) -> dict[str, float | str]:
        """Wait for the end; return its counts: end, received, sent, settled, tls, cpu_s.

        Raises:
            BenchmarkError: its client did not close the connection in order.
        """
        try:
            out, error = self._process.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            message = f"the peer did not end within {_END_SECONDS} s of its client"
            raise BenchmarkError(message) from None
        if self._process.returncode != 0:
            message = f"the peer ended early: {error.strip()} {out.strip()}"
            raise BenchmarkError(message)
        result: dict[str, float | str] = json.loads(out)
        return result


@contextmanager
def running_peer(
    program: Path, arguments: Sequence[str], core: int | None, time_limit: int
) -> Iterator[Peer]:
    """Run a peer that ends with the context at the latest, or after `time_limit` seconds."""
    command = [str(program), *arguments, "--time-limit", str(time_limit)]
    with (
        starting_on(core),
        subprocess.Popen(  # noqa: S603 - the program just built
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            yield Peer(process, _read_port(process))
        finally:
            process.kill()


def _read_port(process: subprocess.Popen[str]) -> int:
    line = process.stdout.readline() if process.stdout else ""
    word, _, port = line.partition(" ")
    if word != "listening":
        message = f"the peer did not start: {process.communicate()[1].strip()}"
        raise BenchmarkError(message)
    return int(port)
