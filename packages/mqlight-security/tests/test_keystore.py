from __future__ import annotations

import os
import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from certificates import connect, keystore

from mqlight_core import InvalidArgumentError, SecurityError
from mqlight_security import client_context, security_options

PASSPHRASE = "open sesame"


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
@pytest.mark.parametrize("memory_files", [True, False])
def test_a_client_shows_the_certificate_of_its_keystore(  # noqa: PLR0913, PLR0917 - fixtures and parameters
    passphrase: str | None,
    authority: trustme.CA,
    asking: ssl.SSLContext,
    trust: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    memory_files: bool,
) -> None:
    if not memory_files:
        monkeypatch.delattr(os, "memfd_create", raising=False)
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
        (None, "cannot be opened, and ssl_keystore_passphrase is not given"),
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
