"""A secret that is given rightly is not shown either, whatever becomes of the connection."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from aio_runner import run
from authority import Authority
from canary import CANARY, IN_URL
from directory import Directory, document, page

import mqlight
import mqlight.aio
import mqlight.blocking
from mqlight_devserver import DevServer
from mqlight_security import ServerTls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Program
    from watch import Watch

    Make = Callable[..., Program]
    Given = tuple[Any, dict[str, Any]]

WITH_PASSWORD = {"user": "ann", "password": CANARY}
"""Security options."""


@pytest.fixture
def directory() -> Iterator[Directory]:
    """A web server that has no answer yet."""
    one = Directory()
    yield one
    one.close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections: bound, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(params=["accepts", "refuses", "is not there", "has no address", "speaks no TLS"])
def server_url(request: pytest.FixtureRequest, closed_port: int) -> Iterator[str]:
    """A server that behaves so."""
    if request.param == "is not there":
        yield f"amqp://127.0.0.1:{closed_port}"
    elif request.param == "has no address":
        yield "amqp://nowhere.invalid"
    else:
        known = "another" if request.param == "refuses" else CANARY
        with DevServer(users={"ann": known}) as server:
            url = server.url
            yield url.replace("amqp", "amqps") if request.param == "speaks no TLS" else url


def with_password(url: str) -> str:
    return url.replace("://", f"://ann:{IN_URL}@")


class Places:
    """Where a password can be given; each returns a service and security options."""

    def __init__(self, folder: Path, directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._directory = directory
        self._monkeypatch = monkeypatch

    def in_the_options(self, url: str) -> Given:
        return url, WITH_PASSWORD

    def in_both(self, url: str) -> Given:
        return with_password(url), WITH_PASSWORD

    def in_a_url(self, url: str) -> Given:
        return with_password(url), {}

    def in_a_list(self, url: str) -> Given:
        return [with_password(url), with_password(url)], {}

    def in_a_functions_answer(self, url: str) -> Given:
        return lambda callback: callback(None, with_password(url)), {}

    def in_a_file(self, url: str) -> Given:
        path = self._folder / "services"
        path.write_text(json.dumps({"service": with_password(url)}), "utf-8")
        return f"file://{path}", {}

    def in_a_document(self, url: str) -> Given:
        self._directory.pages = [document(with_password(url))]
        return f"{self._directory.url}/lookup?key={IN_URL}", {}

    def in_what_is_bound(self, url: str) -> Given:
        self._directory.pages = [document(with_password(url))]
        credentials = {
            "connectionLookupURI": f"{self._directory.url}/lookup?key={IN_URL}",
            "username": "ann",
            "password": CANARY,
        }
        services = {"mqlight": [{"label": "mqlight", "credentials": credentials}]}
        self._monkeypatch.setenv("VCAP_SERVICES", json.dumps(services))
        return None, {}


@pytest.fixture
def places(tmp_path: Path, directory: Directory, monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(tmp_path, directory, monkeypatch)


ALL_PLACES = pytest.mark.parametrize(
    "place", [name for name in vars(Places) if name.startswith("in_")]
)


def settled(program: Program, watch: Watch) -> None:
    """Wait until a client is connected or has failed; look at it then, and when it has stopped."""
    program.wait_for(
        lambda: {"started", "retrying", "stopped"} & set(program.states) or program.named("error")
    )
    watch.object(program.client)
    watch.object(program.client.get_service())
    program.stop()
    watch.object(program.client)
    for entry in program.log:
        for value in entry:
            watch.error(value) if isinstance(value, Exception) else watch.object(value)


@ALL_PLACES
def test_a_password(
    place: str, server_url: str, places: Places, watch: Watch, program: Make
) -> None:
    service, options = getattr(places, place)(server_url)
    settled(program(service, "client_1", security_options=options), watch)
    assert watch.records
    assert watch.leaks() == []


@ALL_PLACES
def test_a_password_that_must_not_go_in_clear(
    place: str, places: Places, watch: Watch, program: Make
) -> None:
    with DevServer(users={"ann": CANARY}) as server:
        service, options = getattr(places, place)(server.url)
        refuse = {"insecure_plain": "refuse"}
        one = program(service, "client_1", security_options=options, client_options=refuse)
        assert isinstance(one.wait_state("stopped"), mqlight.SecurityError)
        settled(one, watch)
    assert watch.leaks() == []


@pytest.mark.parametrize("place", ["in_the_options", "in_a_url"])
def test_a_password_on_an_event_loop(
    place: str, server_url: str, places: Places, watch: Watch
) -> None:
    async def connect() -> None:
        service, options = getattr(places, place)(server_url)
        client = mqlight.aio.Client(service, "client_1", security_options=options)
        try:
            await asyncio.wait_for(client.start(), 1)
            async with client.subscribe("news") as messages:
                await client.send("news", "hello", qos=1)
                watch.object(await anext(messages))
                watch.object(messages)
        except (mqlight.MQLightError, TimeoutError) as error:
            watch.error(error)
        watch.object(client)
        await client.stop()
        watch.object(client)

    run(connect())
    assert watch.records
    assert watch.leaks() == []


@pytest.mark.parametrize("place", ["in_the_options", "in_a_url"])
def test_a_password_where_calls_wait(
    place: str, server_url: str, places: Places, watch: Watch
) -> None:
    service, options = getattr(places, place)(server_url)
    client = mqlight.blocking.Client(service, "client_1", security_options=options)
    try:
        client.start(timeout=1)
        with client.subscribe("news") as messages:
            client.send("news", "hello", qos=1)
            watch.object(next(iter(messages)))
            watch.object(messages)
    except (mqlight.MQLightError, TimeoutError) as error:
        watch.error(error)
    watch.object(client)
    client.stop()
    watch.object(client)
    assert watch.records
    assert watch.leaks() == []


LOOKUPS = {
    "not found": page(CANARY, 404),
    "asks for a password": page(CANARY, 401, **{"WWW-Authenticate": f"Basic realm={IN_URL}"}),
    "fails": page(json.dumps(CANARY), 500),
    "is no JSON": page(f'{{"service": "amqp://ann:{IN_URL}@host'),
    "is another JSON": page(json.dumps({"services": CANARY})),
    "is no list of URLs": page(json.dumps({"service": {"password": CANARY}})),
    "names a malformed URL": document(f"amqp://ann:{IN_URL}@host:0"),
    "names a URL without a scheme": document(f"ann:{IN_URL}"),
    "names a lookup": document(f"http://ann:{IN_URL}@host/?{IN_URL}"),
    "leads to a user": page("", 302, Location=f"http://ann:{IN_URL}@127.0.0.1/"),
    "leads elsewhere": page("", 302, Location=f"ftp://127.0.0.1/?{IN_URL}"),
    "leads in a circle": page("", 302, Location=f"/lookup?{IN_URL}"),
    "is cut off": page(CANARY, 200, **{"Content-Length": "1000"}),
    "is no HTTP": lambda request: request.wfile.write(f"{IN_URL}\r\n\r\n".encode()) and None,
}
"""What becomes of a lookup."""


@pytest.mark.parametrize("answer", LOOKUPS.values(), ids=LOOKUPS)
def test_a_lookup_that_fails(
    answer: Any, directory: Directory, watch: Watch, program: Make
) -> None:
    directory.pages = [answer]
    one = program(f"{directory.url}/lookup?key={IN_URL}", security_options=WITH_PASSWORD)
    settled(one, watch)
    assert directory.paths[0] == f"/lookup?key={IN_URL}"
    assert watch.leaks() == []


def keys(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Client certificates with a passphrase, and what is wrong with each."""
    authority = Authority(folder)
    certificate, key = authority.issue("client", passphrase=CANARY)
    pair = {"ssl_client_certificate": certificate, "ssl_client_key": key}
    yield "is right", pair | {"ssl_client_key_passphrase": CANARY}
    yield (
        "belongs to no key",
        pair
        | {
            "ssl_client_key": certificate,
            "ssl_client_key_passphrase": CANARY,
        },
    )
    keystore = authority.keystore("client", CANARY)
    yield (
        "is right, of a keystore",
        {
            "ssl_keystore": keystore,
            "ssl_keystore_passphrase": CANARY,
        },
    )
    yield (
        "belongs to no keystore",
        {
            "ssl_keystore": certificate,
            "ssl_keystore_passphrase": CANARY,
        },
    )
    other = Authority(folder / "other")
    certificate, key = other.issue("client", passphrase="another")
    pair = {"ssl_client_certificate": certificate, "ssl_client_key": key}
    yield "is wrong", pair | {"ssl_client_key_passphrase": CANARY}
    yield "is too long", pair | {"ssl_client_key_passphrase": CANARY * 100}
    yield (
        "is wrong, of a keystore",
        {
            "ssl_keystore": other.keystore("client", "another"),
            "ssl_keystore_passphrase": CANARY,
        },
    )


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "not trusted"])
def test_a_passphrase(trusted: bool, tmp_path: Path, watch: Watch, program: Make) -> None:  # noqa: FBT001
    """Of the client's key, of a keystore, and of the server's key."""
    authority = Authority(tmp_path / "root")
    certificate, key = authority.issue("127.0.0.1", passphrase=CANARY)
    tls = ServerTls(certificate=certificate, key=key, key_passphrase=CANARY)
    trust = (authority if trusted else Authority(tmp_path / "another")).trust()
    outcomes = {}
    with DevServer(tls=tls, users={"ann": CANARY}) as server:
        watch.object(server)
        for what, files in keys(tmp_path / "clients"):
            options = {"ssl_trust_certificate": trust, **files, **WITH_PASSWORD}
            one = program(server.url, security_options=options)
            settled(one, watch)
            outcomes[what] = "started" in one.states
    right = {"is right", "is right, of a keystore"}
    assert outcomes == {what: trusted and what in right for what in outcomes}
    assert watch.leaks() == []


