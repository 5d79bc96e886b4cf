from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from mqlight_core import SecurityError
from mqlight_security import client_context, security_options

if TYPE_CHECKING:
    from pathlib import Path

PASSPHRASE = "open sesame"


@dataclass(frozen=True)
class Files:
    """An authority's certificate, and a client's certificate with its key in several forms."""

    authority: str
    certificate: str
    key: str
    encrypted_key: str
    old_encrypted_key: str
    rsa_key: str
    other_key: str
    text: str


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("pem")

    def write(name: str, data: bytes) -> str:
        path = folder / name
        path.write_bytes(data)
        return str(path)

    def encrypted(form: PrivateFormat) -> bytes:
        return load_pem_private_key(key, None).private_bytes(
            Encoding.PEM, form, BestAvailableEncryption(PASSPHRASE.encode())
        )

    identity = authority.issue_cert("client")
    key = identity.private_key_pem.bytes()
    rsa = authority.issue_cert("client", key_type=trustme.KeyType.RSA)
    return Files(
        authority=write("authority.pem", authority.cert_pem.bytes()),
        certificate=write(
            "certificate.pem", b"".join(blob.bytes() for blob in identity.cert_chain_pems)
        ),
        key=write("key.pem", key),
        encrypted_key=write("encrypted.pem", encrypted(PrivateFormat.PKCS8)),
        old_encrypted_key=write("old.pem", encrypted(PrivateFormat.TraditionalOpenSSL)),
        rsa_key=write("rsa.pem", rsa.private_key_pem.bytes()),
        other_key=write("other.pem", authority.issue_cert("x").private_key_pem.bytes()),
        text=write("text.pem", b"not PEM\n"),
    )


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def context_of(**options: object) -> ssl.SSLContext:
    return client_context(security_options(options))


def refusal_of(**options: object) -> str:
    with pytest.raises(SecurityError) as caught:
        context_of(**options)
    assert caught.value.__cause__ is not None
    return str(caught.value)


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


def test_a_server_of_a_trusted_authority_is_accepted(files: Files, server: ssl.SSLContext) -> None:
    connected = connect(context_of(ssl_trust_certificate=files.authority), server)
    assert connected.version() in {"TLSv1.2", "TLSv1.3"}


def test_a_server_of_another_authority_is_rejected(tmp_path: Path, server: ssl.SSLContext) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(context_of(ssl_trust_certificate=str(other)), server)


@pytest.mark.parametrize("options", [{}, {"ssl_verify_name": False}])
def test_without_a_trust_certificate_the_server_is_still_verified(
    options: dict[str, object], server: ssl.SSLContext
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(context_of(**options), server)


def test_without_a_trust_certificate_the_systems_store_is_trusted(
    files: Files, server: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, files.authority)
    connect(context_of(), server)


def test_a_trust_certificate_replaces_the_systems_store(
    files: Files, server: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, files.authority)
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(context_of(ssl_trust_certificate=str(other)), server)


def test_a_trust_certificate_may_be_a_bundle(
    authority: trustme.CA, server: ssl.SSLContext, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(
        b"# two authorities\n" + trustme.CA().cert_pem.bytes() + authority.cert_pem.bytes()
    )
    connect(context_of(ssl_trust_certificate=str(bundle)), server)


def test_the_servers_name_is_checked(files: Files, server: ssl.SSLContext) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="elsewhere"):
        connect(context_of(ssl_trust_certificate=files.authority), server, "elsewhere")


def test_the_name_check_can_be_switched_off(files: Files, server: ssl.SSLContext) -> None:
    context = context_of(ssl_trust_certificate=files.authority, ssl_verify_name=False)
    connect(context, server, "elsewhere")


def test_nothing_older_than_tls_1_2_is_spoken() -> None:
    assert context_of().minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("key", "passphrase"),
    [
        ("key", None),
        ("key", ""),
        ("key", PASSPHRASE),
        ("encrypted_key", PASSPHRASE),
        ("old_encrypted_key", PASSPHRASE),
    ],
)
def test_a_client_shows_its_certificate(
    key: str, passphrase: str | None, files: Files, authority: trustme.CA
) -> None:
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    asking.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(asking)
    authority.issue_cert("localhost").configure_cert(asking)
    context = context_of(
        ssl_trust_certificate=files.authority,
        ssl_client_certificate=files.certificate,
        ssl_client_key=getattr(files, key),
        ssl_client_key_passphrase=passphrase,
    )
    certificate = connect(context, asking).getpeercert()
    assert certificate is not None
    assert ("DNS", "client") in certificate["subjectAltName"]


def test_a_trust_file_without_certificates_is_refused(files: Files) -> None:
    message = refusal_of(ssl_trust_certificate=files.text)
    assert message == (
        f"ssl_trust_certificate {files.text!r} holds no valid certificate in PEM format"
    )


def test_a_certificate_file_without_certificates_is_refused(files: Files) -> None:
    message = refusal_of(ssl_client_certificate=files.key, ssl_client_key=files.key)
    assert message == (
        f"ssl_client_certificate {files.key!r} holds no valid certificate in PEM format"
    )


@pytest.mark.parametrize(
    ("key", "passphrase", "reason"),
    [
        ("other_key", None, "the key is not the one of that certificate"),
        ("rsa_key", None, "the key is not the one of that certificate"),
        ("text", None, "the file holds no valid private key in PEM format"),
        ("certificate", None, "the file holds no valid private key in PEM format"),
        (
            "encrypted_key",
            None,
            "the key is encrypted, and ssl_client_key_passphrase is not given",
        ),
        ("encrypted_key", "", "the key is encrypted, and ssl_client_key_passphrase is not given"),
        ("encrypted_key", "wrong", "the key cannot be decrypted with ssl_client_key_passphrase"),
        (
            "encrypted_key",
            "x" * 1025,
            "ssl_client_key_passphrase is longer than the 1024 bytes that are possible",
        ),
    ],
)
def test_a_key_that_cannot_be_used_is_explained(
    key: str, passphrase: str | None, reason: str, files: Files
) -> None:
    path = getattr(files, key)
    message = refusal_of(
        ssl_client_certificate=files.certificate,
        ssl_client_key=path,
        ssl_client_key_passphrase=passphrase,
    )
    assert message == (
        f"ssl_client_key {path!r} cannot be loaded for "
        f"ssl_client_certificate {files.certificate!r}: {reason}"
    )


@pytest.mark.parametrize(
    "gone", ["ssl_trust_certificate", "ssl_client_certificate", "ssl_client_key"]
)
def test_a_file_that_has_gone_since_is_named(gone: str, files: Files, tmp_path: Path) -> None:
    path = tmp_path / "gone.pem"
    path.touch()
    options = security_options(
        {
            "ssl_trust_certificate": files.authority,
            "ssl_client_certificate": files.certificate,
            "ssl_client_key": files.key,
            gone: str(path),
        }
    )
    path.unlink()
    with pytest.raises(SecurityError, match="No such file or directory") as caught:
        client_context(options)
    assert str(caught.value).startswith(f"{gone} {str(path)!r} cannot be ")
