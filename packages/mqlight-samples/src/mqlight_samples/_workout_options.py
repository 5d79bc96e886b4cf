"""The command line of `mqlight-uiworkout`: as the MQ Light module documents it, and times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mqlight_samples._parser import MOST_SECONDS, Parser, seconds
from mqlight_samples._security import ServiceOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["WorkoutOptions", "workout_options"]

_LEAST_DELAY: Final = 0.001


class WorkoutOptions(ServiceOptions):
    """The command line of `mqlight-uiworkout`; times in seconds."""

    delay: float
    duration: float | None
    verbose: bool


def workout_options(arguments: Sequence[str] | None = None) -> WorkoutOptions:
    """Read the arguments, or the command line; wrong usage ends the program with status 2."""
    parser = Parser(
        "mqlight-uiworkout",
        "Send messages to some topics of an MQ Light server, and receive them, with eight clients.",
    )
    parser.add_service()
    parser.add_delay(
        "each client sends again and again, each time after 0 to DELAY seconds (default: 20)",
        lowest=_LEAST_DELAY,
        default=20.0,
    )
    parser.add_argument(
        "--duration",
        type=seconds(0, MOST_SECONDS),
        help="send for DURATION seconds, then end (default: end on Ctrl-C)",
    )
    parser.add_verbose("-v")
    return parser.read(arguments, WorkoutOptions())
