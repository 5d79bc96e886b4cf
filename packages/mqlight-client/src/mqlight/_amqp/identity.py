"""Who connects, as whom, and to whom."""

from __future__ import annotations

from dataclasses import dataclass

from mqlight_core.secret import HoldsSecret


@dataclass(frozen=True, slots=True)
class Identity(HoldsSecret):
    """Who connects, and to whom; the password is never shown."""

    container_id: str
    hostname: str
    address: str
    """The service, for error messages: `amqp://host:port`."""
    user: str | None = None
    password: str | None = None
    mechanisms: tuple[str, ...] = ("ANONYMOUS",)
    """SASL's mechanisms that will do, the strongest first."""

    def __repr__(self) -> str:
        return f"Identity({self.container_id!r}, {self.address!r})"
