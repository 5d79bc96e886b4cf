from __future__ import annotations

import ssl
import sys
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from certificates import connect, keystore, weak_identity
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from cryptography.x509 import load_pem_x509_certificate

from mqlight_core import InvalidArgumentError, SecurityError
from mqlight_security import client_context, security_options

PASSPHRASE = "open sesame"
# With a key on the curve secp160r1, and without any encryption; made by openssl 3.
UNSUPPORTED = (
    "MIICfQIBAzCCAnYGCSqGSIb3DQEHAaCCAmcEggJjMIICXzCCAagGCSqGSIb3DQEHAaCCAZkEggGVMIIBkTCCAY0G"
    "CyqGSIb3DQEMCgEDoIIBVTCCAVEGCiqGSIb3DQEJFgGgggFBBIIBPTCCATkwgfigAwIBAgIUQ9sQybzsvcJtx33R"
    "+Bkqg595+u0wCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBZTAeFw0yNjExMjYwMDA3MzVaFw0yNjExMjcwMDA3MzVa"
    "MAwxCjAIBgNVBAMMAWUwPjAQBgcqhkjOPQIBBgUrgQQACAMqAAR/zCKKQa1UAOWa03Y6lPgufGa6Hp2ra/BWFu73"
    "1NOZkMetQXBkZ7plo1MwUTAdBgNVHQ4EFgQUc7490HU+YRhdppqRqeHCY9Lw8owwHwYDVR0jBBgwFoAUc7490HU+"
    "YRhdppqRqeHCY9Lw8owwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgMwADAtAhUAkS0iOj4hSC3gjtNIjDm6"
    "HgNkx68CFGCwUPjAj5kHepTGioI+9/k8tcUvMSUwIwYJKoZIhvcNAQkVMRYEFHMf5q6tdFLAHpFXUW3UV5dub2lx"
    "MIGwBgkqhkiG9w0BBwGggaIEgZ8wgZwwgZkGCyqGSIb3DQEMCgEBoGMwYQIBADAQBgcqhkjOPQIBBgUrgQQACARK"
    "MEgCAQEEFQCntmo5PgHmDm+OxX7PqEIO8pPfzaEsAyoABH/MIopBrVQA5ZrTdjqU+C58Zroenatr8FYW7vfU05mQ"
    "x61BcGRnumUxJTAjBgkqhkiG9w0BCRUxFgQUcx/mrq10UsAekVdRbdRXl25vaXE="
)
# With an ordinary key, and without anything that would notice a change.
UNPROTECTED = (
    "MIIC2QIBAzCCAtIGCSqGSIb3DQEHAaCCAsMEggK/MIICuzCCAdwGCSqGSIb3DQEHAaCCAc0EggHJMIIBxTCCAcEG"
    "CyqGSIb3DQEMCgEDoIIBiTCCAYUGCiqGSIb3DQEJFgGgggF1BIIBcTCCAW0wggEToAMCAQICFC8zFtUzKzJRCbx/"
    "DWr9V/6L2+cMMAoGCCqGSM49BAMCMAwxCjAIBgNVBAMMAWUwHhcNMjYxMTI2MDExNjMxWhcNMjYxMTI3MDExNjMx"
    "WjAMMQowCAYDVQQDDAFlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHQ6QhWVDLHsZNbVf9W1SRAyap/ukPnfX"
    "gcnjs9Pnctv5Lr4LidUhK5x7junq7PTp4Tn4kpsHVevXj5V9ixLGJ6NTMFEwHQYDVR0OBBYEFIFwzXrTkARz4o31"
    "+LqYX2i25yHlMB8GA1UdIwQYMBaAFIFwzXrTkARz4o31+LqYX2i25yHlMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZI"
    "zj0EAwIDSAAwRQIgNXcpe59oXExNunOhd/84ow/ptuAR6tXTnalkBJFJUawCIQC0V+Yz9vpk1a5utB5EscDMeaFk"
    "HmKt8zXlk6P6B9ibUDElMCMGCSqGSIb3DQEJFTEWBBTTZ8YiLClxMFDNT9dNtp2K/A2B+TCB2AYJKoZIhvcNAQcB"
    "oIHKBIHHMIHEMIHBBgsqhkiG9w0BDAoBAaCBijCBhwIBADATBgcqhkjOPQIBBggqhkjOPQMBBwRtMGsCAQEEIL1a"
    "aiAWnJcuJNZyhL/wuG83lIIDW1Rh+IbyMP/VzPQRoUQDQgAEHQ6QhWVDLHsZNbVf9W1SRAyap/ukPnfXgcnjs9Pn"
    "ctv5Lr4LidUhK5x7junq7PTp4Tn4kpsHVevXj5V9ixLGJzElMCMGCSqGSIb3DQEJFTEWBBTTZ8YiLClxMFDNT9dN"
    "tp2K/A2B+Q=="
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def asking(authority: trustme.CA) -> ssl.SSLContext:
    """A server that insists on a client certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "trust.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def written(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def context_of(**options: object) -> ssl.SSLContext:
    return client_context(security_options(options))


def refusal_of(**options: object) -> str:
    with pytest.raises(SecurityError) as caught:
        context_of(**options)
    return str(caught.value)


@pytest.mark.parametrize("passphrase", [PASSPHRASE, "pässwörd", None])
def test_a_client_shows_the_certificate_of_its_keystore(
    passphrase: str | None,
    authority: trustme.CA,
    asking: ssl.SSLContext,
    trust: str,
    tmp_path: Path,
) -> None:
    leaf = authority.create_child_ca().issue_cert("client")
    context = context_of(
        ssl_trust_certificate=trust,
        ssl_keystore=written(tmp_path / "client.p12", keystore(leaf, passphrase)),
        ssl_keystore_passphrase=passphrase,
    )
    certificate = connect(context, asking).getpeercert()
    assert certificate is not None
    assert ("DNS", "client") in certificate["subjectAltName"]


def test_what_comes_with_a_keystore_is_not_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    between = authority.create_child_ca()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    between.issue_cert("localhost").configure_cert(server)
    path = written(tmp_path / "client.p12", keystore(between.issue_cert("client"), PASSPHRASE))
    context = context_of(ssl_keystore=path, ssl_keystore_passphrase=PASSPHRASE)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(context, server)


def test_the_key_is_never_in_clear_in_a_file(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    load = ssl.SSLContext.load_cert_chain

    def look(context: ssl.SSLContext, path: str, *rest: str, **named: str) -> None:
        loaded.append(Path(path).read_bytes())
        load(context, path, *rest, **named)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", look)
    path = written(tmp_path / "client.p12", keystore(authority.issue_cert("client"), PASSPHRASE))
    context_of(ssl_keystore=path, ssl_keystore_passphrase=PASSPHRASE)
    (content,) = loaded
    assert b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in content
    assert b"-----BEGIN PRIVATE KEY-----" not in content
    assert [left.name for left in tmp_path.iterdir()] == ["client.p12"]


@pytest.mark.parametrize(
    ("passphrase", "reason"),
    [
        ("wrong", "cannot be opened: ssl_keystore_passphrase is wrong, or the file is damaged"),
        (None, "cannot be opened: ssl_keystore_passphrase is not given, or the file is damaged"),
        ("", "cannot be opened: ssl_keystore_passphrase is not given, or the file is damaged"),
    ],
)
def test_a_keystore_that_does_not_open_says_why(
    passphrase: str | None, reason: str, authority: trustme.CA, tmp_path: Path
) -> None:
    path = written(tmp_path / "client.p12", keystore(authority.issue_cert("client"), PASSPHRASE))
    message = refusal_of(ssl_keystore=path, ssl_keystore_passphrase=passphrase)
    assert message.startswith(f"ssl_keystore {path!r} {reason}")


def test_a_file_that_is_no_keystore_says_so(trust: str) -> None:
    message = refusal_of(ssl_keystore=trust, ssl_keystore_passphrase=PASSPHRASE)
    assert "or the file is damaged or is no PKCS#12 keystore" in message


def test_a_keystore_of_a_kind_that_is_not_supported_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "client.p12", b64decode(UNSUPPORTED))
    message = refusal_of(ssl_keystore=path)
    assert message.startswith(f"ssl_keystore {path!r} cannot be opened: ")
    assert "supported" in message


def test_a_keystore_with_a_certificate_of_an_unknown_version_says_so(tmp_path: Path) -> None:
    third, unknown = bytes.fromhex("a003020102"), bytes.fromhex("a003020157")
    content = b64decode(UNPROTECTED).replace(third, unknown)
    path = written(tmp_path / "client.p12", content)
    message = refusal_of(ssl_keystore=path)
    assert message == f"ssl_keystore {path!r} cannot be opened: 87 is not a valid X509 version"


def test_a_keystore_without_a_key_says_so(authority: trustme.CA, tmp_path: Path) -> None:
    leaf = load_pem_x509_certificate(authority.issue_cert("client").cert_chain_pems[0].bytes())
    content = pkcs12.serialize_key_and_certificates(b"x", None, None, [leaf], NoEncryption())
    path = written(tmp_path / "client.p12", content)
    message = refusal_of(ssl_keystore=path)
    assert message == f"ssl_keystore {path!r} holds no private key with its certificate"


def test_a_keystore_whose_key_is_too_weak_says_so(tmp_path: Path) -> None:
    key, certificate = weak_identity()
    content = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, NoEncryption())
    path = written(tmp_path / "client.p12", content)
    message = refusal_of(ssl_keystore=path)
    assert message == f"ssl_keystore {path!r} cannot be loaded: ee key too small"


def test_an_expired_certificate_in_a_keystore_is_not_used(
    authority: trustme.CA, tmp_path: Path
) -> None:
    past = datetime.now(UTC) - timedelta(1)
    leaf = authority.issue_cert("client", not_before=past - timedelta(1), not_after=past)
    path = written(tmp_path / "client.p12", keystore(leaf, PASSPHRASE))
    message = refusal_of(ssl_keystore=path, ssl_keystore_passphrase=PASSPHRASE)
    assert message.startswith(f"ssl_keystore {path!r} holds a certificate that has expired: ")


def test_without_cryptography_a_keystore_is_refused_at_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    path = written(tmp_path / "client.p12", b"x")
    with pytest.raises(InvalidArgumentError, match=r"comes with mqlight-security\[pkcs12\]"):
        security_options({"ssl_keystore": path})
