from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight_core import MQLightError, NetworkError, SecurityError
from mqlight_core.document import LONGEST_DOCUMENT
from mqlight_core.http_lookup import Deadline, fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight_core.lookup_url import HttpUrl

DOCUMENT = b'{"service": "amqp://host"}'
URL = "http://host/lookup"


class Web:
    """Answers each connection with the next of its answers, on a clock of its own."""

    def __init__(
        self, *answers: bytes | Exception, seconds_for_each_piece: float = 0.0, piece: int = 65536
    ) -> None:
        self.now = 1000.0
        self.answers = list(answers)
        self.seconds_for_each_piece = seconds_for_each_piece
        self.piece = piece
        self.asked: list[tuple[str, int]] = []
        self.requests: list[bytes] = []
        self.open = 0
        self.sent = 0

    def connect(self, url: HttpUrl, _deadline: Deadline) -> Wire:
        self.asked.append((url.host, url.port))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.open += 1
        return Wire(self, answer)

    def fetch(self, url: str = URL, seconds: float = 5.0) -> bytes:
        try:
            return fetch(url, seconds, connect=self.connect, clock=lambda: self.now)
        finally:
            assert self.open == 0

    def failure(self, url: str = URL) -> MQLightError:
        with pytest.raises(MQLightError) as caught:
            self.fetch(url)
        assert caught.value.__context__ is None
        return caught.value


class Wire:
    def __init__(self, web: Web, answer: bytes) -> None:
        self.web = web
        self.answer = answer
        self.timeout = 0.0

    def settimeout(self, seconds: float, /) -> None:
        assert seconds > 0
        self.timeout = seconds

    def sendall(self, data: bytes, /) -> None:
        self.web.requests.append(data)

    def recv_into(self, buffer: memoryview, /) -> int:
        self.web.now += min(self.web.seconds_for_each_piece, self.timeout)
        if self.web.seconds_for_each_piece >= self.timeout:
            raise TimeoutError
        piece = self.answer[: min(self.web.piece, len(buffer))]
        self.answer = self.answer[len(piece) :]
        buffer[: len(piece)] = piece
        self.web.sent += len(piece)
        return len(piece)

    def close(self) -> None:
        self.web.open -= 1


def ok(document: bytes = DOCUMENT) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(document), document)


def redirect(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\n\r\n".encode()


def chunked(*chunks: bytes) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


def test_a_request_asks_for_the_path_and_query_on_the_host() -> None:
    web = Web(ok())
    assert web.fetch("http://Host:8080/a b?c=d#e".replace(" ", "%20")) == DOCUMENT
    assert web.asked == [("host", 8080)]
    lines = web.requests[0].split(b"\r\n")
    assert lines[0] == b"GET /a%20b?c=d HTTP/1.1"
    assert b"Host: host:8080" in lines
    assert b"Accept: application/json" in lines
    assert lines[-2:] == [b"", b""]


@pytest.mark.parametrize(
    "answer",
    [
        ok(),
        chunked(DOCUMENT[:5], DOCUMENT[5:]),
        b"HTTP/1.0 200 OK\r\n\r\n" + DOCUMENT,
        b"HTTP/1.1 100 Continue\r\n\r\n" + ok(),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 65536])
def test_an_answer_is_put_together(answer: bytes, piece: int) -> None:
    assert Web(answer, piece=piece).fetch() == DOCUMENT


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("204 No Content", "204 (No Content)"),
        ("304 Not Modified", "304 (Not Modified)"),
        ("404 Gone\x1b[2J", "404 (Not Found)"),
        ("503 Busy", "503 (Service Unavailable)"),
        ("599 Odd", "599"),
    ],
)
def test_another_status_is_a_network_error(status: str, said: str) -> None:
    error = Web(f"HTTP/1.1 {status}\r\n\r\n".encode()).failure()
    assert isinstance(error, NetworkError)
    assert str(error) == f"{URL}: the server answered with status {said}"


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (OSError("the host has no address"), "the host has no address"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "EOF occurred in violation"),
        (TimeoutError("timed out"), "no answer within 5 seconds"),
    ],
)
def test_what_the_system_says_is_a_network_error(problem: OSError, reason: str) -> None:
    error = Web(problem).failure()
    assert isinstance(error, NetworkError)
    assert str(error).startswith(f"{URL}: {reason}")


def test_a_bad_certificate_is_a_security_error() -> None:
    problem = ssl.SSLCertVerificationError(1, "certificate verify failed")
    problem.verify_message = "unable to get local issuer certificate"
    error = Web(problem).failure()
    assert isinstance(error, SecurityError)
    assert str(error) == f"{URL}: TLS failed: unable to get local issuer certificate"


def test_tls_to_a_plain_port_is_a_security_error() -> None:
    problem = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
    error = Web(problem).failure()
    assert isinstance(error, SecurityError)
    assert "wrong version number" in str(error)


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 xyz\r\n\r\n"])
def test_what_is_not_http_is_a_network_error(answer: bytes) -> None:
    error = Web(answer).failure()
    assert isinstance(error, NetworkError)
    assert str(error) == f"{URL}: the answer is not HTTP (BadStatusLine)"


@pytest.mark.parametrize("length", [0, 9, len(ok()) - 1])
@pytest.mark.parametrize("whole", [ok(), chunked(DOCUMENT)])
def test_an_answer_that_is_cut_off_is_a_network_error(whole: bytes, length: int) -> None:
    assert isinstance(Web(whole[:length]).failure(), NetworkError)


