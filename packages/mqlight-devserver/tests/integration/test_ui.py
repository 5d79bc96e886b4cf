"""The page over HTTP."""

from __future__ import annotations

import http.client
import json
import logging
import socket
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from devserver_socket import SECONDS, SocketClient

from mqlight_devserver import DevServer
from mqlight_devserver.ui import page_server
from mqlight_devserver.ui.page_server import PageServer

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {
    "/": "text/html; charset=utf-8",
    "/page.css": "text/css; charset=utf-8",
    "/flow.css": "text/css; charset=utf-8",
    "/main.js": "text/javascript; charset=utf-8",
    "/icon.svg": "image/svg+xml",
    "/state": "application/json",
}


@pytest.fixture
def served() -> Iterator[DevServer]:
    with DevServer(ui_port=0) as served:
        yield served


def port_of(served: DevServer) -> int:
    port = urlsplit(served.ui_url).port
    assert port is not None
    return port


def ask(
    served: DevServer, method: str, path: str, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port_of(served), SECONDS)) as browser:
        browser.request(method, path, headers=headers or {})
        answer = browser.getresponse()
        return answer, answer.read()


def state_of(served: DevServer) -> Any:
    answer, content = ask(served, "GET", "/state")
    assert answer.status == 200
    return json.loads(content)


