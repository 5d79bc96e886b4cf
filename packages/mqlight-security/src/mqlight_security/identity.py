"""Certificate and private key, of a client or a server, into a TLS context."""

from __future__ import annotations

import ssl
from typing import NamedTuple

from mqlight_core import SecurityError, describe_value
from mqlight_security.files import read, read_certificates

__all__ = ["File", "load_pair"]

_ANOTHER_KEY = "the key is not the one of that certificate"
_REASONS = {
    "KEY_TYPE_MISMATCH": _ANOTHER_KEY,
    "KEY_VALUES_MISMATCH": _ANOTHER_KEY,
    "NO_CERTIFICATE_ASSIGNED": _ANOTHER_KEY,
}


class File(NamedTuple):
    """A file and the option that names it."""

    option: str
    path: str

    def __str__(self) -> str:
        """Name both, as messages do."""
        return f"{self.option} {describe_value(self.path)}"


def load_pair(
    context: ssl.SSLContext, certificate: File, key: File, passphrase: str | None, option: str
) -> None:
    """Load a certificate, with its chain, and its private key; both PEM.

    `option` is the one that the passphrase comes from.  Nobody is ever asked for one.

    Raises:
        SecurityError: a file cannot be used, or they do not belong together.
    """
    read_certificates(*certificate)
    read(*key)
    is_encrypted = False

    def answer_for_encrypted_key() -> str:
        nonlocal is_encrypted
        is_encrypted = True
        return passphrase or ""

    try:
        # With a function as the password OpenSSL asks it, and never the terminal.
        context.load_cert_chain(certificate.path, key.path, password=answer_for_encrypted_key)
    except (OSError, ValueError) as error:
        wrong = _key_problem(error, option, encrypted=is_encrypted, passphrase=bool(passphrase))
        message = f"{key} cannot be loaded for {certificate}: {wrong}"
        raise SecurityError(message) from error


def _key_problem(
    error: OSError | ValueError, option: str, *, encrypted: bool, passphrase: bool
) -> str:
    """Say what is wrong with a key file; OpenSSL itself often says no more than "PEM lib"."""
    if encrypted and not passphrase:
        return f"the key is encrypted, and {option} is not given"
    if not isinstance(error, OSError):
        return f"{option} is longer than the 1024 bytes that are possible"
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason in _REASONS:
        return _REASONS[error.reason]
    if encrypted:
        return f"the key cannot be decrypted with {option}"
    return "the file holds no valid private key in PEM format"
