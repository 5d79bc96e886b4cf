"""Which errors stop a client, as a table; it rides out the others (`mqlight-protocol.md` §2.8)."""

from __future__ import annotations

from mqlight_core.errors import (
    InvalidArgumentError,
    NotPermittedError,
    RangeError,
    ReplacedError,
    SecurityError,
)

FATAL: tuple[type[BaseException], ...] = (
    TypeError,
    InvalidArgumentError,
    RangeError,
    NotPermittedError,
    ReplacedError,
    SecurityError,
)


def is_fatal(error: BaseException) -> bool:
    """Tell whether trying again can not help."""
    return isinstance(error, FATAL)
