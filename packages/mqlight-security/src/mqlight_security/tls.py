"""TLS for a client: from the security options to an `ssl.SSLContext` of the standard library."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from mqlight_core import SecurityError, describe_value

if TYPE_CHECKING:
    from mqlight_security.options import SecurityOptions

__all__ = ["client_context"]

_ANOTHER_KEY = "the key is not the one of that certificate"
_REASONS = {
    "KEY_TYPE_MISMATCH": _ANOTHER_KEY,
    "KEY_VALUES_MISMATCH": _ANOTHER_KEY,
    "NO_CERTIFICATE_ASSIGNED": _ANOTHER_KEY,
}


def client_context(options: SecurityOptions) -> ssl.SSLContext:
    """Make the TLS context for connecting to a server: TLS 1.2 or newer, always verifying.

    The server's certificate must lead to one of `ssl_trust_certificate`, or of the system's trust
    store where that is not given; it must be for the host connected to unless `ssl_verify_name` is
    False. The files are read now, and nobody is ever asked for a passphrase.

    Raises:
        SecurityError: a file cannot be loaded; the message names the option, the file, the reason.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = options.ssl_verify_name
    context.verify_mode = ssl.CERT_REQUIRED
    if options.ssl_trust_certificate is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _load_certificates(context, "ssl_trust_certificate", options.ssl_trust_certificate)
    if options.ssl_client_certificate is not None and options.ssl_client_key is not None:
        passphrase = options.ssl_client_key_passphrase
        _load_client_identity(
            context,
            options.ssl_client_certificate,
            options.ssl_client_key,
            "" if passphrase is None else passphrase.get_secret_value(),
        )
    return context


def _load_certificates(context: ssl.SSLContext, option: str, path: str) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        message = f"{option} {describe_value(path)} holds no valid certificate in PEM format"
        raise SecurityError(message) from error
    except OSError as error:
        message = f"{option} {describe_value(path)} cannot be read: {error.strerror}"
        raise SecurityError(message) from error


def _load_client_identity(
    context: ssl.SSLContext, certificate: str, key: str, passphrase: str
) -> None:
    # load_cert_chain does not tell which of its two files is at fault: try the first one alone.
    scratch = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _load_certificates(scratch, "ssl_client_certificate", certificate)
    is_encrypted = False

    def answer_for_encrypted_key() -> str:
        nonlocal is_encrypted
        is_encrypted = True
        return passphrase

    try:
        # With a function as the password OpenSSL asks it, and never the terminal.
        context.load_cert_chain(certificate, key, password=answer_for_encrypted_key)
    except (OSError, ValueError) as error:
        message = (
            f"ssl_client_key {describe_value(key)} cannot be loaded for "
            f"ssl_client_certificate {describe_value(certificate)}: "
            + _key_problem(error, is_encrypted=is_encrypted, has_passphrase=bool(passphrase))
        )
        raise SecurityError(message) from error


def _key_problem(error: OSError | ValueError, *, is_encrypted: bool, has_passphrase: bool) -> str:
    """Say what is wrong with a key file; OpenSSL itself often says no more than "PEM lib"."""
    if is_encrypted and not has_passphrase:
        return "the key is encrypted, and ssl_client_key_passphrase is not given"
    if isinstance(error, ssl.SSLError):
        if error.reason:
            return _REASONS.get(error.reason, error.reason.replace("_", " ").lower())
        if is_encrypted:
            return "the key cannot be decrypted with ssl_client_key_passphrase"
        return "the file holds no valid private key in PEM format"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "ssl_client_key_passphrase is longer than the 1024 bytes that are possible"
