"""Handshakes in memory, and certificates made on the spot."""

from __future__ import annotations

import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    NoEncryption,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import (
    Certificate,
    CertificateBuilder,
    Name,
    load_pem_x509_certificate,
    random_serial_number,
)

if TYPE_CHECKING:
    import trustme


def connect(
    client_side: ssl.SSLContext, server_side: ssl.SSLContext, host: str = "localhost"
) -> ssl.SSLObject:
    """Let client and server shake hands in memory; return the server's end."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(to_client, to_server, server_hostname=host)
    server = server_side.wrap_bio(to_server, to_client, server_side=True)
    for _flight in range(3):
        for end in (client, server):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    assert client.version() == server.version()
    return server


def keystore(leaf: trustme.LeafCert, passphrase: str | None) -> bytes:
    """Return a certificate, its chain and its key as PKCS#12."""
    first, *others = (load_pem_x509_certificate(pem.bytes()) for pem in leaf.cert_chain_pems)
    key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return pkcs12.serialize_key_and_certificates(
        b"client",
        key,  # type: ignore[arg-type]
        first,
        others,
        encryption,
    )


def weak_identity() -> tuple[rsa.RSAPrivateKey, Certificate]:
    """Return a key that OpenSSL takes for too small, and its certificate."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is there to be refused
    now, nobody = datetime.now(UTC), Name([])
    builder = CertificateBuilder(nobody, nobody, key.public_key(), random_serial_number())
    builder = builder.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    return key, builder.sign(key, SHA256())
