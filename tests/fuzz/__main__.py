"""Fuzz the parsers, a process for each: a crash of C code in one is a finding as any other.

    hatch run fuzz:run                                 every target, ten seconds each
    hatch run fuzz:run topics documents --seconds 600  these, for longer
    hatch run fuzz:run --keep                          and keep what covers something new

Exits with 1 when something was found. The input is then in `findings/`, and this reproduces it:

    hatch run fuzz:run TARGET --input findings/TARGET-crash-…
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from . import corpus
from .targets import NAMES

_FINDINGS = Path("findings")
_LONGEST_INPUT = 4096
_LONGEST_SECONDS_OF_ONE = 10
_MEMORY = 1024
"""Mebibytes that a target may use."""


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=int, default=10, help="for each target (default: 10)")
    parser.add_argument("--input", type=Path, help="run this one input")
    parser.add_argument("--keep", action="store_true", help="keep new inputs in the corpus")
    options = parser.parse_args()
    unknown = set(options.targets) - set(NAMES)
    if unknown:
        parser.error(f"no target: {', '.join(sorted(unknown))}")
    failed = [name for name in options.targets or NAMES if not _run(name, options)]
    print("found something:" if failed else "nothing found", *failed)
    return 1 if failed else 0


def _run(name: str, options: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        inputs, kept = Path(folder, "inputs"), corpus.read(name)
        inputs.mkdir()
        for number, data in enumerate(kept):
            (inputs / str(number)).write_bytes(data)
        if options.input is not None:
            return _fuzz(name, str(options.input))
        _FINDINGS.mkdir(exist_ok=True)
        passed = _fuzz(
            name,
            str(inputs),
            f"-max_total_time={options.seconds}",
            f"-artifact_prefix={_FINDINGS}/{name}-",
        )
        if options.keep and passed:
            merged = Path(folder, "merged")
            merged.mkdir()
            if _fuzz(name, "-merge=1", str(merged), str(inputs)):
                corpus.write(name, [path.read_bytes() for path in merged.iterdir()])
        return passed


def _fuzz(name: str, *arguments: str) -> bool:
    command = [sys.executable, "-m", f"{__package__}.one", name, *arguments]
    command += [f"-max_len={_LONGEST_INPUT}", f"-timeout={_LONGEST_SECONDS_OF_ONE}"]
    command += [f"-rss_limit_mb={_MEMORY}", "-verbosity=0", "-print_final_stats=1"]
    done = subprocess.run(  # noqa: S603 - our own program
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        print(f"{name}: exit status {done.returncode}\n{done.stdout}", flush=True)
        return False
    if runs := re.search(r"number_of_executed_units: (\d+)", done.stdout):
        print(f"{name}: {runs[1]} inputs, nothing found", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