def raw(served: DevServer, sent: bytes) -> bytes:
    """All that is answered to these bytes until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port_of(served)), SECONDS) as browser:
        browser.sendall(sent)
        browser.shutdown(socket.SHUT_WR)
        answer = b""
        while some := browser.recv(65536):
            answer += some
        return answer


def still_serves(served: DevServer) -> bool:
    with SocketClient(served.port, "check") as client:
        client.subscribe("private:check")
        client.publish_to("check")
        client.publish("hello")
        return client.next_body() == "hello" and ask(served, "GET", "/state")[0].status == 200


@pytest.mark.parametrize("path", FILES)
def test_every_file_comes_with_its_type_and_strict_rules(served: DevServer, path: str) -> None:
    answer, content = ask(served, "GET", path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, FILES[path])
    assert len(content) == int(answer.headers["Content-Length"]) > 0
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_page_refers_only_to_files_that_there_are(served: DevServer) -> None:
    page = ask(served, "GET", "/")[1].decode()
    assert "//" not in page
    assert "style=" not in page
    referred = [
        part.partition('"')[0] for part in page.split('href="')[1:] + page.split('src="')[1:]
    ]
    for name in referred:
        if not name.startswith("#"):
            assert ask(served, "GET", f"/{name}")[0].status == 200, name


@pytest.mark.parametrize("path", FILES)
def test_head_is_get_without_the_content(served: DevServer, path: str) -> None:
    answer, content = ask(served, "HEAD", path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, FILES[path])
    assert content == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_not_allowed(served: DevServer, method: str) -> None:
    answer, content = ask(served, method, "/state")
    assert (answer.status, answer.headers["Allow"], content) == (405, "GET, HEAD", b"")
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize(
    "path", ["/nothing", "/state/", "/../cli.py", "/%2e%2e/cli.py", "//etc/passwd", "/__init__.py"]
)
def test_there_is_nothing_else(served: DevServer, path: str) -> None:
    answer, content = ask(served, "GET", path)
    assert answer.status == 404
    assert content.startswith(b"404 ")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_query_does_not_matter(served: DevServer) -> None:
    assert ask(served, "GET", "/?x=1")[0].status == 200


@pytest.mark.parametrize("host", ["localhost:{}", "127.0.0.1:{}", "[::1]:{}", "localhost:8080"])
def test_the_page_answers_to_addresses_and_localhost(served: DevServer, host: str) -> None:
    headers = {"Host": host.format(port_of(served))}
    assert ask(served, "GET", "/state", headers)[0].status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{}", "127.0.0.1.evil.example"])
def test_a_name_that_others_point_here_is_refused(served: DevServer, host: str) -> None:
    answer, content = ask(served, "GET", "/state", {"Host": host.format(port_of(served))})
    assert answer.status == 421
    assert b"totals" not in content
    assert b"--ui-host" in content


@pytest.mark.parametrize(
    ("request_lines", "status"),
    [
        (b"GET /state HTTP/1.1\r\n\r\n", b"421"),
        (b"GET /state HTTP/1.0\r\n\r\n", b"421"),
        (b"GET /state HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", b"421"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nGET ", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\n\r\n", b"505"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"\x16\x03\x01\x02\x00" * 50 + b"\r\n", b"400"),
        (b"AMQP\x00\x01\x00\x00\r\n", b"400"),
    ],
)
def test_bad_requests_are_refused_one_by_one(
    served: DevServer, request_lines: bytes, status: bytes
) -> None:
    answer = raw(served, request_lines)
    assert status in answer.split(b"\n")[0]
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert b"totals" not in answer
    assert still_serves(served)


def test_two_requests_over_one_connection(served: DevServer) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port_of(served), SECONDS)) as browser:
        for path in ("/", "/state", "/nothing"):
            browser.request("GET", path)
            browser.getresponse().read()


def test_clients_that_are_slow_or_silent_make_room_for_others(served: DevServer) -> None:
    with ExitStack() as opened:
        for number in range(300):
            browser = socket.create_connection(("127.0.0.1", port_of(served)), SECONDS)
            opened.enter_context(browser)
            browser.sendall(b"GET / HTTP/1.1\r\n"[: number % 15])
        assert still_serves(served)


def test_a_browser_that_goes_in_the_middle_is_nothing_to_tell(
    served: DevServer, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port_of(served)), SECONDS) as browser:
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            browser.sendall(b"GET /state HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
    assert still_serves(served)
    assert caplog.records == []


def test_the_state_is_that_of_the_server(served: DevServer) -> None:
    with SocketClient(served.port, "c") as client:
        client.subscribe("share:s:a/#")
        client.publish_to("a/b")
        client.publish("<b>hello</b>")
        assert client.next_body() == "<b>hello</b>"
        client.publish("more")
        state = state_of(served)
    assert (state["totals"]["received"], state["totals"]["delivered"]) == (2, 2)
    assert [topic["topic"] for topic in state["topics"]] == ["a/b"]
    assert [(one["pattern"], one["share"]) for one in state["destinations"]] == [("a/#", "s")]
    assert [one["client"] for one in state["clients"]] == ["c"]
    assert [one["preview"] for one in state["messages"]] == ["more", "<b>hello</b>"]


def test_many_who_look_cost_the_server_one_look(
    served: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_server, "_LOOK_AGAIN_AFTER", 1000)
    first = state_of(served)
    with SocketClient(served.port, "c"):
        assert [state_of(served) for _ in range(5)] == [first] * 5


def test_a_server_that_does_not_answer_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_server, "_PATIENCE", 0.01)
    page = PageServer("127.0.0.1", 0, lambda answer: None)
    page.start()
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", page.port, SECONDS)) as browser:
            browser.request("GET", "/state")
            assert browser.getresponse().status == 503
    finally:
        page.stop()


def test_without_a_page_there_is_no_address_of_one() -> None:
    with DevServer() as served, pytest.raises(RuntimeError, match="only with ui_port"):
        _ = served.ui_url


def test_a_restart_keeps_the_address_of_the_page() -> None:
    served = DevServer(ui_port=0)
    with pytest.raises(RuntimeError, match="once it is started"):
        _ = served.ui_url
    served.start()
    url = served.ui_url
    served.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(served)), SECONDS)
    served.start()
    assert served.ui_url == url
    assert ask(served, "GET", "/")[0].status == 200
    served.stop()


def test_a_port_of_the_page_that_is_in_use_is_named_and_frees_the_other(served: DevServer) -> None:
    other = DevServer(ui_port=port_of(served))
    with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{port_of(served)}: "):
        other.start()


def test_stopping_hangs_up_on_browsers() -> None:
    with DevServer(ui_port=0) as served:
        browser = socket.create_connection(("127.0.0.1", port_of(served)), SECONDS)
        browser.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert browser.recv(1)
    with browser:
        while browser.recv(65536):
            pass


def test_whoever_makes_a_page_public_is_warned(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        page = PageServer("0.0.0.0", 0, lambda answer: None)  # noqa: S104 - that is the point
    page.stop()
    assert f"others can reach http://0.0.0.0:{page.port}/" in caplog.text