def test_a_document_that_is_cut_off_is_not_shown() -> None:
    error = Web(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + DOCUMENT).failure()
    assert str(error) == f"{URL}: the answer was cut off"


def test_a_secret_in_the_url_is_not_shown() -> None:
    error = Web(b"HTTP/1.1 500 Oops\r\n\r\n").failure("http://host/lookup?key=S3CRET")
    assert str(error).startswith("http://host/lookup?********: ")


def test_a_document_as_long_as_the_limit_is_read_whole() -> None:
    document = DOCUMENT.ljust(LONGEST_DOCUMENT)
    assert Web(ok(document)).fetch() == document


@pytest.mark.parametrize(
    "answer",
    [
        ok(bytes(3 * LONGEST_DOCUMENT)),
        chunked(*[bytes(65536)] * 48),
        b"HTTP/1.1 200 OK\r\n\r\n" + bytes(3 * LONGEST_DOCUMENT),
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n" + bytes(3 * LONGEST_DOCUMENT),
    ],
)
def test_no_more_is_read_than_tells_that_it_is_too_long(answer: bytes) -> None:
    web = Web(answer)
    assert len(web.fetch()) == LONGEST_DOCUMENT + 1
    assert web.sent < LONGEST_DOCUMENT + 100_000


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"
        + bytes(4 * LONGEST_DOCUMENT),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 200_000,
        b"HTTP/1.1 200 OK\r\n" + b"a" * 4 * LONGEST_DOCUMENT,
    ],
)
def test_an_answer_that_never_ends_is_given_up(answer: bytes) -> None:
    web = Web(answer)
    assert isinstance(web.failure(), NetworkError)
    assert web.sent <= 2 * LONGEST_DOCUMENT


def test_what_follows_the_last_chunk_is_given_up_when_it_never_ends() -> None:
    web = Web(chunked(DOCUMENT)[:-2] + b"a: b\r\n" * 800_000)
    assert web.fetch() == DOCUMENT
    assert web.sent <= 2 * LONGEST_DOCUMENT


@pytest.mark.parametrize("seconds_for_each_piece", [0.3, 6.0])
def test_the_deadline_is_for_all_of_it(seconds_for_each_piece: float) -> None:
    web = Web(ok(), seconds_for_each_piece=seconds_for_each_piece, piece=1)
    error = web.failure()
    assert isinstance(error, NetworkError)
    assert str(error) == f"{URL}: no answer within 5 seconds"
    assert web.now == pytest.approx(1005.0)


def test_redirects_have_no_deadline_of_their_own() -> None:
    hops = [redirect("/again")] * 4
    web = Web(*hops, ok(), seconds_for_each_piece=1.5)
    error = web.failure()
    assert "no answer within 5 seconds" in str(error)
    assert web.now == pytest.approx(1005.0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(status: int) -> None:
    web = Web(redirect("https://other:444/there?a=b", status), redirect("here", status), ok())
    assert web.fetch() == DOCUMENT
    assert web.asked == [("host", 80), ("other", 444), ("other", 444)]
    assert [request.split(b" ")[1] for request in web.requests] == [
        b"/lookup",
        b"/there?a=b",
        b"/here",
    ]


def test_a_sixth_redirect_is_not_followed() -> None:
    assert Web(*[redirect("/again")] * 5, ok()).fetch() == DOCUMENT
    error = Web(*[redirect("/again")] * 6).failure()
    assert isinstance(error, NetworkError)
    assert str(error).endswith("more than 5 redirects")


def test_a_redirect_never_leaves_tls() -> None:
    web = Web(redirect("http://other/"), ok())
    error = web.failure("https://host/")
    assert isinstance(error, SecurityError)
    assert str(error) == "https://host/: the redirect to http://other/ would leave TLS"
    assert web.asked == [("host", 443)]


@pytest.mark.parametrize(
    "location",
    ["", "file:///etc/passwd", "ftp://host/", "http://me:S3CRET@host/", "http://[", "//"],
)
def test_a_redirect_to_something_else_is_a_network_error(location: str) -> None:
    web = Web(redirect(location), *[redirect(location)] * 5)
    error = web.failure()
    assert isinstance(error, NetworkError)
    assert "S3CRET" not in str(error)


def test_an_error_after_a_redirect_names_both() -> None:
    error = Web(redirect("http://other/?key=S3CRET"), b"HTTP/1.1 500 Oops\r\n\r\n").failure()
    assert str(error).startswith(
        f"{URL}, redirected to http://other/?********: the server answered"
    )


PIECES = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 302 Found\r\n",
    b"HTTP/",
    b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n",
    b"Location: http://other/\r\n",
    b"\r\n",
    b"5\r\n",
    b"-1\r\n",
    b"99999999999",
    b"0\r\n\r\n",
    DOCUMENT,
]
answers = st.lists(st.sampled_from(PIECES) | st.binary(max_size=20)).map(b"".join)


@given(st.lists(answers, min_size=6, max_size=6))
def test_whatever_the_server_says_is_a_document_or_a_documented_error(said: list[bytes]) -> None:
    try:
        document = Web(*said).fetch()
    except (NetworkError, SecurityError):
        return
    assert len(document) <= LONGEST_DOCUMENT + 1


def test_a_deadline_tells_what_is_left() -> None:
    times = iter([10.0, 11.0, 14.5, 15.0])
    clock: Callable[[], float] = lambda: next(times)  # noqa: E731
    deadline = Deadline(5.0, clock)
    assert deadline.left() == 4.0
    assert deadline.left() == 0.5
    with pytest.raises(TimeoutError):
        deadline.left()
