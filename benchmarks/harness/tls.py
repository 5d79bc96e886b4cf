"""What the measurements over TLS need: certificates, and a python-qpid-proton that has TLS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme
from proton import SSL

from harness.errors import BenchmarkError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the peer's certificate and key, and the authority that clients trust."""

    certificate: Path
    key: Path
    trust: Path


def issue_certificates(folder: Path) -> Certificates:
    """Make an authority, and a certificate for the peer."""
    authority = trustme.CA()
    peer = authority.issue_cert("127.0.0.1")
    files = Certificates(folder / "certificate.pem", folder / "key.pem", folder / "trust.pem")
    peer.cert_chain_pems[0].write_to_path(files.certificate)
    peer.private_key_pem.write_to_path(files.key)
    authority.cert_pem.write_to_path(files.trust)
    return files


def check_handler() -> None:
    """See that the handler can use TLS.

    Raises:
        BenchmarkError: python-qpid-proton was compiled where OpenSSL's headers were missing.
    """
    if not SSL.present():
        message = (
            "python-qpid-proton was built without TLS, so there is nothing to compare with: "
            "install pkg-config and libssl-dev, and build it again"
        )
        raise BenchmarkError(message)