@pytest.mark.parametrize("passphrase", [CANARY, CANARY * 100])
def test_a_servers_passphrase_that_is_wrong(passphrase: str, tmp_path: Path, watch: Watch) -> None:
    certificate, key = Authority(tmp_path / "root").issue("127.0.0.1", passphrase="another")
    tls = ServerTls(certificate=certificate, key=key, key_passphrase=passphrase)
    with pytest.raises(mqlight.SecurityError) as caught:
        DevServer(tls=tls).start()
    watch.error(caught.value)
    assert watch.leaks() == []


def test_a_client_that_is_replaced(watch: Watch, program: Make) -> None:
    with DevServer(users={"ann": CANARY}) as server:
        first = program(with_password(server.url), "client_1")
        first.wait_state("started")
        settled(program(with_password(server.url), "client_1"), watch)
        assert isinstance(first.wait_state("stopped"), mqlight.ReplacedError)
        settled(first, watch)
    assert watch.leaks() == []


def test_a_client_that_is_stopped_while_it_connects(watch: Watch, program: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = program(with_password(f"amqp://127.0.0.1:{silent.getsockname()[1]}"))
        accepted, _ = silent.accept()
        with accepted:
            watch.object(one.client)
            one.stop()
    settled(one, watch)
    assert watch.leaks() == []


def test_a_callback_that_raises(watch: Watch, program: Make) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("of the program")

    with DevServer(users={"ann": CANARY}) as server:
        one = program(with_password(server.url), on_started=fail)
        assert isinstance(one.wait_state("stopped"), RuntimeError)
        settled(one, watch)
    assert watch.leaks() == []


def test_a_service_function_that_raises(watch: Watch, program: Make) -> None:
    def services(callback: Callable[..., None]) -> None:
        callback(None, f"amqp://ann:{IN_URL}@host:0")
        raise RuntimeError("after its answer")

    one = program(services)
    assert isinstance(one.wait_state("stopped"), mqlight.InvalidArgumentError)
    settled(one, watch)
    assert watch.leaks() == []


def test_different_secrets_that_contradict_each_other(watch: Watch) -> None:
    contradictions: Any = (
        {"user": "ann", "password": "another"},
        {"user": "bob", "password": CANARY},
    )
    for options in contradictions:
        with pytest.raises(mqlight.InvalidArgumentError) as caught:
            mqlight.Client(f"amqp://ann:{IN_URL}@host", security_options=options)
        watch.error(caught.value)
    assert watch.leaks() == []
