"""TLS for clients and servers: from their options to an `ssl.SSLContext`."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mqlight_security.files import check_times, openssl_reason, problem, read_certificates
from mqlight_security.identity import Chain, File, load_pair
from mqlight_security.keystore import load_keystore

if TYPE_CHECKING:
    from mqlight_security.options import SecurityOptions
    from mqlight_security.server_tls import ServerTls

__all__ = ["client_context", "server_context"]


def client_context(options: SecurityOptions) -> ssl.SSLContext:
    """Make the TLS context for connecting to a server: TLS 1.2 or newer, always verifying.

    The server's certificate must lead to one of `ssl_trust_certificate`, or of the system's trust
    store where that is not given; it must be for the host connected to unless `ssl_verify_name` is
    False.  The files are read now, and nobody is ever asked for a passphrase.

    Raises:
        SecurityError: a file cannot be used; the message names the option, the file, the reason.
    """
    context = _new_context(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = options.ssl_verify_name
    context.verify_mode = ssl.CERT_REQUIRED
    if options.ssl_trust_certificate is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _load_trust(context, File("ssl_trust_certificate", options.ssl_trust_certificate))
    if options.ssl_keystore is not None:
        passphrase = options.ssl_keystore_passphrase
        load_keystore(
            context,
            File("ssl_keystore", options.ssl_keystore),
            None if passphrase is None else passphrase.get_secret_value(),
            "ssl_keystore_passphrase",
        )
    elif options.ssl_client_certificate is not None and options.ssl_client_key is not None:
        certificate = File("ssl_client_certificate", options.ssl_client_certificate)
        passphrase = options.ssl_client_key_passphrase
        chain = read_certificates(*certificate)
        # A server would say no more than that it does not accept it.
        check_times(*certificate, chain[:1], datetime.now(UTC))
        load_pair(
            context,
            Chain(certificate, chain),
            File("ssl_client_key", options.ssl_client_key),
            None if passphrase is None else passphrase.get_secret_value(),
            "ssl_client_key_passphrase",
        )
    return context


def server_context(tls: ServerTls) -> ssl.SSLContext:
    """Make the TLS context of a server: TLS 1.2 or newer.  The files are read now.

    Whether its certificate is valid at the time is for its clients to judge.

    Raises:
        SecurityError: a file cannot be used; the message names the field, the file, the reason.
        ValueError: client certificates are required, and no authority for them is given.
    """
    if tls.client_required and tls.client_trust is None:
        message = "client_required needs client_trust"
        raise ValueError(message)
    context = _new_context(ssl.PROTOCOL_TLS_SERVER)
    certificate = File("certificate", tls.certificate)
    load_pair(
        context,
        Chain(certificate, read_certificates(*certificate)),
        File("key", tls.key),
        tls.key_passphrase,
        "key_passphrase",
    )
    if tls.client_trust is not None:
        _load_trust(context, File("client_trust", tls.client_trust))
        context.verify_mode = ssl.CERT_REQUIRED if tls.client_required else ssl.CERT_OPTIONAL
    return context


def _new_context(protocol: int) -> ssl.SSLContext:
    """Make a context with what clients and servers have in common."""
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _load_trust(context: ssl.SSLContext, trust: File) -> None:
    """Trust the certificates of a file, a PEM bundle or one in DER, and no others.

    Expired ones among them do no harm: what they have issued is refused.

    Raises:
        SecurityError: the file cannot be used, or not one certificate in it is valid now.
    """
    certificates = read_certificates(*trust)
    check_times(*trust, certificates, datetime.now(UTC))
    try:
        context.load_verify_locations(cadata=b"".join(certificates))
    except ssl.SSLError as error:
        what = f"holds a certificate that cannot be used: {openssl_reason(error)}"
        raise problem(*trust, what) from error
    # What the file holds is trusted, also where it is not a root itself.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
