"""Over TLS with users, and with certificates on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from authority import PASSPHRASE, Authority

from mqlight_devserver import DevServer
from mqlight_security import ServerTls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .peer import MakePeer, Peer

USERS = {"ann": "s3cret"}


@pytest.fixture
def tls(authority: Authority) -> dict[str, Any]:
    """What the server needs; tests may change it before anything asks for the server."""
    certificate, key = authority.issue("127.0.0.1")
    return {"certificate": certificate, "key": key}


@pytest.fixture
def server(tls: dict[str, Any]) -> Iterator[DevServer]:
    with DevServer(tls=ServerTls(**tls), users=USERS) as running:
        yield running


@pytest.fixture
def security(authority: Authority) -> Any:
    return {"ssl_trust_certificate": authority.trust(), "user": "ann", "password": USERS["ann"]}


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("data", ["text", "ä€😀" * 1000, "", b"\x00\xff" * 100_000, {"a": [1]}])
def test_a_message_crosses(sender: Peer, receiver: Peer, data: object, qos: int) -> None:
    receiver.subscribe("news/#", qos=qos)
    sender.send("news/today", data, qos=qos)
    [message] = receiver.receive()
    assert (message.data, message.topic) == (data, "news/today")


def test_ten_thousand_messages_cross_in_order(sender: Peer, receiver: Peer) -> None:
    receiver.subscribe("numbers", qos=1)
    sender.send_numbers("numbers", 10_000, qos=1)
    assert [int(str(message.data)) for message in receiver.receive(10_000)] == list(range(10_000))


def test_a_wrong_password_is_their_security_error(
    node_error: Callable[[], str], security: Any
) -> None:
    security["password"] = "wrong"
    assert node_error() == "SecurityError"


# Of TLS their client says on a newer Node.js no more than that the network refused it.


def test_they_do_not_connect_to_a_server_of_an_unknown_authority(
    node_error: Callable[[], str], security: Any, clients: Authority
) -> None:
    security["ssl_trust_certificate"] = clients.trust()
    assert node_error() in {"NetworkError", "SecurityError"}


@pytest.fixture
def of_another_name(tls: dict[str, Any], authority: Authority) -> None:
    tls["certificate"], tls["key"] = authority.issue("elsewhere.example")


@pytest.mark.usefixtures("of_another_name")
def test_a_certificate_for_another_name_passes_only_unchecked(
    node: MakePeer, node_error: Callable[[], str], security: Any
) -> None:
    assert node_error() in {"NetworkError", "SecurityError"}
    security["ssl_verify_name"] = False
    node("c").stop()


@pytest.fixture
def certified(tls: dict[str, Any], security: Any, clients: Authority) -> None:
    """The server insists on a client certificate, and the clients have one, with a passphrase."""
    tls |= {"client_trust": clients.trust(), "client_required": True}
    certificate, key = clients.issue("client", passphrase=PASSPHRASE)
    security |= {
        "ssl_client_certificate": certificate,
        "ssl_client_key": key,
        "ssl_client_key_passphrase": PASSPHRASE,
    }


@pytest.mark.usefixtures("certified")
def test_a_message_crosses_with_client_certificates(sender: Peer, receiver: Peer) -> None:
    receiver.subscribe("news/#", qos=1)
    sender.send("news/today", "certified")
    assert receiver.receive()[0].data == "certified"


@pytest.mark.usefixtures("certified")
def test_without_the_certificate_that_is_asked_for_they_do_not_connect(
    node_error: Callable[[], str], security: Any
) -> None:
    for name in ("ssl_client_certificate", "ssl_client_key", "ssl_client_key_passphrase"):
        del security[name]
    assert node_error() in {"NetworkError", "SecurityError"}
