"""The options of `mqlight-devserver` for its limits."""

from __future__ import annotations

import argparse
import re
from typing import Final, TypeVar

from mqlight_devserver.settings import BOUNDS, LARGEST_STORED, Settings, broken_rule

__all__ = ["add_limits", "check_limits"]

_Number = TypeVar("_Number", int, float)

_UNITS: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    limits = parser.add_argument_group(
        "limits", "BYTES may end in K, M or G: 1024, 1024 x 1024, 1024 x 1024 x 1024"
    )
    limits.add_argument(
        "--max-message-size",
        type=_message_size,
        default=Settings.max_message_size,
        metavar="BYTES",
        help=f"reject larger messages (default: {_mebibytes(Settings.max_message_size)})",
    )
    limits.add_argument(
        "--max-queued-bytes",
        type=_queued_bytes,
        default=Settings.max_queued_bytes,
        metavar="BYTES",
        help="give publishers no credit while more wait for subscribers, or are not settled by "
        f"them (default: {_mebibytes(Settings.max_queued_bytes)})",
    )
    limits.add_argument(
        "--idle-timeout",
        type=_idle_timeout,
        default=Settings.idle_timeout,
        metavar="SECONDS",
        help="disconnect clients that are silent for longer; 0, the default, lets them be",
    )


def check_limits(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with usage where a limit is not possible together with the other options."""
    if options.store is not None:
        broken = broken_rule(options.max_message_size, 1, LARGEST_STORED)
        if broken is not None:
            parser.error(f"argument --max-message-size: with --store it {broken}")


def _message_size(text: str) -> int:
    return _in_bounds("max_message_size", _bytes(text))


def _queued_bytes(text: str) -> int:
    return _in_bounds("max_queued_bytes", _bytes(text))


def _idle_timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        message = f"{text!r} is not a number of seconds"
        raise argparse.ArgumentTypeError(message) from None
    return _in_bounds("idle_timeout", seconds)


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,18})([KMG]?)", text)
    if found is None:
        message = f"{text!r} is not a number of bytes: whole, and with K, M, G or nothing after it"
        raise argparse.ArgumentTypeError(message)
    return int(found[1]) * _UNITS[found[2]]


def _in_bounds(setting: str, number: _Number) -> _Number:
    broken = broken_rule(number, *BOUNDS[setting])
    if broken is not None:
        raise argparse.ArgumentTypeError(broken)
    return number


def _mebibytes(size: int) -> str:
    return f"{size // _UNITS['M']}M"
