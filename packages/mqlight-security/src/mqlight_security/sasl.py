"""Which SASL mechanism a client uses (AMQP 1.0 part 5.3, mqlight-protocol.md §1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqlight_security.credentials import Credentials

__all__ = ["acceptable_mechanisms", "choose_mechanism"]


def acceptable_mechanisms(
    credentials: Credentials | None, *, client_certificate: bool
) -> tuple[str, ...]:
    """Return the mechanisms that will do for a client, the strongest first.

    EXTERNAL needs a `client_certificate` on a connection with TLS.  Where there are credentials
    ANONYMOUS is not among them: they are never silently ignored.
    """
    named = "ANONYMOUS" if credentials is None else "PLAIN"
    return ("EXTERNAL", named) if client_certificate else (named,)


def choose_mechanism(acceptable: Iterable[str], offered: Iterable[str]) -> str | None:
    """Return the first of the `acceptable` mechanisms that a server offers; None for none."""
    known = frozenset(offered)
    return next((mechanism for mechanism in acceptable if mechanism in known), None)
