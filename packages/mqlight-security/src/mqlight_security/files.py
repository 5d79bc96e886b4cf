"""Certificate and key files: read whole, with an error that says which file and what is wrong."""

from __future__ import annotations

import os
import ssl
import stat
from typing import TYPE_CHECKING, Final

from mqlight_core import SecurityError, describe_value
from mqlight_security.validity import validity_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mqlight_security.validity import Validity

__all__ = [
    "LARGEST_FILE",
    "check_times",
    "holds_certificate",
    "holds_key",
    "openssl_reason",
    "problem",
    "read",
    "read_certificates",
]

LARGEST_FILE: Final = 4 * 1024 * 1024
"""Bytes; the trust stores of whole operating systems have about 200 kB."""

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_END: Final = b"-----END CERTIFICATE-----"


def problem(option: str, path: str, what: str) -> SecurityError:
    """Return the error that says what is wrong with the file of an option."""
    return SecurityError(f"{option} {describe_value(path)} {what}")


def openssl_reason(error: OSError) -> str:
    """Return what OpenSSL or the system says, as text for people: `ee key too small`."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return error.strerror or str(error)


def read(option: str, path: str) -> bytes:
    """Read the file of an option.

    Raises:
        SecurityError: it cannot be read, is no regular file, is empty or larger than
            `LARGEST_FILE`.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            is_regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            content = file.read(LARGEST_FILE + 1) if is_regular else b""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise problem(option, path, f"cannot be read: {reason}") from error
    if not is_regular:
        raise problem(option, path, "is not a regular file")
    if not content:
        raise problem(option, path, "is empty")
    if len(content) > LARGEST_FILE:
        raise problem(option, path, f"is larger than {LARGEST_FILE} bytes")
    return content


def holds_certificate(content: bytes) -> bool:
    """Say whether there is a certificate in PEM format in it."""
    return _BEGIN in content


def holds_key(content: bytes) -> bool:
    """Say whether there is a private key in PEM format in it, of whatever kind."""
    return b"PRIVATE KEY-----" in content


def read_certificates(option: str, path: str) -> tuple[bytes, ...]:
    """Read a file of certificates, a PEM bundle or one in DER; return each as DER.

    Raises:
        SecurityError: as `read`, or it holds something else.
    """
    content = read(option, path)
    if not holds_certificate(content):
        if validity_of(content) is not None:
            return (content,)
        if holds_key(content):
            raise problem(option, path, "holds a private key and no certificate")
        raise problem(option, path, "holds no certificate, neither in PEM format nor in DER")
    found: list[bytes] = []
    for part in content.split(_BEGIN)[1:]:
        pem = (_BEGIN + part.partition(_END)[0] + _END).decode("ascii", "replace")
        try:
            certificate = ssl.PEM_cert_to_DER_cert(pem)
        except ValueError:
            certificate = b""
        if validity_of(certificate) is None:
            what = f"holds no valid certificate in PEM format: number {len(found) + 1} is damaged"
            raise problem(option, path, what)
        found.append(certificate)
    return tuple(found)


def check_times(option: str, path: str, certificates: Iterable[bytes], now: datetime) -> None:
    """Let a file pass of whose certificates at least one is valid `now`.

    Raises:
        SecurityError: they have expired, or are not valid yet; the message tells of the first.
    """
    wrong = [_wrong_time(validity_of(certificate), now) for certificate in certificates]
    if all(wrong):
        raise problem(option, path, wrong[0])


def _open_at_once(path: str, flags: int) -> int:
    # Without waiting for the other end of what has become a pipe since the call.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _wrong_time(validity: Validity | None, now: datetime) -> str:
    if validity is None:
        return ""
    since, until = (f"{time:%Y-%m-%d %H:%M:%S} UTC" for time in validity)
    if now > validity.until:
        return f"holds a certificate that has expired: it was valid until {until}"
    if now < validity.since:
        return f"holds a certificate that is not valid yet: it is from {since} on"
    return ""
