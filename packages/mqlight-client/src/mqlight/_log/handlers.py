"""Carries out what the environment asks of the log, once in the life of a process."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING

from mqlight._log.levels import FRAMES
from mqlight._log.plan import RotatingFile, plan

if TYPE_CHECKING:
    from typing import TextIO

    from mqlight._log.plan import Plan, StandardStream

FORMAT = (
    "%(asctime)s [%(process)s:%(threadName)s] - %(name)s - %(client_id)s - "
    "%(levelname)s %(message)s"
)

_CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), 127)}

_used = threading.Lock()


class LineFormatter(logging.Formatter):
    """One line for each record, and a traceback where there is one; `*` for no client's."""

    def __init__(self) -> None:
        super().__init__(FORMAT, defaults={"client_id": "*"})

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Format all but the traceback; what a server said can not look like another record."""
        return super().formatMessage(record).translate(_CONTROL)


def use_environment() -> None:
    """Add the handlers that `MQLIGHT_PYTHON_LOG` and the like ask for; the first call counts."""
    if _used.acquire(blocking=False):
        asked = plan(os.environ)
        if asked is not None:
            apply(asked, logging.getLogger("mqlight"))


def apply(asked: Plan, logger: logging.Logger) -> None:
    """Add handlers to a logger; what can not be done is told on stderr."""
    problems = list(asked.problems)
    logging.addLevelName(FRAMES, "FRAMES")
    for output in asked.outputs:
        handler: logging.Handler | None
        if isinstance(output, RotatingFile):
            handler = _file_handler(output, problems)
        else:
            handler = _stream_handler(output, logger, asked.level)
        if handler is not None:
            handler.setLevel(asked.level)
            handler.setFormatter(LineFormatter())
            logger.addHandler(handler)
    if not logger.isEnabledFor(asked.level):
        logger.setLevel(asked.level)
    if sys.stderr is not None:
        sys.stderr.writelines(f"mqlight: {problem}\n" for problem in problems)


def _stream_handler(
    name: StandardStream, logger: logging.Logger, level: int
) -> logging.Handler | None:
    stream: TextIO | None = getattr(sys, name)
    if stream is None or _writes_already(logger, stream, level):
        return None
    return logging.StreamHandler(stream)


def _writes_already(logger: logging.Logger, stream: TextIO, level: int) -> bool:
    """Tell whether the application has records of the level written to the stream."""
    above: logging.Logger | None = logger
    while above is not None:
        for handler in above.handlers:
            if (
                isinstance(handler, logging.StreamHandler)
                and handler.stream is stream
                and handler.level <= level
            ):
                return True
        above = above.parent if above.propagate else None
    return False


def _file_handler(output: RotatingFile, problems: list[str]) -> logging.Handler | None:
    from logging.handlers import RotatingFileHandler  # noqa: PLC0415 - few programs need it

    try:
        return RotatingFileHandler(
            output.path,
            maxBytes=output.size,
            backupCount=1,  # with none the file would never be rotated
            encoding="utf-8",
            errors="backslashreplace",
        )
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        problems.append(f"the log file {output.path!r} can not be written: {reason}")
        return None
