"""Certificate and private key, of a client or a server, into a TLS context."""

from __future__ import annotations

import ssl
from typing import NamedTuple

from mqlight_core import SecurityError, describe_value
from mqlight_security.files import holds_certificate, holds_key, openssl_reason, problem, read
from mqlight_security.memory_file import file_of

__all__ = ["Chain", "File", "load_pair"]

_OF_ANOTHER_KEY = {"KEY_TYPE_MISMATCH", "KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}


class File(NamedTuple):
    """A file and the option that names it."""

    option: str
    path: str

    def __str__(self) -> str:
        """Name both, as messages do."""
        return f"{self.option} {describe_value(self.path)}"


class Chain(NamedTuple):
    """A certificate and those between it and its authority, in DER, from one file."""

    file: File
    certificates: tuple[bytes, ...]


def load_pair(
    context: ssl.SSLContext, chain: Chain, key: File, passphrase: str | None, option: str
) -> None:
    """Load a certificate, with its chain, and its private key, which is in PEM format.

    `option` is the one that the passphrase comes from.  Nobody is ever asked for one.

    Raises:
        SecurityError: a file cannot be used, or they do not belong together.
    """
    content = read(*key)
    secret = _encoded(passphrase, option)
    pem = "".join(map(ssl.DER_cert_to_PEM_cert, chain.certificates))
    is_encrypted = False

    def answer_for_encrypted_key() -> bytes:
        nonlocal is_encrypted
        is_encrypted = True
        return secret

    try:
        with file_of(pem.encode()) as path:
            # With a function as the password OpenSSL asks it, and never the terminal.
            context.load_cert_chain(path, key.path, password=answer_for_encrypted_key)
    except (OSError, ValueError) as error:
        if wrong := _chain_problem(error, chain):
            raise problem(*chain.file, wrong) from error
        wrong = _key_problem(error, content, option, encrypted=is_encrypted, given=bool(secret))
        message = f"{key} cannot be loaded for {chain.file}: {wrong}"
        raise SecurityError(message) from error


def _encoded(passphrase: str | None, option: str) -> bytes:
    try:
        return (passphrase or "").encode()
    except UnicodeEncodeError:
        message = f"{option} must be valid Unicode: it contains a lone surrogate"
    # Outside the except block: the UnicodeEncodeError shows the passphrase.
    raise SecurityError(message)


def _chain_problem(error: Exception, chain: Chain) -> str:
    """Say what is wrong with the certificates, if anything is; else return nothing.

    That a certificate is damaged and that a key is, OpenSSL tells with the same words.
    """
    if not isinstance(error, ssl.SSLError) or error.reason in _OF_ANOTHER_KEY:
        return ""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
            cadata=b"".join(chain.certificates)
        )
    except ssl.SSLError:
        return "holds a certificate that is damaged"
    # What is left in OpenSSL's own words: `ee key too small`, `ca md too weak`.
    if error.library in {"SSL", "X509V3"} and error.reason:
        return f"holds a certificate that cannot be used: {openssl_reason(error)}"
    return ""


def _key_problem(
    error: OSError | ValueError, content: bytes, option: str, *, encrypted: bool, given: bool
) -> str:
    """Say what is wrong with a key file; OpenSSL itself often says no more than "PEM lib"."""
    if encrypted and not given:
        return f"the key is encrypted, and {option} is not given"
    if not isinstance(error, OSError):
        return f"{option} is longer than the 1024 bytes that are possible"
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason in _OF_ANOTHER_KEY:
        return "the key is not the one of that certificate"
    if encrypted:
        return f"the key cannot be decrypted with {option}"
    only_certificate = holds_certificate(content) and not holds_key(content)
    what = "a certificate and no" if only_certificate else "no valid"
    return f"the file holds {what} private key in PEM format"
