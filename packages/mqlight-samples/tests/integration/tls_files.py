"""Files of certificates and keys, of an authority, of servers and of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import load_pem_x509_certificate

from mqlight_security import ServerTls

if TYPE_CHECKING:
    from pathlib import Path

PASSPHRASE: Final = "open sesame"


class TlsFiles:
    """What the TLS options of the programs and of the server name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.trust = self._write("trust", self._authority.cert_pem.bytes())
        client = self._authority.issue_cert("client.example.org")
        pem = client.private_key_pem.bytes()
        key = load_pem_private_key(pem, None)
        sealed = BestAvailableEncryption(PASSPHRASE.encode())
        self.certificate = self._write("certificate", client.cert_chain_pems[0].bytes())
        self.key = self._write("key", pem)
        self.sealed_key = self._write(
            "sealed_key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
        )
        self.keystore = self._write(
            "keystore",
            pkcs12.serialize_key_and_certificates(
                b"client",
                key,  # type: ignore[arg-type]
                load_pem_x509_certificate(client.cert_chain_pems[0].bytes()),
                None,
                sealed,
            ),
        )
        self.passphrase_file = self._write("passphrase", f"{PASSPHRASE}\n".encode())

    def server(self, name: str) -> ServerTls:
        """Certify a server of this name, which demands a certificate of its clients."""
        issued = self._authority.issue_cert(name)
        chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
        return ServerTls(
            certificate=self._write(f"{name}-certificate", chain),
            key=self._write(f"{name}-key", issued.private_key_pem.bytes()),
            client_trust=self.trust,
            client_required=True,
        )

    def _write(self, name: str, content: bytes) -> str:
        file = self._folder / name
        file.write_bytes(content)
        return str(file)
