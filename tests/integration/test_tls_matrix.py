"""Every kind of certificate that a server and a client can have: state, exception, message.

Each case is told by both kinds of driver, against a real server with certificates made on the spot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from authority import DAY, PASSPHRASE, Authority
from conversation import converse, converse_on_a_loop

import mqlight
from mqlight_devserver import DevServer
from mqlight_security import ServerTls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., Any]


@dataclass
class Scene:
    """A server's side and a client's side, from which a case changes one thing."""

    root: Authority
    other: Authority
    """An authority that nobody trusts."""
    clients: Authority
    """The authority of the clients' certificates."""
    host: str = "localhost"
    server: dict[str, Any] = field(default_factory=dict)
    client: Any = field(default_factory=dict)

    def serve(self, authority: Authority, *names: str, **how: Any) -> None:
        """Give the server a certificate."""
        self.server["certificate"], self.server["key"] = authority.issue(*names, **how)

    def ask_for_certificates(self) -> None:
        """Let the server insist on a client certificate."""
        self.server |= {"client_trust": self.clients.trust(), "client_required": True}

    def identify(self, authority: Authority, **how: Any) -> None:
        """Give the client a certificate."""
        certificate, key = authority.issue("client", **how)
        self.client |= {"ssl_client_certificate": certificate, "ssl_client_key": key}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A server called localhost and a client that trusts its authority."""
    scene = Scene(
        Authority(tmp_path / "root"),
        Authority(tmp_path / "other"),
        Authority(tmp_path / "clients"),
    )
    scene.serve(scene.root, "localhost")
    scene.client["ssl_trust_certificate"] = scene.root.trust()
    return scene


def good(_: Scene) -> None:
    """Nothing is changed."""


def good_address(scene: Scene) -> None:
    """The certificate is for the address, which the URL has."""
    scene.serve(scene.root, "127.0.0.1")
    scene.host = "127.0.0.1"


def several_authorities(scene: Scene) -> None:
    """The trust certificate is a bundle."""
    trust = scene.client["ssl_trust_certificate"]
    with open(trust, "ab") as bundle:  # noqa: PTH123
        bundle.write(b"\n" + scene.other.ca.cert_pem.bytes())
    scene.serve(scene.other, "localhost")


def trust_in_der(scene: Scene) -> None:
    """The trust certificate is DER."""
    scene.client["ssl_trust_certificate"] = scene.root.trust(der=True)


def intermediate(scene: Scene) -> None:
    """An intermediate authority stands between, and the server sends its certificate."""
    between = Authority(scene.root.folder / "between", scene.root.ca.create_child_ca())
    scene.serve(between, "localhost")


def name_not_checked(scene: Scene) -> None:
    """The certificate is for another name, which the client is told to let pass."""
    scene.serve(scene.root, "elsewhere.example")
    scene.client["ssl_verify_name"] = False


def client_certificate(scene: Scene) -> None:
    """The server insists on a client certificate, and the client has one."""
    scene.ask_for_certificates()
    scene.identify(scene.clients)


def client_key_with_passphrase(scene: Scene) -> None:
    """The same, and the key is encrypted."""
    scene.ask_for_certificates()
    scene.identify(scene.clients, passphrase=PASSPHRASE)
    scene.client["ssl_client_key_passphrase"] = PASSPHRASE


def keystore(scene: Scene) -> None:
    """The same, and certificate and key are in a PKCS#12 keystore."""
    scene.ask_for_certificates()
    scene.client["ssl_keystore"] = scene.clients.keystore("client", PASSPHRASE)
    scene.client["ssl_keystore_passphrase"] = PASSPHRASE


def unasked_client_certificate(scene: Scene) -> None:
    """The client has a certificate, and the server does not ask."""
    scene.identify(scene.clients)


ACCEPTED = [
    good,
    good_address,
    several_authorities,
    trust_in_der,
    intermediate,
    name_not_checked,
    client_certificate,
    client_key_with_passphrase,
    keystore,
    unasked_client_certificate,
]


def expired(scene: Scene) -> None:
    scene.serve(scene.root, "localhost", since=-2 * DAY, until=-DAY)


def not_yet_valid(scene: Scene) -> None:
    scene.serve(scene.root, "localhost", since=DAY, until=2 * DAY)


def wrong_name(scene: Scene) -> None:
    scene.serve(scene.root, "elsewhere.example")


def wrong_address(scene: Scene) -> None:
    scene.serve(scene.root, "127.0.0.2")
    scene.host = "127.0.0.1"


def name_for_an_address(scene: Scene) -> None:
    scene.serve(scene.root, "localhost")
    scene.host = "127.0.0.1"


def self_signed(scene: Scene) -> None:
    scene.server["certificate"], scene.server["key"] = scene.other.self_signed("localhost")


def unknown_issuer(scene: Scene) -> None:
    scene.serve(scene.other, "localhost")


def unknown_issuer_and_no_name_check(scene: Scene) -> None:
    scene.serve(scene.other, "localhost")
    scene.client["ssl_verify_name"] = False


def not_in_the_system_store(scene: Scene) -> None:
    del scene.client["ssl_trust_certificate"]


