"""Handshakes with a TLS server that is not Python's: `openssl s_server`.

It is skipped without the program, or fails if the environment variable MQLIGHT_REQUIRE_PEERS is 1.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from authority import DAY, PASSPHRASE, Authority
from conversation import converse, converse_on_a_loop
from openssl_server import OpensslServer

import mqlight

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mqlight_devserver import DevServer

Make: TypeAlias = "Callable[..., Any]"
Converse: TypeAlias = "Callable[..., BaseException | None]"

VERSIONS = ["-tls1_2", "-tls1_3"]


@pytest.fixture
def openssl() -> str:
    found = shutil.which("openssl")
    if found is None:
        reason = "handshakes with a server of others' need the program openssl, which is not here"
        if os.environ.get("MQLIGHT_REQUIRE_PEERS") == "1":
            pytest.fail(f"{reason}, and MQLIGHT_REQUIRE_PEERS is 1", pytrace=False)
        pytest.skip(reason)
    return found


@pytest.fixture
def serve(openssl: str, server: DevServer) -> Callable[..., OpensslServer]:
    """Start a server with these arguments, behind which are the topics of the devserver."""
    return lambda *arguments: OpensslServer(openssl, server.port, *arguments)


@pytest.fixture(params=["callbacks", "asyncio"])
def talk(request: pytest.FixtureRequest, program: Make) -> Converse:
    """Let a client of one kind send itself a message."""
    if request.param == "asyncio":
        return converse_on_a_loop
    return lambda *arguments: converse(program, *arguments)


@pytest.fixture
def trust(authority: Authority) -> dict[str, Any]:
    return {"ssl_trust_certificate": authority.trust()}


def identity(authority: Authority, *names: str, **how: Any) -> list[str]:
    """Arguments with a certificate for the server."""
    certificate, key = authority.issue(*names, **how)
    return ["-cert", certificate, "-key", key]


def client_identity(authority: Authority, **how: Any) -> dict[str, str]:
    names = ("ssl_client_certificate", "ssl_client_key")
    return dict(zip(names, authority.issue("client", **how), strict=True))


def asking(clients: Authority) -> list[str]:
    """Arguments by which the server insists on a client certificate."""
    return ["-Verify", "1", "-verify_return_error", "-CAfile", clients.trust()]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-tls1_3"],
        ["-tls1_3", "-num_tickets", "0"],
        ["-tls1_3", "-num_tickets", "20"],
        ["-tls1_3", "-curves", "P-384"],  # not what the client tries first: HelloRetryRequest
        ["-tls1_2"],
        ["-tls1_2", "-no_ticket"],
        ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
        ["-max_send_frag", "512"],
    ],
    ids=" ".join,
)
def test_messages_travel_and_the_server_is_told_of_the_end(
    arguments: list[str], serve: Make, talk: Converse, authority: Authority, trust: Any
) -> None:
    with serve(*identity(authority, "localhost"), *arguments) as peer:
        assert talk(f"amqps://localhost:{peer.port}", trust) is None
        said = peer.end()
    assert ("CIPHER is TLS_" in said) is ("-tls1_2" not in arguments)
    assert "alert read:warning:close notify" in said
    assert "ERROR" not in said


@pytest.mark.parametrize(
    "key",
    [
        "rsa:2048",
        "rsa-pss -pkeyopt rsa_keygen_bits:2048",
        "ec -pkeyopt ec_paramgen_curve:P-256",
        "ec -pkeyopt ec_paramgen_curve:P-384",
        "ed25519",
        "ed448",
    ],
)
def test_every_kind_of_key_that_a_server_may_have_will_do(
    key: str, openssl: str, serve: Make, program: Make, tmp_path: Path
) -> None:
    files = str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem")
    make = [openssl, "req", "-x509", "-nodes", "-subj", "/CN=localhost", "-days", "1"]
    make += ["-addext", "subjectAltName=DNS:localhost", "-newkey", *key.split()]
    subprocess.run(  # noqa: S603 - the program that was looked up
        [*make, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True, timeout=20
    )
    with serve("-cert", files[0], "-key", files[1]) as peer:
        options = {"ssl_trust_certificate": files[0]}
        assert converse(program, f"amqps://localhost:{peer.port}", options) is None


def test_the_client_says_which_host_it_means(
    serve: Make, talk: Converse, authority: Authority, clients: Authority, trust: Any
) -> None:
    default = identity(clients, "elsewhere.example")
    certificate, key = authority.issue("localhost")
    named = ["-servername", "localhost", "-servername_fatal", "-cert2", certificate, "-key2", key]
    with serve(*default, *named) as peer:
        assert talk(f"amqps://localhost:{peer.port}", trust) is None
        said = peer.end()
    assert 'Hostname in TLS extension: "localhost"' in said


def test_a_server_that_does_not_know_the_host_is_told_in_the_error(
    serve: Make, talk: Converse, authority: Authority, trust: Any
) -> None:
    certificate, key = authority.issue("other.example")
    named = ["-servername", "other.example", "-servername_fatal", "-cert2", certificate]
    with serve(*identity(authority, "localhost"), *named, "-key2", key) as peer:
        error = talk(f"amqps://localhost:{peer.port}", trust)
    assert type(error) is mqlight.SecurityError
    assert "the server has no certificate for that host name" in str(error)


def test_an_address_is_checked_and_not_sent_as_a_name(
    serve: Make, talk: Converse, authority: Authority, clients: Authority, trust: Any
) -> None:
    certificate, key = clients.issue("never-used.example")
    named = ["-servername", "never-used.example", "-cert2", certificate, "-key2", key]
    with serve(*identity(authority, "127.0.0.1"), *named) as peer:
        assert talk(f"amqps://127.0.0.1:{peer.port}", trust) is None
        said = peer.end()
    assert "Hostname in TLS extension" not in said


def old(version: str) -> Callable[[Authority, Authority], list[str]]:
    """Return a server that has this version and none besides."""

    def arguments(authority: Authority, _other: Authority) -> list[str]:
        return [*identity(authority, "localhost"), version, "-cipher", "DEFAULT@SECLEVEL=0"]

    arguments.__name__ = version
    return arguments


def expired(authority: Authority, _: Authority) -> list[str]:
    return identity(authority, "localhost", since=-2 * DAY, until=-DAY)


def wrong_name(authority: Authority, _: Authority) -> list[str]:
    return identity(authority, "elsewhere.example")


def unknown_issuer(_: Authority, other: Authority) -> list[str]:
    return identity(other, "localhost")


def missing_intermediate(authority: Authority, _: Authority) -> list[str]:
    between = Authority(authority.folder / "between", authority.ca.create_child_ca())
    return identity(between, "localhost")  # -cert sends the first certificate of the file alone


def no_common_cipher(authority: Authority, _: Authority) -> list[str]:
    return [*identity(authority, "localhost"), "-tls1_2", "-cipher", "aNULL@SECLEVEL=0"]


REFUSED = {
    old("-tls1"): "the server has no TLS version in common, which is 1.2 or 1.3",
    old("-tls1_1"): "the server has no TLS version in common, which is 1.2 or 1.3",
    expired: "certificate has expired",
    wrong_name: "Hostname mismatch, certificate is not valid for 'localhost'",
    unknown_issuer: "unable to get local issuer certificate",
    missing_intermediate: "unable to get local issuer certificate",
    no_common_cipher: "or have no cipher in common",
}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.__name__)
def test_the_client_refuses_and_says_why(  # noqa: PLR0913, PLR0917 - fixtures
    case: Callable[[Authority, Authority], list[str]],
    serve: Make,
    talk: Converse,
    authority: Authority,
    clients: Authority,
    trust: Any,
) -> None:
    with serve(*case(authority, clients)) as peer:
        error = talk(f"amqps://localhost:{peer.port}", trust)
        said = peer.end()
    assert type(error) is mqlight.SecurityError
    start = f"amqps://localhost:{peer.port}: the TLS handshake failed: "
    assert str(error).startswith(start)
    assert REFUSED[case] in str(error)
    assert "AMQP" not in said


def test_an_intermediate_authority_whose_certificate_is_sent_will_do(
    serve: Make, talk: Converse, authority: Authority, trust: Any
) -> None:
    between = Authority(authority.folder / "between", authority.ca.create_child_ca())
    chain = ["-cert_chain", between.issue("localhost")[0]]
    with serve(*identity(between, "localhost"), *chain) as peer:
        assert talk(f"amqps://localhost:{peer.port}", trust) is None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_client_certificate_that_the_server_asks_for_is_shown(  # noqa: PLR0913, PLR0917 - fixtures
    version: str,
    passphrase: str | None,
    serve: Make,
    talk: Converse,
    authority: Authority,
    clients: Authority,
    trust: Any,
) -> None:
    options = trust | client_identity(clients, passphrase=passphrase)
    if passphrase:
        options["ssl_client_key_passphrase"] = passphrase
    with serve(*identity(authority, "localhost"), version, *asking(clients)) as peer:
        assert talk(f"amqps://localhost:{peer.port}", options) is None
        said = peer.end()
    assert "Client certificate" in said


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_without_the_certificate_that_the_server_asks_for_stops(  # noqa: PLR0913, PLR0917 - fixtures
    version: str,
    serve: Make,
    talk: Converse,
    authority: Authority,
    clients: Authority,
    trust: Any,
) -> None:
    with serve(*identity(authority, "localhost"), version, *asking(clients)) as peer:
        error = talk(f"amqps://localhost:{peer.port}", trust)
        said = peer.end()
    assert type(error) is mqlight.SecurityError
    # TLS 1.2 has one alert for this and for ciphers.
    assert re.search("the server asks for|it may ask for a client certificate", str(error))
    assert "peer did not return a certificate" in said


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_with_a_certificate_that_the_server_does_not_trust_stops(  # noqa: PLR0913, PLR0917 - fixtures
    version: str,
    serve: Make,
    talk: Converse,
    authority: Authority,
    clients: Authority,
    trust: Any,
) -> None:
    options = trust | client_identity(authority)
    with serve(*identity(authority, "localhost"), version, *asking(clients)) as peer:
        error = talk(f"amqps://localhost:{peer.port}", options)
    assert type(error) is mqlight.SecurityError
    assert "the server does not accept the client certificate" in str(error)


@pytest.mark.parametrize(
    ("version", "letter", "commanded", "done"),
    [
        ("-tls1_3", "k", "write server key update", "write server key update"),
        # The client's new key comes with what it writes next.
        ("-tls1_3", "K", "write server key update", "read client key update"),
        ("-tls1_2", "r", "(?s)(read finished.*){2}", "SSL_do_handshake -> 1"),
    ],
)
def test_new_keys_in_the_middle_of_a_conversation_do_no_harm(  # noqa: PLR0913, PLR0917 - fixtures
    version: str,
    letter: str,
    commanded: str,
    done: str,
    serve: Make,
    talk: Converse,
    authority: Authority,
    trust: Any,
) -> None:
    with serve(*identity(authority, "localhost"), version) as peer:

        def renew() -> None:
            peer.command(letter)
            peer.wait_for(commanded)

        assert talk(f"amqps://localhost:{peer.port}", trust, renew) is None
        assert done in peer.end()


def test_the_end_of_tls_without_an_end_of_amqp_is_a_lost_connection(
    serve: Make, program: Make, authority: Authority, trust: Any
) -> None:
    with serve(*identity(authority, "localhost")) as peer:
        one = program(f"amqps://localhost:{peer.port}", security_options=trust)
        one.wait_named("on_started")
        peer.command("q")
        error = one.wait_state("retrying")
    assert type(error) is mqlight.NetworkError
    assert "the server closed the connection" in str(error)
