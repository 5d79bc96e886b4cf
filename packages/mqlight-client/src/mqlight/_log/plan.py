"""From the documented environment variables to the handlers that they ask for; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from mqlight._log.levels import DEFAULT, LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVEL = "MQLIGHT_PYTHON_LOG"
STREAM = "MQLIGHT_PYTHON_LOG_STREAM"
SIZE = "MQLIGHT_PYTHON_LOG_SIZE"

DEFAULT_SIZE = 10_000_000
"""Bytes of a log file, after which it becomes the one before."""

StandardStream: TypeAlias = Literal["stderr", "stdout"]


@dataclass(frozen=True, slots=True)
class RotatingFile:
    """A log file of at most `size` bytes, beside the one before it; 0 for one without end."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Where records of which level go, and what of the environment could not be understood."""

    level: int
    outputs: tuple[StandardStream | RotatingFile, ...]
    problems: tuple[str, ...] = ()


def plan(environ: Mapping[str, str]) -> Plan | None:
    """Return what the environment asks for; None where it asks for nothing."""
    level_name, stream, size = (environ.get(name, "").strip() for name in (LEVEL, STREAM, SIZE))
    if not level_name and not stream:
        return None
    problems: list[str] = []
    level = LEVELS.get((level_name or DEFAULT).upper())
    if level is None:
        level = LEVELS[DEFAULT]
        known = ", ".join(LEVELS)
        problems.append(f"{LEVEL} {level_name!r} is no level, {DEFAULT} is taken; known: {known}")
    return Plan(level, _outputs(stream, size, problems), tuple(problems))


def _outputs(
    stream: str, size: str, problems: list[str]
) -> tuple[StandardStream | RotatingFile, ...]:
    if stream.lower() in ("", "stderr"):
        return ("stderr",)
    if stream.lower() == "stdout":
        return ("stdout",)
    return RotatingFile(stream, _size(size, problems)), "stderr"


def _size(text: str, problems: list[str]) -> int:
    if not text:
        return DEFAULT_SIZE
    if text.isascii() and text.isdecimal():
        return int(text)
    problems.append(f"{SIZE} {text!r} is no number of bytes, {DEFAULT_SIZE} is taken")
    return DEFAULT_SIZE
