"""One target in this process: `python -m tests.fuzz.one TARGET`, and libFuzzer's arguments."""

from __future__ import annotations

import logging
import sys
from importlib import import_module

import atheris  # type: ignore[import-untyped] # it has no types

from .targets import NAMES

_OURS = ["mqlight", "mqlight_core", "mqlight_devserver", "mqlight_security"]


def main() -> None:
    """Fuzz until libFuzzer says that it is enough."""
    _, name, *arguments = sys.argv
    if name not in NAMES:
        sys.exit(f"no target: {name}")
    logging.lastResort = None  # what the parsers warn of is what is asked for here
    # What is imported here is watched for coverage.
    with atheris.instrument_imports(include=_OURS):
        target = import_module(f"{__package__}.targets.{name}")
    # With -merge libFuzzer starts itself again, through a shell, by its first argument.
    atheris.Setup([f"{sys.executable} -m {__package__}.one {name}", *arguments], target.fuzz)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
