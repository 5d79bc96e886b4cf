"""Connections over TLS: what goes over them, and what changes while they are up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest
from aio_runner import run
from authority import Authority
from cryptography.x509 import Name, NameAttribute, RelativeDistinguishedName
from cryptography.x509.oid import NameOID

import mqlight
from mqlight_devserver import DevServer
from mqlight_security import ServerTls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Make = Callable[..., Any]

BIG = "x" * 300_000


@pytest.fixture
def trust(authority: Authority) -> Any:
    """The security options of a client that trusts the authority."""
    return {"ssl_trust_certificate": authority.trust()}


@pytest.fixture
def secure(authority: Authority) -> Iterator[DevServer]:
    """A server with a certificate of the authority."""
    certificate, key = authority.issue("127.0.0.1")
    with DevServer(tls=ServerTls(certificate=certificate, key=key)) as running:
        yield running


def test_messages_of_all_sizes_travel(secure: DevServer, trust: Any, program: Make) -> None:
    one = program(secure.url, security_options=trust)
    one.wait_named("on_started")
    assert one.client.get_service() == secure.url
    one.subscribe("t", qos=1)
    for payload in ("small", BIG, "last"):
        one.send("t", payload, qos=1)
    one.wait_named("on_message", 3)
    assert one.messages == ["small", BIG, "last"]
    one.stop()


def test_messages_of_all_sizes_travel_on_an_event_loop(secure: DevServer, trust: Any) -> None:
    async def test() -> None:
        async with (
            mqlight.aio.Client(secure.url, security_options=trust) as client,
            client.subscribe("t", qos=1) as messages,
        ):
            for payload in ("small", BIG, "last"):
                await client.send("t", payload, qos=1)
                assert (await anext(messages)).data == payload

    run(test())


def test_thousands_of_messages_travel_in_order(
    secure: DevServer, trust: Any, program: Make
) -> None:
    one = program(secure.url, security_options=trust)
    one.subscribe("t", qos=1, credit=100)
    for number in range(5000):
        one.send("t", number, qos=1)
    one.wait_named("on_message", 5000)
    assert one.messages == list(range(5000))
    one.stop()


def test_what_tls_has_agreed_on_is_in_the_log(
    secure: DevServer, trust: Any, program: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "mqlight"):
        one = program(secure.url, security_options=trust)
        one.wait_named("on_started")
    assert re.search(rf"{secure.url}: TLSv1\.3, TLS_\w+, certificate of 127\.0\.0\.1", caplog.text)


@pytest.mark.parametrize("kind", [mqlight.Client, mqlight.aio.Client])
def test_the_server_is_told_of_the_end(
    kind: type, trust: Any, authority: Authority, program: Make
) -> None:
    ends: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("127.0.0.1"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            # `suppress_ragged_eofs` False: an end without a word raises.
            peer = context.wrap_socket(
                listener.accept()[0], server_side=True, suppress_ragged_eofs=False
            )
            with peer:
                while data := peer.recv(65536):
                    del data
                ends.append(b"")

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"amqps://127.0.0.1:{listener.getsockname()[1]}"
        if kind is mqlight.Client:
            one = program(url, security_options=trust, client_options={"connect_timeout": 300})
            one.wait_state("retrying")
            one.client.stop()
        else:

            async def test() -> None:
                options: Any = {"connect_timeout": 300}
                client = mqlight.aio.Client(url, security_options=trust, client_options=options)
                await asyncio.wait_for(client.start(), 0.6)

            with pytest.raises(TimeoutError):
                asyncio.run(test())
        thread.join(20)
    assert ends == [b""]


SEVERAL_IN_ONE = Name(
    [
        RelativeDistinguishedName(
            [
                NameAttribute(NameOID.COMMON_NAME, "127.0.0.1"),
                NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "ops"),
            ]
        )
    ]
)


@pytest.mark.parametrize("kind", ["callbacks", "asyncio"])
def test_names_of_several_parts_are_read_on_both_sides(
    kind: str, tmp_path: Path, program: Make, caplog: pytest.LogCaptureFixture
) -> None:
    own = Authority(tmp_path / "own")
    certificate, key = own.self_signed("127.0.0.1", subject=SEVERAL_IN_ONE)
    both: Any = {
        "ssl_trust_certificate": certificate,
        "ssl_client_certificate": certificate,
        "ssl_client_key": key,
        "ssl_verify_name": False,
    }
    tls = ServerTls(
        certificate=certificate, key=key, client_trust=certificate, client_required=True
    )
    with caplog.at_level(logging.DEBUG), DevServer(tls=tls) as server:
        if kind == "callbacks":
            program(server.url, security_options=both).wait_named("on_started")
        else:

            async def test() -> None:
                async with mqlight.aio.Client(server.url, security_options=both):
                    pass

            run(test())
    assert "certificate of '127.0.0.1'" in caplog.text


def test_what_is_put_into_tls_on_its_way_is_an_outage(
    trust: Any, authority: Authority, program: Make
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("127.0.0.1"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection = listener.accept()[0]
            raw = socket.socket(fileno=os.dup(connection.fileno()))
            with raw, context.wrap_socket(connection, server_side=True):
                raw.sendall(b"this is not TLS at all")
                done.wait(20)

        done = threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        one = program(f"amqps://127.0.0.1:{listener.getsockname()[1]}", security_options=trust)
        error = one.wait_state("retrying")
        assert isinstance(error, mqlight.NetworkError)
        done.set()
        thread.join(20)


def test_a_handshake_that_goes_nowhere_ends_with_the_attempt(program: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"amqps://127.0.0.1:{mute.getsockname()[1]}"
        error = program(url, client_options={"connect_timeout": 200}).wait_state("retrying")
        assert isinstance(error, mqlight.NetworkError)
        assert str(error) == f"{url}: no connection within 0.2 seconds"
        told: list[Any] = []

        async def test() -> None:
            options: Any = {"connect_timeout": 200}
            client = mqlight.aio.Client(
                url, client_options=options, on_state_changed=lambda *args: told.append(args)
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(client.start(), 0.5)
            await client.stop()

        run(test())
        assert f"{url}: no connection within 0.2 seconds" in [str(args[-1]) for args in told]


def test_tls_to_a_plain_port_stops_the_client(server: DevServer, program: Make) -> None:
    one = program(server.url.replace("amqp:", "amqps:"))
    error = one.wait_state("stopped")
    assert isinstance(error, mqlight.SecurityError)
    assert "the answer is not TLS (does the server speak TLS at this port" in str(error)


def test_plain_amqp_to_a_tls_port_is_tried_again_and_says_what_to_look_at(
    secure: DevServer, program: Make
) -> None:
    one = program(secure.url.replace("amqps:", "amqp:"))
    error = one.wait_state("retrying")
    assert isinstance(error, mqlight.NetworkError)
    assert "is the scheme right?" in str(error)


@pytest.mark.parametrize("services", [["amqp://127.0.0.1:1"], ["amqps://a", "amqp://b"]])
def test_certificate_files_with_a_plain_service_are_refused(
    services: list[str], trust: Any
) -> None:
    with pytest.raises(mqlight.InvalidArgumentError, match="does not start with amqps"):
        mqlight.Client(services, None, trust)


def test_a_function_that_gives_a_plain_service_beside_certificate_files_stops_the_client(
    server: DevServer, trust: Any, program: Make
) -> None:
    one = program(lambda callback: callback(None, server.url), security_options=trust)
    error = one.wait_state("stopped")
    assert isinstance(error, mqlight.SecurityError)
    assert "this service is without TLS" in str(error)


class Renewed:
    """A client with a certificate, and a server that asks for one and can come back."""

    def __init__(self, folder: Path, program: Make) -> None:
        self.authority = Authority(folder / "first")
        self.next = Authority(folder / "second")
        self.files = {
            "ssl_trust_certificate": self.authority.trust(),
            **self._identity(self.authority),
        }
        self.server = self._serve(self.authority, 0)
        self.server.start()
        self.one = program(self.server.url, security_options=self.files)
        self.one.wait_named("on_started")

    def _identity(self, authority: Authority) -> dict[str, str]:
        names = ("ssl_client_certificate", "ssl_client_key")
        return dict(zip(names, authority.issue("client"), strict=True))

    def _serve(self, authority: Authority, port: int) -> DevServer:
        certificate, key = Authority(authority.folder / "server", authority.ca).issue("127.0.0.1")
        tls = ServerTls(
            certificate=certificate, key=key, client_trust=authority.trust(), client_required=True
        )
        return DevServer(port=port, tls=tls)

    def write(self, **files: str) -> None:
        """Put new content where the client looks for it."""
        for option, path in files.items():
            shutil.copy(path, self.files[option])

    def renew(self) -> None:
        """Everything of the client's is of the next authority."""
        self.write(ssl_trust_certificate=self.next.trust(), **self._identity(self.next))

    def serve_on(self, authority: Authority) -> None:
        """End the server, and let one with a certificate of the authority take its port."""
        self.server.stop()
        self.one.wait_state("retrying")
        self.server = self._serve(authority, self.server.port)
        self.server.start()


