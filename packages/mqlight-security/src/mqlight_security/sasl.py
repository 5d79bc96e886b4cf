"""Which SASL mechanism a client asks for (mqlight-protocol.md §1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mqlight_security.credentials import Credentials

__all__ = ["choose_mechanism"]


def choose_mechanism(credentials: Credentials | None) -> Literal["PLAIN", "ANONYMOUS"]:
    """Return PLAIN where there are credentials, else ANONYMOUS; no other is ever chosen."""
    return "ANONYMOUS" if credentials is None else "PLAIN"
