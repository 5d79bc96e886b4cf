"""Services that are looked up over HTTP, also for applications of Cloud Foundry."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aio_runner import run
from directory import Directory, document, page

import mqlight

if TYPE_CHECKING:
    from pathlib import Path

    from directory import Page

    from mqlight_devserver import DevServer

Make = Callable[..., Any]

PATIENCE = 20.0


@pytest.fixture
def directory() -> Iterator[Directory]:
    """A web server that has no answer yet."""
    one = Directory()
    yield one
    one.close()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure_directory(authority: trustme.CA) -> Iterator[Callable[[str], Directory]]:
    """Make web servers with a certificate for a name."""
    made: list[Directory] = []

    def make(name: str) -> Directory:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        made.append(Directory(context))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system trusts the authority."""
    path = tmp_path / "trust.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_services_are_looked_up_over_http(
    server: DevServer, directory: Directory, program: Make
) -> None:
    directory.pages = [document(f"amqp://127.0.0.1:{closed_port()}", server.url)]
    one = program(f"{directory.url}/services?for=me")
    one.wait_named("on_started")
    assert one.client.get_service() == server.url
    assert one.states == ["starting", "started"]
    assert directory.paths == ["/services?for=me"]


def test_a_lookup_that_fails_is_tried_again(
    server: DevServer, directory: Directory, program: Make
) -> None:
    directory.pages = [page("later", 503), document(server.url)]
    one = program(f"{directory.url}/services?key=S3CRET")
    error = one.wait_state("retrying")
    assert isinstance(error, mqlight.NetworkError)
    assert str(error) == (
        f"{directory.url}/services?********: "
        "the server answered with status 503 (Service Unavailable)"
    )
    one.wait_named("on_started")
    assert one.states == ["starting", "retrying", "started"]


def test_each_round_of_attempts_looks_anew(
    server: DevServer, directory: Directory, program: Make
) -> None:
    directory.pages = [document(f"amqp://127.0.0.1:{closed_port()}"), document(server.url)]
    one = program(directory.url)
    assert "amqp://127.0.0.1" in str(one.wait_state("retrying"))
    one.wait_named("on_started")
    assert directory.paths == ["/", "/"]


def test_a_lookup_that_nobody_answers_is_tried_again(program: Make) -> None:
    url = f"http://127.0.0.1:{closed_port()}/services"
    error = program(url).wait_state("retrying")
    assert isinstance(error, mqlight.NetworkError)
    assert str(error) == f"{url}: Connection refused"


@pytest.mark.parametrize("slowly", ["silent", "dripping"])
def test_a_lookup_has_a_deadline(directory: Directory, program: Make, slowly: str) -> None:
    directory.pages = [getattr(directory, slowly)]
    one = program(directory.url, client_options={"connect_timeout": 300})
    error = one.wait_state("retrying")
    assert isinstance(error, mqlight.NetworkError)
    assert str(error) == f"{directory.url}: no answer within 0.3 seconds"
    assert directory.left_alone.wait(PATIENCE)


def test_the_tls_of_a_lookup_has_the_same_deadline(program: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"https://127.0.0.1:{mute.getsockname()[1]}"
        one = program(url, client_options={"connect_timeout": 300})
        assert str(one.wait_state("retrying")) == f"{url}: no answer within 0.3 seconds"


def test_a_stop_does_not_wait_for_a_lookup(directory: Directory, program: Make) -> None:
    directory.pages = [directory.silent]
    one = program(directory.url)
    assert directory.asked.wait(PATIENCE)
    one.stop()
    assert not directory.left_alone.is_set()
    assert one.states == ["starting", "stopping", "stopped"]


def test_a_start_after_a_stop_looks_anew(
    server: DevServer, directory: Directory, program: Make
) -> None:
    directory.pages = [directory.silent, document(server.url)]
    one = program(directory.url, client_options={"connect_timeout": 1000})
    assert directory.asked.wait(PATIENCE)
    one.stop()
    one.client.start(one.recorder("started again"))
    one.wait_named("started again")
    assert one.states == ["starting", "stopping", "stopped", "starting", "started"]


def test_coroutines_wait_for_a_lookup(server: DevServer, directory: Directory) -> None:
    directory.pages = [page("later", 503), document(server.url)]

    async def test() -> None:
        async with mqlight.aio.Client(directory.url) as client:
            assert client.service == server.url

    run(test())


def test_a_coroutine_can_stop_waiting_for_a_lookup(directory: Directory) -> None:
    directory.pages = [directory.silent]

    async def test() -> None:
        client = mqlight.aio.Client(directory.url, client_options={"connect_timeout": 1000})
        starting = asyncio.create_task(client.start())
        await asyncio.to_thread(directory.asked.wait, PATIENCE)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert client.state == mqlight.STOPPED
        assert not directory.left_alone.is_set()

    run(test())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (page("<html>"), "the document is no JSON"),
        (page("{}"), "no JSON object with the key 'service'"),
        (page('{"service": []}'), "at least one URL"),
        (document("http://127.0.0.1"), "is the URL of a lookup"),
        (document("amqp://ann:S3CRET@host/path"), "a path, query or fragment"),
        (page(" " * 1_100_000), "longer than 1048576 bytes"),
    ],
)
def test_a_wrong_document_stops_the_client(
    directory: Directory, program: Make, answer: Page, reason: str
) -> None:
    directory.pages = [answer]
    error = program(directory.url).wait_state("stopped")
    assert isinstance(error, mqlight.InvalidArgumentError)
    assert str(error).startswith(f"{directory.url}: ")
    assert reason in str(error)
    assert "S3CRET" not in str(error)