def missing_intermediate(scene: Scene) -> None:
    between = Authority(scene.root.folder / "between", scene.root.ca.create_child_ca())
    scene.serve(between, "localhost", chain=False)


def client_certificate_missing(scene: Scene) -> None:
    scene.ask_for_certificates()


def client_certificate_of_an_unknown_issuer(scene: Scene) -> None:
    scene.ask_for_certificates()
    scene.identify(scene.other)


def client_certificate_expired(scene: Scene) -> None:
    scene.ask_for_certificates()
    scene.identify(scene.clients, since=-2 * DAY, until=-DAY)


def client_certificate_not_yet_valid(scene: Scene) -> None:
    scene.identify(scene.clients, since=DAY, until=2 * DAY)


def key_of_another_certificate(scene: Scene) -> None:
    scene.identify(scene.clients)
    scene.client["ssl_client_key"] = scene.other.issue("client")[1]


def wrong_passphrase(scene: Scene) -> None:
    scene.identify(scene.clients, passphrase=PASSPHRASE)
    scene.client["ssl_client_key_passphrase"] = "wrong"


def passphrase_missing(scene: Scene) -> None:
    scene.identify(scene.clients, passphrase=PASSPHRASE)


def wrong_keystore_passphrase(scene: Scene) -> None:
    scene.client["ssl_keystore"] = scene.clients.keystore("client", PASSPHRASE)
    scene.client["ssl_keystore_passphrase"] = "wrong"


def trust_is_no_certificate(scene: Scene) -> None:
    scene.client["ssl_trust_certificate"] = scene.server["key"]


HANDSHAKE = "amqps://{host}:{port}: the TLS handshake failed: "
REFUSED = "amqps://{host}:{port}: the server does not accept the client certificate"

OWN = "ssl_client_certificate '{ssl_client_certificate}'"
KEY = "ssl_client_key '{ssl_client_key}' cannot be loaded for " + OWN + ": "

REFUSED_CASES: dict[Callable[[Scene], None], str] = {
    expired: HANDSHAKE + "certificate has expired",
    not_yet_valid: HANDSHAKE + "certificate is not yet valid",
    wrong_name: HANDSHAKE + "Hostname mismatch, certificate is not valid for 'localhost'",
    wrong_address: HANDSHAKE + "IP address mismatch, certificate is not valid for '127.0.0.1'",
    name_for_an_address: HANDSHAKE
    + "IP address mismatch, certificate is not valid for '127.0.0.1'",
    self_signed: HANDSHAKE
    + "self-signed certificate (trusted only if ssl_trust_certificate holds this certificate)",
    unknown_issuer: HANDSHAKE + "unable to get local issuer certificate (ssl_trust_certificate",
    unknown_issuer_and_no_name_check: HANDSHAKE + "unable to get local issuer certificate",
    not_in_the_system_store: HANDSHAKE + "unable to get local issuer certificate",
    missing_intermediate: HANDSHAKE + "unable to get local issuer certificate",
    client_certificate_missing: "amqps://{host}:{port}: the server asks for a client certificate",
    client_certificate_of_an_unknown_issuer: REFUSED + ": it does not trust the issuer",
    client_certificate_expired: OWN + " holds a certificate that has expired: it was valid until ",
    client_certificate_not_yet_valid: OWN
    + " holds a certificate that is not valid yet: it is from ",
    key_of_another_certificate: KEY + "the key is not the one of that certificate",
    wrong_passphrase: KEY + "the key cannot be decrypted with ssl_client_key_passphrase",
    passphrase_missing: KEY + "the key is encrypted, and ssl_client_key_passphrase is not given",
    wrong_keystore_passphrase: "ssl_keystore '{ssl_keystore}' cannot be opened: "
    "ssl_keystore_passphrase is wrong, or the file is damaged",
    trust_is_no_certificate: "ssl_trust_certificate '{ssl_trust_certificate}' holds a private key "
    "and no certificate",
}


@pytest.fixture(params=["callbacks", "asyncio"])
def try_it(request: pytest.FixtureRequest, program: Make) -> Callable[[Scene], Any]:
    """Serve a scene, and tell what becomes of its client, with the server's port."""

    def attempt(scene: Scene) -> tuple[BaseException | None, int]:
        host = "127.0.0.1"
        with DevServer(host, tls=ServerTls(**scene.server)) as server:
            url = server.url.replace(host, scene.host)
            if request.param == "asyncio":
                return converse_on_a_loop(url, scene.client), server.port
            return converse(program, url, scene.client), server.port

    return attempt


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.__name__)
def test_messages_travel(
    case: Callable[[Scene], None], scene: Scene, try_it: Callable[[Scene], Any]
) -> None:
    case(scene)
    error, _ = try_it(scene)
    assert error is None


@pytest.mark.parametrize("case", REFUSED_CASES, ids=lambda case: case.__name__)
def test_the_client_stops_and_says_why(
    case: Callable[[Scene], None], scene: Scene, try_it: Callable[[Scene], Any]
) -> None:
    case(scene)
    error, port = try_it(scene)
    assert type(error) is mqlight.SecurityError
    names = {"host": scene.host, "port": port, **scene.client}
    assert str(error).startswith(REFUSED_CASES[case].format_map(names))
