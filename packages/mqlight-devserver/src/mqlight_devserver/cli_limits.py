"""The options of `mqlight-devserver` for its limits."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Final

from mqlight_devserver.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["add_limits", "check_limits"]

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
    try:
        _check(lambda: Settings(store=options.store, max_message_size=options.max_message_size))
    except argparse.ArgumentTypeError as error:
        parser.error(f"argument --max-message-size: with --store it {error}")


def _message_size(text: str) -> int:
    size = _bytes(text)
    _check(lambda: Settings(max_message_size=size))
    return size


def _queued_bytes(text: str) -> int:
    size = _bytes(text)
    _check(lambda: Settings(max_queued_bytes=size))
    return size


def _idle_timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        message = f"{text!r} is not a number of seconds"
        raise argparse.ArgumentTypeError(message) from None
    _check(lambda: Settings(idle_timeout=seconds))
    return seconds


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,18})([KMG]?)", text)
    if found is None:
        message = f"{text!r} is not a number of bytes: whole, and with K, M, G or nothing after it"
        raise argparse.ArgumentTypeError(message)
    return int(found[1]) * _UNITS[found[2]]


def _check(make: Callable[[], Settings]) -> None:
    try:
        make()
    except ValueError as error:
        _, _, rule = str(error).partition(" ")
        raise argparse.ArgumentTypeError(rule) from None


def _mebibytes(size: int) -> str:
    return f"{size // _UNITS['M']}M"
