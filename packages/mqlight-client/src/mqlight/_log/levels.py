"""What `MQLIGHT_PYTHON_LOG` may say, as a table onto the levels of the standard library."""

from __future__ import annotations

from logging import CRITICAL, DEBUG, ERROR, INFO, WARNING
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FRAMES: Final = 5
"""Every AMQP frame, beside everything else."""

DEFAULT: Final = "FFDC"
"""What the original takes where nothing else is said (`mqlight-protocol.md` §7)."""

LEVELS: Final[Mapping[str, int]] = {
    "ALL": FRAMES,
    "ENTRY_OFTEN": FRAMES,
    "EXIT_OFTEN": FRAMES,
    "PARMS_OFTEN": FRAMES,
    "OFTEN": FRAMES,
    "RAW": FRAMES,
    "DETAIL": FRAMES,
    "DEBUG": DEBUG,
    "FROM": DEBUG,
    "STATE": INFO,
    "EMIT": INFO,
    "DATA": INFO,
    "PARMS": INFO,
    "ENTRY": INFO,
    "EXIT": INFO,
    "ENTRY_EXIT": INFO,
    "HEADER": INFO,
    "INFO": INFO,
    "WARN": WARNING,
    "WARNING": WARNING,
    "ERROR": ERROR,
    "OBJECT": ERROR,
    "FFDC": CRITICAL,
    "CRITICAL": CRITICAL,
}
"""The names of the published clients, the most talkative first, and the standard library's."""
