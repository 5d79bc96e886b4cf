"""What a server needs for TLS; importing it does not load ssl."""

from __future__ import annotations

from dataclasses import dataclass, field

from mqlight_core.secret import HoldsSecret

__all__ = ["ServerTls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls(HoldsSecret):
    """Who a server is, and which client certificates it takes.  Files are paths."""

    certificate: str
    """The server's certificate: PEM, followed by its intermediate ones, or DER."""
    key: str
    """The private key of the certificate; PEM."""
    key_passphrase: str | None = field(default=None, repr=False)
    """The passphrase of the key, if it is encrypted."""
    client_trust: str | None = None
    """The authorities whose client certificates are taken, PEM or DER; without, none is asked for.
    """
    client_required: bool = False
    """Whether a client without a certificate is turned away; needs `client_trust`."""
