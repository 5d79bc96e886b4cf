"""The server behind TLS: its clients, and what comes to its port that is none."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from authority import PASSPHRASE, Authority

import mqlight
from mqlight_devserver import DevServer
from mqlight_security import ServerTls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Make = Callable[..., Any]

USERS = {"ann": "secret"}


@pytest.fixture
def secure(authority: Authority, clients: Authority) -> Iterator[DevServer]:
    """A server with users, which also takes client certificates."""
    certificate, key = authority.issue("127.0.0.1")
    tls = ServerTls(certificate=certificate, key=key, client_trust=clients.trust())
    with DevServer(tls=tls, users=USERS) as running:
        yield running


def identity(clients: Authority) -> dict[str, str]:
    names = ("ssl_client_certificate", "ssl_client_key")
    return dict(zip(names, clients.issue("teapot"), strict=True))


def test_a_user_with_the_password_is_let_in(
    secure: DevServer, authority: Authority, program: Make
) -> None:
    options = {"ssl_trust_certificate": authority.trust(), "user": "ann", "password": "secret"}
    one = program(secure.url, security_options=options)
    one.wait_named("on_started")


def test_a_client_with_a_certificate_is_let_in_without_a_password(
    secure: DevServer,
    authority: Authority,
    clients: Authority,
    program: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        options = {"ssl_trust_certificate": authority.trust(), **identity(clients)}
        one = program(secure.url, security_options=options)
        one.wait_named("on_started")
    assert "certificate of 'teapot'" in caplog.text


def test_who_has_neither_is_turned_away(
    secure: DevServer, authority: Authority, program: Make
) -> None:
    one = program(secure.url, security_options={"ssl_trust_certificate": authority.trust()})
    assert "the server does not offer ANONYMOUS" in str(one.wait_state("stopped"))


def test_a_certificate_that_is_not_trusted_is_logged_with_what_openssl_says(
    secure: DevServer, authority: Authority, program: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mqlight_devserver")
    options = {"ssl_trust_certificate": authority.trust(), **identity(authority)}
    one = program(secure.url, security_options=options)
    one.wait_state("stopped")
    secure.stop()
    (line,) = [r.getMessage() for r in caplog.records if r.name.startswith("mqlight_devserver")]
    why = "self.signed certificate in certificate chain"
    said = "refused: the TLS handshake failed: the client's certificate is refused"
    assert re.fullmatch(rf"127\.0\.0\.1:\d+: {said}: {why}", line)


def test_what_is_not_tls_is_turned_away_and_others_are_served(
    secure: DevServer,
    authority: Authority,
    clients: Authority,
    program: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    address = ("127.0.0.1", secure.port)
    with socket.create_connection(address), socket.create_connection(address) as half:
        half.sendall(b"\x16\x03\x01\x02\x00\x01")  # the rest never comes
        for said in (b"AMQP\x03\x01\x00\x00", b"GET / HTTP/1.1\r\n\r\n", bytes(100)):
            with socket.create_connection(address) as stranger:
                stranger.settimeout(20)
                stranger.sendall(said)
                with contextlib.suppress(ConnectionResetError):  # turned away is turned away
                    while stranger.recv(1000):
                        pass
        options = {"ssl_trust_certificate": authority.trust(), **identity(clients)}
        one = program(secure.url, security_options=options)
        one.wait_named("on_started")
    assert "what the client says is not TLS" in caplog.text
    assert "what the client says is HTTP without TLS" in caplog.text


def test_a_client_is_told_of_the_end_of_tls(secure: DevServer, authority: Authority) -> None:
    context = ssl.create_default_context(cafile=authority.trust())
    with (
        socket.create_connection(("127.0.0.1", secure.port), 20) as plain,
        context.wrap_socket(
            plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False
        ) as client,
    ):
        client.sendall(b"this is not AMQP")
        while client.recv(1000):
            pass


def test_a_key_that_can_not_be_read_is_an_error_of_the_start(authority: Authority) -> None:
    certificate, key = authority.issue("127.0.0.1", passphrase=PASSPHRASE)
    server = DevServer(tls=ServerTls(certificate=certificate, key=key, key_passphrase="wrong"))
    with pytest.raises(mqlight.SecurityError, match="cannot be decrypted with key_passphrase"):
        server.start()


def test_the_command_serves_tls_and_reads_secrets_from_files(
    authority: Authority, tmp_path: Path, program: Make
) -> None:
    certificate, key = authority.issue("127.0.0.1", passphrase=PASSPHRASE)
    passphrase, users = tmp_path / "passphrase", tmp_path / "users"
    passphrase.write_text(f"{PASSPHRASE}\n", "utf-8")
    users.write_text("ann:secret\n", "utf-8")
    command = [sys.executable, "-m", "mqlight_devserver", "--port", "0"]
    command += ["--tls-certificate", certificate, "--tls-key", key]
    command += ["--tls-key-passphrase-file", str(passphrase), "--users-file", str(users)]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            *_, url = process.stdout.readline().split()
            assert url.startswith("amqps://127.0.0.1:")
            options = {"ssl_trust_certificate": authority.trust()}
            one = program(url.replace("//", "//ann:secret@"), security_options=options)
            one.wait_named("on_started")
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("host", "users", "warned"),
    [
        ("127.0.0.1", {}, False),
        ("0.0.0.0", {}, True),  # noqa: S104 - that is what is warned of
        ("0.0.0.0", USERS, True),  # noqa: S104
    ],
)
def test_a_server_that_others_can_reach_warns_of_what_it_is_without(
    host: str, users: dict[str, str], caplog: pytest.LogCaptureFixture, *, warned: bool
) -> None:
    server = DevServer(host, users=users)
    with server:
        pass
    said = "without TLS" if users else "without TLS and without users"
    assert (said in caplog.text) is warned


def test_required_certificates_are_as_good_as_users(
    authority: Authority, clients: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = authority.issue("127.0.0.1")
    pair = {"certificate": certificate, "key": key, "client_trust": clients.trust()}
    for required in (True, False):
        with DevServer("0.0.0.0", tls=ServerTls(**pair, client_required=required)):  # noqa: S104
            pass
        assert ("without users" in caplog.text) is not required


def test_with_tls_and_users_there_is_no_warning(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = authority.issue("127.0.0.1")
    with DevServer("0.0.0.0", tls=ServerTls(certificate=certificate, key=key), users=USERS):  # noqa: S104
        pass
    assert "without" not in caplog.text
