"""What one server is told to be, and the limits that it keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from mqlight_devserver.users import Users
from mqlight_security import ServerTls

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "BOUNDS",
    "LARGEST_PORT",
    "LARGEST_STORED",
    "MESSAGES_ON_PAGE",
    "Settings",
    "broken_rule",
    "check_number",
]

LARGEST_PORT: Final = 65535
MESSAGES_ON_PAGE: Final = 50
"""`recent_messages` of a server that has a page."""

_MEBIBYTE: Final = 1024 * 1024
_DAY: Final = 24 * 3600

BOUNDS: Final[dict[str, tuple[int, float]]] = {
    "credit": (1, 2**31 - 1),
    "max_message_size": (1, 2**31 - 1),
    "max_queued_bytes": (0, math.inf),
    "recent_messages": (0, 2**31 - 1),
    "idle_timeout": (0, 2**31 / 1000),
}
"""The least and the most of the settings that are numbers."""
LARGEST_STORED: Final = 900_000_000
"""A message that SQLite takes: 10^9 bytes, with what the server adds to it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Sizes in bytes, times in seconds.

    With `users`, names and passwords, ANONYMOUS is refused.  With `tls` everything goes over TLS,
    and a client whose certificate is trusted may be let in by that (SASL EXTERNAL).  A client has
    `opening_timeout` for TLS's handshake, SASL and AMQP's open together, and `closing_timeout` to
    answer a CLOSE; it may have `max_links`.  `credit` is how many messages a publisher may send
    ahead.  Clients that are silent for longer than `idle_timeout` are disconnected, 0 lets them be.
    A publisher gets no more credit while more than `max_queued_bytes` wait for subscribers or are
    not settled by them; nothing is dropped, and what publishers have credit for, about 4 MiB each,
    comes on top.  Messages that are not complete may have as much once more, all together.
    The last `recent_messages` are kept to be looked at.

    Destinations with a ttl and their messages are kept in the file `store` as well, if given.

    Raises:
        TypeError: a value is of the wrong type.
        ValueError: a value is out of range.
    """

    container_id: ClassVar[str] = "mqlight-devserver"
    max_destination_ttl: ClassVar[float] = 30 * _DAY
    max_links: ClassVar[int] = 4096
    max_address_bytes: ClassVar[int] = 10237
    closing_timeout: ClassVar[float] = 5
    opening_timeout: ClassVar[float] = 30

    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls: ServerTls | None = None
    store: Path | None = None
    credit: int = 1000
    idle_timeout: float = 0
    max_message_size: int = 100 * _MEBIBYTE
    max_queued_bytes: int = 256 * _MEBIBYTE
    recent_messages: int = 0

    def __post_init__(self) -> None:
        """Check each value, and keep the passwords where they do not show."""
        users = Users(self.users)
        users.check()
        object.__setattr__(self, "users", users)
        if self.tls is not None and not isinstance(self.tls, ServerTls):
            message = f"tls must be ServerTls, not {type(self.tls).__name__}"
            raise TypeError(message)
        for name, (least, most) in BOUNDS.items():
            kind = float if name == "idle_timeout" else int
            check_number(name, getattr(self, name), least, most, kind)
        if self.store is not None:
            check_number("max_message_size", self.max_message_size, 1, LARGEST_STORED)


def check_number(
    name: str, value: object, least: float, most: float, kind: type[float] = int
) -> None:
    """Let a number from `least` to `most` pass; a whole one unless `kind` is float.

    Raises:
        TypeError: it is not a number of this kind.
        ValueError: it is out of range.
    """
    if isinstance(value, bool) or not isinstance(value, int | kind):
        message = f"{name} must be {kind.__name__}, not {type(value).__name__}"
        raise TypeError(message)
    broken = broken_rule(value, least, most)
    if broken is not None:
        message = f"{name} {broken}"
        raise ValueError(message)


def broken_rule(number: float, least: float, most: float) -> str | None:
    """Say what a number out of range must be; None if it is in range."""
    if least <= number <= most:
        return None
    return f"must be from {least} to {most}, not {number}"
