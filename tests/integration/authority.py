"""Certificates made on the spot, good ones and bad ones, of authorities, servers and clients."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import (
    CertificateBuilder,
    DNSName,
    Name,
    NameAttribute,
    SubjectAlternativeName,
    load_pem_x509_certificate,
    random_serial_number,
)
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
PASSPHRASE = "open sesame"


class Authority:
    """An authority and the files of what it issues, in a folder of its own."""

    def __init__(self, folder: Path, ca: trustme.CA | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.ca = ca or trustme.CA()

    def trust(self, *, der: bool = False) -> str:
        """Write the authority's certificate."""
        pem = self.ca.cert_pem.bytes()
        if not der:
            return self._write("trust.pem", pem)
        return self._write("trust.der", load_pem_x509_certificate(pem).public_bytes(Encoding.DER))

    def issue(
        self,
        *names: str,
        since: timedelta = -DAY,
        until: timedelta = DAY,
        passphrase: str | None = None,
        chain: bool = True,
    ) -> tuple[str, str]:
        """Issue a certificate, from `since` to `until` from now; return its file and its key's.

        `chain` False leaves the intermediate certificates out.
        """
        leaf = self.ca.issue_cert(*names, not_before=NOW + since, not_after=NOW + until)
        pems = leaf.cert_chain_pems if chain else leaf.cert_chain_pems[:1]
        certificate = b"".join(pem.bytes() for pem in pems)
        return (
            self._write("certificate.pem", certificate),
            self._write("key.pem", _encrypted(leaf.private_key_pem.bytes(), passphrase)),
        )

    def self_signed(self, name: str, *, subject: Name | None = None) -> tuple[str, str]:
        """Make a certificate that vouches for itself; return its file and its key's."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = subject or Name([NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            CertificateBuilder(subject, subject, key.public_key(), random_serial_number())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + DAY)
            .add_extension(SubjectAlternativeName([DNSName(name)]), critical=False)
            .sign(key, SHA256())
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return (
            self._write("self_signed.pem", certificate.public_bytes(Encoding.PEM)),
            self._write("self_signed_key.pem", private),
        )

    def keystore(self, name: str, passphrase: str) -> str:
        """Issue a certificate and write it and its key as PKCS#12."""
        leaf = self.ca.issue_cert(name)
        content = pkcs12.serialize_key_and_certificates(
            b"client",
            load_pem_private_key(leaf.private_key_pem.bytes(), None),  # type: ignore[arg-type]
            load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes()),
            None,
            BestAvailableEncryption(passphrase.encode()),
        )
        return self._write("keystore.p12", content)

    def _write(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)


def _encrypted(key: bytes, passphrase: str | None) -> bytes:
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return load_pem_private_key(key, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, encryption
    )