@pytest.fixture
def renewed(tmp_path: Path, program: Make) -> Iterator[Renewed]:
    scene = Renewed(tmp_path, program)
    yield scene
    scene.server.stop()


def test_certificates_renewed_while_the_client_runs_are_taken_up(renewed: Renewed) -> None:
    renewed.renew()
    renewed.serve_on(renewed.next)
    one = renewed.one
    one.wait_for(lambda: one.states.count("started") == 2)
    one.deliver("t", "with the new ones")


def test_while_a_renewal_is_half_done_the_former_certificates_serve_on(
    renewed: Renewed, caplog: pytest.LogCaptureFixture
) -> None:
    with open(renewed.files["ssl_client_key"], "wb"):  # noqa: PTH123 - truncated, to be written
        pass
    renewed.serve_on(renewed.authority)
    one = renewed.one
    one.wait_for(lambda: one.states.count("started") == 2)
    key = renewed.files["ssl_client_key"]
    assert (
        f"the certificates read before are used on: ssl_client_key {key!r} is empty" in caplog.text
    )


def test_a_server_whose_new_certificate_is_of_another_authority_stops_the_client(
    renewed: Renewed,
) -> None:
    renewed.serve_on(renewed.next)
    error = renewed.one.wait_state("stopped")
    assert isinstance(error, mqlight.SecurityError)
    assert "self-signed certificate in certificate chain (ssl_trust_certificate" in str(error)
