"""Connections over TLS: a terminator with a real certificate stands before the server."""

from __future__ import annotations

import logging
import re
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aio_runner import run

import mqlight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mqlight_devserver import DevServer

    Make = Callable[..., Any]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path) -> str:
    """The file that a client trusts."""
    path = tmp_path / "trust.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def terminator(server: DevServer, authority: trustme.CA) -> Iterator[Callable[[str], str]]:
    """Make TLS fronts of the server with a certificate for a name; they tell their URL."""
    listeners: list[socket.socket] = []

    def make(name: str) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=_serve, args=(listener, context, server.port), daemon=True).start()
        return f"amqps://127.0.0.1:{listener.getsockname()[1]}"

    yield make
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _serve(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        try:
            peer = context.wrap_socket(plain, server_side=True)
        except OSError:
            plain.close()
            continue
        threading.Thread(target=_relay, args=(peer, port), daemon=True).start()


def _relay(peer: ssl.SSLSocket, port: int) -> None:
    """Pass bytes on both ways; a TLS socket can not be read and written by two threads."""
    with peer, socket.create_connection(("127.0.0.1", port)) as server:
        peer.settimeout(0.001)
        server.settimeout(0.001)
        while True:
            for source, target in ((peer, server), (server, peer)):
                try:
                    data = source.recv(65536)
                    if not data:
                        return
                    target.settimeout(10)
                    target.sendall(data)
                    target.settimeout(0.001)
                except TimeoutError:
                    continue
                except OSError:
                    return


def test_messages_travel_over_tls(
    terminator: Callable[[str], str], trust: str, program: Make
) -> None:
    url = terminator("127.0.0.1")
    one = program(url, security_options={"ssl_trust_certificate": trust})
    one.wait_named("on_started")
    assert one.client.get_service() == url
    one.subscribe("t", qos=1)
    big = "x" * 300_000
    for payload in ("small", big, "last"):
        one.send("t", payload, qos=1)
    one.wait_named("on_message", 3)
    assert one.messages == ["small", big, "last"]
    one.stop()


def test_messages_travel_over_tls_on_an_event_loop(
    terminator: Callable[[str], str], trust: str
) -> None:
    async def test() -> None:
        async with (
            mqlight.aio.Client(
                terminator("127.0.0.1"), security_options={"ssl_trust_certificate": trust}
            ) as client,
            client.subscribe("t", qos=1) as messages,
        ):
            for payload in ("small", "x" * 300_000, "last"):
                await client.send("t", payload, qos=1)
                assert (await anext(messages)).data == payload

    run(test())


def test_an_unknown_authority_ends_a_start_on_an_event_loop(
    terminator: Callable[[str], str],
) -> None:
    async def test() -> None:
        client = mqlight.aio.Client(terminator("127.0.0.1"))
        with pytest.raises(mqlight.SecurityError, match="unable to get local issuer certificate"):
            await client.start()

    run(test())


def test_what_tls_has_agreed_on_is_in_the_log(
    terminator: Callable[[str], str],
    trust: str,
    program: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = terminator("127.0.0.1")
    with caplog.at_level(logging.DEBUG, "mqlight"):
        one = program(url, security_options={"ssl_trust_certificate": trust})
        one.wait_named("on_started")
    assert re.search(rf"{url}: TLSv1\.\d, TLS_\w+, certificate of 127\.0\.0\.1", caplog.text)


def test_an_unknown_authority_stops_the_client(
    terminator: Callable[[str], str], program: Make
) -> None:
    one = program(terminator("127.0.0.1"))
    error = one.wait_state("stopped")
    assert isinstance(error, mqlight.SecurityError)
    assert "unable to get local issuer certificate" in str(error)


def test_a_wrong_name_stops_the_client_unless_the_check_is_off(
    terminator: Callable[[str], str], trust: str, program: Make
) -> None:
    url = terminator("other.example")
    strict = program(url, security_options={"ssl_trust_certificate": trust})
    error = strict.wait_state("stopped")
    assert isinstance(error, mqlight.SecurityError)
    assert "127.0.0.1" in str(error)
    lax = program(url, security_options={"ssl_trust_certificate": trust, "ssl_verify_name": False})
    lax.wait_named("on_started")
    lax.stop()


def test_tls_to_a_plain_port_stops_the_client(server: DevServer, program: Make) -> None:
    one = program(server.url.replace("amqp:", "amqps:"))
    error = one.wait_state("stopped")
    assert isinstance(error, mqlight.SecurityError)
    assert "TLS handshake failed" in str(error)


def test_certificate_files_without_a_tls_service_are_refused(trust: str) -> None:
    with pytest.raises(mqlight.InvalidArgumentError, match="amqps"):
        mqlight.Client("amqp://127.0.0.1:1", None, {"ssl_trust_certificate": trust})
