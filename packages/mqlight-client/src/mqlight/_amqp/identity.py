"""Who connects, as whom, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, slots=True)
class Identity:
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

    def __copy__(self) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        message = "who connects cannot be pickled: the password would be in clear"
        raise TypeError(message)
