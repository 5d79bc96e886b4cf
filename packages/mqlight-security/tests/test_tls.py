from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from certificates import connect, weak_identity
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from mqlight_core import SecurityError
from mqlight_security import client_context, security_options
from mqlight_security.files import LARGEST_FILE

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
    return str(caught.value)


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
        f"ssl_trust_certificate {files.text!r} holds no certificate, "
        "neither in PEM format nor in DER"
    )


def test_a_certificate_file_without_certificates_is_refused(files: Files) -> None:
    message = refusal_of(ssl_client_certificate=files.key, ssl_client_key=files.key)
    assert message == (
        f"ssl_client_certificate {files.key!r} holds a private key and no certificate"
    )


@pytest.mark.parametrize(
    ("key", "passphrase", "reason"),
    [
        ("other_key", None, "the key is not the one of that certificate"),
        ("rsa_key", None, "the key is not the one of that certificate"),
        ("text", None, "the file holds no valid private key in PEM format"),
        ("certificate", None, "the file holds a certificate and no private key in PEM format"),
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


def test_a_file_that_has_become_a_pipe_since_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "trust.pem"
    path.touch()
    options = security_options({"ssl_trust_certificate": path})
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SecurityError) as caught:
        client_context(options)
    assert str(caught.value) == f"ssl_trust_certificate {str(path)!r} is not a regular file"


def test_a_client_certificate_may_be_der(files: Files, tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.der"
    pem = Path(files.certificate).read_text("ascii")
    certificate.write_bytes(ssl.PEM_cert_to_DER_cert(pem))
    context_of(ssl_client_certificate=certificate, ssl_client_key=files.key)


def test_a_certificate_may_be_in_the_file_of_its_key(files: Files, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(Path(files.key).read_bytes() + Path(files.certificate).read_bytes())
    context_of(ssl_client_certificate=both, ssl_client_key=both)


def test_a_key_in_der_is_refused(files: Files, tmp_path: Path) -> None:
    key = tmp_path / "key.der"
    loaded = load_pem_private_key(Path(files.key).read_bytes(), None)
    key.write_bytes(loaded.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    message = refusal_of(ssl_client_certificate=files.certificate, ssl_client_key=key)
    assert message.endswith("the file holds no valid private key in PEM format")


def test_a_damaged_certificate_is_not_put_down_to_the_key(files: Files, tmp_path: Path) -> None:
    good = Path(files.certificate).read_text("ascii")
    ec_public_key = bytes.fromhex("06072a8648ce3d0201")
    damaged = ssl.PEM_cert_to_DER_cert(good).replace(ec_public_key, b"\5" + ec_public_key[1:])
    chain = tmp_path / "chain.pem"
    chain.write_text(good + ssl.DER_cert_to_PEM_cert(damaged), "ascii")
    message = refusal_of(ssl_client_certificate=chain, ssl_client_key=files.key)
    assert message == f"ssl_client_certificate {str(chain)!r} holds a certificate that is damaged"


def test_a_weak_certificate_is_not_put_down_to_the_key(tmp_path: Path) -> None:
    key, certificate = weak_identity()
    both = tmp_path / "both.pem"
    both.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    message = refusal_of(ssl_client_certificate=both, ssl_client_key=both)
    assert message == (
        f"ssl_client_certificate {str(both)!r} holds a certificate that cannot be used: "
        "ee key too small"
    )


def test_a_trust_certificate_may_be_der(
    authority: trustme.CA, server: ssl.SSLContext, tmp_path: Path
) -> None:
    trust = tmp_path / "trust.der"
    trust.write_bytes(ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode()))
    connect(context_of(ssl_trust_certificate=trust), server)


def test_a_bundle_is_trusted_as_a_whole_with_text_around(
    files: Files, server: ssl.SSLContext, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    other = trustme.CA().cert_pem.bytes()
    ours = Path(files.authority).read_bytes()
    bundle.write_bytes(b"# some\n" + other + b"\r\nours:\n" + ours + b"end\n")
    connect(context_of(ssl_trust_certificate=bundle), server)


def test_what_the_file_holds_is_trusted_also_if_it_is_no_root(tmp_path: Path) -> None:
    between = trustme.CA().create_child_ca()
    trust = tmp_path / "between.pem"
    between.cert_pem.write_to_path(str(trust))
    asked = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    between.issue_cert("localhost").configure_cert(asked)
    connect(context_of(ssl_trust_certificate=trust), asked)


def test_without_the_check_of_the_name_the_chain_is_still_verified(
    files: Files, server: ssl.SSLContext, tmp_path: Path
) -> None:
    lax = {"ssl_verify_name": False}
    connect(context_of(ssl_trust_certificate=files.authority, **lax), server, "elsewhere.example")
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        connect(context_of(ssl_trust_certificate=other, **lax), server)


@pytest.mark.parametrize(
    ("since", "until", "reason"),
    [
        (-2, -1, "holds a certificate that has expired: it was valid until 20"),
        (1, 2, "holds a certificate that is not valid yet: it is from 20"),
    ],
)
def test_a_certificate_that_is_not_valid_now_is_not_used(
    since: int, until: int, reason: str, authority: trustme.CA, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    leaf = authority.issue_cert(
        "client", not_before=now + timedelta(since), not_after=now + timedelta(until)
    )
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    leaf.cert_chain_pems[0].write_to_path(str(certificate))
    leaf.private_key_pem.write_to_path(str(key))
    message = refusal_of(ssl_client_certificate=certificate, ssl_client_key=key)
    assert message.startswith(f"ssl_client_certificate {str(certificate)!r} {reason}")
    message = refusal_of(ssl_trust_certificate=certificate)
    assert message.startswith(f"ssl_trust_certificate {str(certificate)!r} {reason}")


def test_an_expired_authority_beside_others_does_no_harm(
    files: Files, authority: trustme.CA, server: ssl.SSLContext, tmp_path: Path
) -> None:
    past = datetime.now(UTC) - timedelta(1)
    expired = authority.issue_cert("x", not_before=past - timedelta(1), not_after=past)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(expired.cert_chain_pems[0].bytes() + Path(files.authority).read_bytes())
    connect(context_of(ssl_trust_certificate=bundle), server)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"x" * (LARGEST_FILE + 1), f"is larger than {LARGEST_FILE} bytes"),
        (b"\0\xff" * 100, "holds no certificate, neither in PEM format nor in DER"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "holds no valid certificate in PEM format: number 1 is damaged",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\n",
            "holds no valid certificate in PEM format: number 1 is damaged",
        ),
    ],
)
def test_a_file_that_is_no_certificate_says_why(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "trust.pem"
    path.write_bytes(content)
    assert refusal_of(ssl_trust_certificate=path) == f"ssl_trust_certificate {str(path)!r} {reason}"
