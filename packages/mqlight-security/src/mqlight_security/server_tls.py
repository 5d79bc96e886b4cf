"""TLS for a server: from a certificate, a key and whom to trust to an `ssl.SSLContext`."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from mqlight_security.identity import File, load_pair
from mqlight_security.tls import load_trust, new_context

if TYPE_CHECKING:
    from typing import Self

__all__ = ["ServerTls", "server_context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls:
    """Who a server is, and which client certificates it takes.  Files are paths."""

    certificate: str
    """The server's certificate, followed by its intermediate ones; PEM."""
    key: str
    """The private key of the certificate; PEM."""
    key_passphrase: str | None = field(default=None, repr=False)
    """The passphrase of the key, if it is encrypted."""
    client_trust: str | None = None
    """The authorities whose client certificates are taken, PEM or DER; without, none is asked for.
    """
    client_required: bool = False
    """Whether a client without a certificate is turned away; needs `client_trust`."""

    def __copy__(self) -> Self:
        """Return the same: it cannot change."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Return the same: it cannot change."""
        return self

    def __reduce__(self) -> NoReturn:
        """Refuse: a pickle would hold the passphrase in clear.

        Raises:
            TypeError: always.
        """
        message = "ServerTls cannot be pickled: the passphrase would be in clear"
        raise TypeError(message)


def server_context(tls: ServerTls) -> ssl.SSLContext:
    """Make the TLS context of a server: TLS 1.2 or newer.  The files are read now.

    Raises:
        SecurityError: a file cannot be used; the message names the field, the file, the reason.
        ValueError: client certificates are required, and no authority for them is given.
    """
    if tls.client_required and tls.client_trust is None:
        message = "client_required needs client_trust"
        raise ValueError(message)
    context = new_context(ssl.PROTOCOL_TLS_SERVER)
    load_pair(
        context,
        File("certificate", tls.certificate),
        File("key", tls.key),
        tls.key_passphrase,
        "key_passphrase",
    )
    if tls.client_trust is not None:
        load_trust(context, File("client_trust", tls.client_trust))
        context.verify_mode = ssl.CERT_REQUIRED if tls.client_required else ssl.CERT_OPTIONAL
    return context
