"""A client's socket behind TLS, used as the loop uses plain ones."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

__all__ = ["TlsSocket"]

_HINTS: Final = {
    "WRONG_VERSION_NUMBER": "what the client says is not TLS",
    "HTTP_REQUEST": "what the client says is HTTP without TLS",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the client has no certificate to show",
}


class TlsSocket:
    """Whatever would have to wait raises BlockingIOError; the handshake is part of reading.

    A read gives one record of TLS at most: the rest stays with the system, and the loop sees it.
    """

    def __init__(
        self,
        accepted: socket.socket,
        context: ssl.SSLContext,
        identified: Callable[[str], None],
        turned_away: Callable[[str], None],
    ) -> None:
        """`accepted` does not block.

        `identified` is called with the name in the client's certificate, if there is one,
        `turned_away` with the reason, for the log, why TLS could not be agreed on.

        Raises:
            OSError: the client has gone.
        """
        self._tls = context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        self._identified = identified
        self._turned_away = turned_away
        self._agreed = False

    def fileno(self) -> int:
        """Return what selectors watch."""
        return self._tls.fileno()

    def recv_into(self, buffer: memoryview) -> int:
        """Read what fits; 0 at the end.

        Raises:
            BlockingIOError: nothing has come yet.
            OSError: the connection is broken, or TLS could not be agreed on.
        """
        try:
            if not self._agreed:
                self._shake_hands()
            return self._tls.recv_into(buffer)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None

    def send(self, data: bytes | memoryview) -> int:
        """Write; to be called with the same data again after BlockingIOError.

        Raises:
            BlockingIOError: the socket takes no more for now.
            OSError: the connection is broken.
        """
        try:
            return self._tls.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None

    def shutdown(self, how: int) -> None:
        """End TLS, and then the socket's half.

        Raises:
            OSError: the client has gone.
        """
        # Says that we end; what the client answers to that is not waited for.
        with contextlib.suppress(OSError, ValueError):
            self._tls.unwrap()
        self._tls.shutdown(how)

    def close(self) -> None:
        """Close the socket at once."""
        self._tls.close()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError as error:
            self._turned_away(_reason(error))
            raise
        self._agreed = True
        certificate: Any = self._tls.getpeercert()
        if certificate:
            self._identified(_name_in(certificate))


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the client's certificate is refused: {error.verify_message}"
    said = getattr(error, "reason", None) or ""
    return _HINTS.get(said, said.replace("_", " ").lower() or "the client has hung up")


def _name_in(certificate: dict[str, Any]) -> str:
    """Return the common name in a certificate, or the first of its other names."""
    subject: dict[str, str] = {}
    for part in certificate.get("subject", ()):
        for key, value in part:  # one part may have several
            subject.setdefault(key, value)
    others = [str(name) for _, name in certificate.get("subjectAltName", ())]
    return str(subject.get("commonName") or next(iter(others), "a client without a name"))