def test_a_redirect_is_followed(server: DevServer, directory: Directory, program: Make) -> None:
    directory.pages = [page("", 302, Location="/there"), document(server.url)]
    program(f"{directory.url}/here").wait_named("on_started")
    assert directory.paths == ["/here", "/there"]


@pytest.mark.usefixtures("trusted")
def test_services_are_looked_up_over_https(
    server: DevServer, secure_directory: Callable[[str], Directory], program: Make
) -> None:
    directory = secure_directory("127.0.0.1")
    directory.pages = [document(server.url)]
    one = program(f"{directory.url}/services")
    one.wait_named("on_started")
    assert one.client.get_service() == server.url


@pytest.mark.usefixtures("trusted")
def test_a_redirect_from_https_to_http_stops_the_client(
    directory: Directory, secure_directory: Callable[[str], Directory], program: Make
) -> None:
    secure = secure_directory("127.0.0.1")
    secure.pages = [page("", 302, Location=directory.url)]
    error = program(secure.url).wait_state("stopped")
    assert isinstance(error, mqlight.SecurityError)
    assert str(error) == f"{secure.url}: the redirect to {directory.url} would leave TLS"
    assert directory.paths == []


@pytest.mark.usefixtures("trusted")
def test_a_lookup_at_a_server_of_another_name_stops_the_client(
    secure_directory: Callable[[str], Directory], program: Make
) -> None:
    directory = secure_directory("other.example")
    error = program(directory.url).wait_state("stopped")
    assert isinstance(error, mqlight.SecurityError)
    assert str(error).startswith(f"{directory.url}: TLS failed: ")
    assert "127.0.0.1" in str(error)
    assert directory.paths == []


def test_a_lookup_at_a_server_that_nobody_vouches_for_stops_the_client(
    secure_directory: Callable[[str], Directory], program: Make
) -> None:
    directory = secure_directory("127.0.0.1")
    error = program(directory.url).wait_state("stopped")
    assert isinstance(error, mqlight.SecurityError)
    assert str(error) == f"{directory.url}: TLS failed: unable to get local issuer certificate"


def test_the_next_address_of_a_host_is_tried(
    server: DevServer, directory: Directory, program: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory.pages = [document(server.url)]
    look_up = socket.getaddrinfo

    def with_a_dead_address(host: str, port: int, **options: Any) -> list[Any]:
        if host != "directory.example":
            return look_up(host, port, **options)
        one, another = (look_up("127.0.0.1", port, **options) for port in (closed_port(), port))
        return one + another

    monkeypatch.setattr(socket, "getaddrinfo", with_a_dead_address)
    program(f"http://directory.example:{directory.port}").wait_named("on_started")


def test_a_lookup_at_a_host_that_is_not_found_is_tried_again(
    program: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_nothing(*_host: Any, **_options: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", find_nothing)
    error = program("http://directory.example").wait_state("retrying")
    assert isinstance(error, mqlight.NetworkError)
    assert str(error) == "http://directory.example: Name or service not known"


def test_a_function_cannot_answer_with_a_lookup(program: Make) -> None:
    one = program(lambda callback: callback(None, "http://127.0.0.1"))
    error = one.wait_state("stopped")
    assert isinstance(error, mqlight.InvalidArgumentError)
    assert "The answer of the service function: 'http://127.0.0.1' is the URL" in str(error)


@pytest.fixture
def bound(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application is bound to a service with credentials."""
    credentials = {
        "connectionLookupURI": f"{directory.url}/Lookup?serviceId=1",
        "username": "ann",
        "password": "S3CRET",
    }
    services = {"mqlight": [{"name": "mine", "label": "mqlight", "credentials": credentials}]}
    monkeypatch.setenv("VCAP_SERVICES", json.dumps(services))


@pytest.mark.usefixtures("bound")
def test_none_finds_the_service_that_is_bound(
    server: DevServer, directory: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    directory.pages = [document(server.url)]
    started = threading.Event()
    with mqlight.Client(None, on_started=lambda _: started.set()) as client:
        assert started.wait(PATIENCE)
        assert client.get_service() == server.url
    assert directory.paths == ["/Lookup?serviceId=1"]
    assert "the password goes over a connection without TLS" in caplog.text
    assert "S3CRET" not in caplog.text


@pytest.mark.usefixtures("bound")
def test_the_password_of_the_bound_service_is_kept_off_a_plain_connection(
    server: DevServer, directory: Directory
) -> None:
    directory.pages = [document(server.url)]
    errors: list[Exception | None] = []
    client = mqlight.Client(
        None,
        on_state_changed=lambda _client, _state, error: errors.append(error),
        client_options={"insecure_plain": "refuse"},
    )
    assert client.wait_stopped(PATIENCE)
    assert isinstance(errors[-1], mqlight.SecurityError)
    assert str(errors[-1]).startswith(f"{server.url}: the password is not sent")


@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize(("user", "password"), [("bob", "S3CRET"), ("ann", "other")])
def test_other_credentials_than_those_of_the_bound_service_are_refused(
    user: str, password: str
) -> None:
    which = "user" if user == "bob" else "password"
    with pytest.raises(mqlight.InvalidArgumentError) as caught:
        mqlight.Client(None, None, {"user": user, "password": password})
    assert str(caught.value) == (
        f"The {which} in VCAP_SERVICES does not match the {which} in the security options"
    )


def test_none_is_refused_where_nothing_is_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VCAP_SERVICES", raising=False)
    with pytest.raises(mqlight.InvalidArgumentError, match="VCAP_SERVICES") as caught:
        mqlight.Client(None)
    assert isinstance(caught.value, TypeError)
