"""What a client was made with, checked, in the units of the drivers (s, bytes)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqlight_core.source import ServiceSource
    from mqlight_security import SecurityOptions


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The arguments of a client, times in seconds."""

    client_id: str
    source: ServiceSource
    security: SecurityOptions
    connect_timeout: float = 30.0
    idle_timeout: float = 60.0
    stop_timeout: float = 10.0
    max_queued_bytes: int = 256 * 1024 * 1024
    insecure_plain: str = "warn"
    """`warn`, `allow` or `refuse` to send a password over a connection without TLS."""
