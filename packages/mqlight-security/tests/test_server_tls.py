from __future__ import annotations

import copy
import pickle
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from certificates import connect

from mqlight_core import SecurityError
from mqlight_security import ServerTls, client_context, security_options, server_context

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def written(folder: Path, leaf: trustme.LeafCert) -> tuple[str, str]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(str(key))
    return str(certificate), str(key)


@pytest.fixture
def tls(authority: trustme.CA, tmp_path: Path) -> ServerTls:
    certificate, key = written(tmp_path, authority.issue_cert("localhost"))
    return ServerTls(certificate=certificate, key=key)


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "trust.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def test_a_client_and_a_server_agree(tls: ServerTls, trust: str) -> None:
    client = client_context(security_options({"ssl_trust_certificate": trust}))
    assert connect(client, server_context(tls)).version() == "TLSv1.3"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_a_client_of_before_tls_1_2_is_turned_away(
    version: ssl.TLSVersion, tls: ServerTls, trust: str
) -> None:
    old = client_context(security_options({"ssl_trust_certificate": trust}))
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = old.maximum_version = version
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol"):
        connect(old, server_context(tls))


def asking(tls: ServerTls, trust: str, *, required: bool) -> ssl.SSLContext:
    return server_context(
        ServerTls(
            certificate=tls.certificate,
            key=tls.key,
            client_trust=trust,
            client_required=required,
        )
    )


@pytest.mark.parametrize("required", [True, False])
def test_the_certificate_of_a_client_is_known(
    authority: trustme.CA, tls: ServerTls, trust: str, tmp_path: Path, *, required: bool
) -> None:
    folder = tmp_path / "client"
    folder.mkdir()
    certificate, key = written(folder, authority.issue_cert("ann"))
    options = security_options(
        {
            "ssl_trust_certificate": trust,
            "ssl_client_certificate": certificate,
            "ssl_client_key": key,
        }
    )
    seen = connect(client_context(options), asking(tls, trust, required=required)).getpeercert()
    assert seen is not None
    assert ("DNS", "ann") in seen["subjectAltName"]


def test_a_client_without_a_certificate_is_let_in_where_none_is_required(
    tls: ServerTls, trust: str
) -> None:
    client = client_context(security_options({"ssl_trust_certificate": trust}))
    assert connect(client, asking(tls, trust, required=False)).getpeercert() is None
    with pytest.raises(ssl.SSLError, match=r"(?i)did not return a certificate"):
        connect(client, asking(tls, trust, required=True))


def test_a_file_that_cannot_be_used_is_named_with_its_field(tls: ServerTls, trust: str) -> None:
    with pytest.raises(SecurityError, match=r"^certificate '.*' holds a private key and no"):
        server_context(ServerTls(certificate=tls.key, key=tls.key))
    with pytest.raises(SecurityError, match=r"^key '.*' cannot be loaded for certificate '"):
        server_context(ServerTls(certificate=tls.certificate, key=trust))
    with pytest.raises(SecurityError, match=r"^client_trust '.*' holds a private key and no"):
        asking(tls, tls.key, required=False)


def test_to_require_what_nobody_vouches_for_is_an_error(tls: ServerTls) -> None:
    with pytest.raises(ValueError, match="client_required needs client_trust"):
        server_context(ServerTls(certificate=tls.certificate, key=tls.key, client_required=True))


def test_the_passphrase_is_not_shown_and_not_pickled() -> None:
    tls = ServerTls(certificate="c", key="k", key_passphrase="S3CRET")
    assert "S3CRET" not in f"{tls!r} {tls}"
    assert copy.deepcopy(tls) is copy.copy(tls) is tls
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(tls)
