"""What TLS says: to the log when it is agreed on, in the documented errors when it is not.

TLS is the standard library's; proton never sees it.  `ssl` is loaded by whoever made a context, and
here only when there is one.
"""

from __future__ import annotations

from logging import DEBUG
from typing import TYPE_CHECKING, Any, Final

from mqlight_core.errors import MQLightError, NetworkError, SecurityError

if TYPE_CHECKING:
    import ssl

    from mqlight._log.client_log import ClientLog
    from mqlight_core.service import Service

_TRUST: Final = (
    "ssl_trust_certificate, or else the system's trust store, does not hold its issuer, or the "
    "server leaves an intermediate certificate out"
)
_VERIFY_HINTS: Final = {
    2: _TRUST,
    18: "trusted only if ssl_trust_certificate holds this certificate",
    19: _TRUST,
    20: _TRUST,
    21: _TRUST,
}
"""OpenSSL's codes of what is wrong with the server's certificate, and what to look at."""

_REFUSED: Final = "the server does not accept the client certificate"
_REFUSALS: Final = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server asks for a client certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": _REFUSED,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": _REFUSED,
    "SSLV3_ALERT_CERTIFICATE_REVOKED": f"{_REFUSED}: it is revoked",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": f"{_REFUSED}: it has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _REFUSED,
    "TLSV1_ALERT_UNKNOWN_CA": f"{_REFUSED}: it does not trust the issuer",
    "TLSV1_ALERT_ACCESS_DENIED": f"{_REFUSED}: access denied",
    "TLSV1_ALERT_DECRYPT_ERROR": _REFUSED,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "the server refuses the handshake: it may ask for a client certificate, or have no cipher "
        "in common"
    ),
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server has no TLS version in common, which is 1.2 or 1.3",
    "TLSV1_ALERT_UNRECOGNIZED_NAME": "the server has no certificate for that host name",
}
"""The alerts by which a server refuses a client (RFC 8446 section 6), in OpenSSL's names."""

_REASONS: Final = _REFUSALS | {
    "UNSUPPORTED_PROTOCOL": _REFUSALS["TLSV1_ALERT_PROTOCOL_VERSION"],
    "TLSV1_UNRECOGNIZED_NAME": _REFUSALS["TLSV1_ALERT_UNRECOGNIZED_NAME"],
    "WRONG_VERSION_NUMBER": (
        "the answer is not TLS (does the server speak TLS at this port, and is the scheme right?)"
    ),
}
"""All of OpenSSL's reasons that can be told better than in its own words."""

_FOR_NOW: Final = frozenset({"TLSV1_ALERT_INTERNAL_ERROR", "TLSV1_ALERT_USER_CANCELLED"})
"""Alerts that are the server's own trouble."""


def log_tls(log: ClientLog, service: Service, tls: ssl.SSLSocket | ssl.SSLObject) -> None:
    """Tell the log what a handshake has come to."""
    if log.isEnabledFor(DEBUG):
        cipher = tls.cipher()
        certificate: dict[str, Any] = tls.getpeercert() or {}
        names = [str(name) for _, name in certificate.get("subjectAltName", ())]
        subject = [
            f"{key}={value}" for part in certificate.get("subject", ()) for key, value in part
        ]
        log.debug(
            "%s: %s, %s, certificate of %s",
            service,
            tls.version(),
            cipher[0] if cipher else "no cipher",
            ", ".join(names or subject) or "nobody",
        )


def handshake_error(service: Service, problem: Exception) -> MQLightError:
    """Return the documented error of a handshake that failed."""
    import ssl  # noqa: PLC0415

    message = f"{service}: the TLS handshake failed: {_reason(problem)}"
    if not isinstance(problem, ssl.SSLError) or _is_for_now(problem):
        return NetworkError(message)
    return SecurityError(message)


def connection_error(service: Service, problem: Exception) -> MQLightError:
    """Return the documented error of a connection that broke after the handshake.

    With TLS 1.3 that is over for the client before the server has seen its certificate: a server
    that refuses it says so now.
    """
    import ssl  # noqa: PLC0415

    said = _reason(problem)
    # Bytes that are not TLS are no refusal: anyone on the way can put some in.
    if isinstance(problem, ssl.SSLError) and problem.reason in _REFUSALS:
        return SecurityError(f"{service}: {said}")
    return NetworkError(f"{service}: the connection broke: {said}")


def _reason(problem: Exception) -> str:
    """Return what is wrong, as OpenSSL or the system says it and with what to look at."""
    if isinstance(problem, OSError):
        verify = getattr(problem, "verify_message", "")
        if verify:
            hint = _VERIFY_HINTS.get(getattr(problem, "verify_code", 0))
            return f"{verify} ({hint})" if hint else str(verify)
        said = getattr(problem, "reason", None) or ""
        if said:
            return _REASONS.get(said, said.replace("_", " ").lower())
        return str(problem.strerror or problem)
    return str(problem)


def _is_for_now(problem: ssl.SSLError) -> bool:
    import ssl  # noqa: PLC0415

    return (
        isinstance(problem, ssl.SSLEOFError | ssl.SSLZeroReturnError) or problem.reason in _FOR_NOW
    )
