"""Servers that make no sense, or mean harm: a client says so in time, and works with the next one.

Each server says what it says to every connection, whatever it hears from it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from aio_runner import run

import mqlight
from mqlight._amqp.links import LARGEST_MESSAGE
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Make = Callable[..., Any]

LONGEST = 1300
"""Characters of an error's text, with the service and what to look at."""

SASL = b"AMQP\x03\x01\x00\x00"
AMQP = b"AMQP\x00\x01\x00\x00"


def frame(body: bytes, *, sasl: bool = False, channel: int = 0) -> bytes:
    head = (8 + len(body)).to_bytes(4, "big") + bytes((2, sasl)) + channel.to_bytes(2, "big")
    return head + body


def composite(code: int, *fields: bytes) -> bytes:
    content = b"".join(fields)
    size, count = (len(content) + 4).to_bytes(4, "big"), len(fields).to_bytes(4, "big")
    return b"\x00\x53" + bytes((code,)) + b"\xd0" + size + count + content


def text(value: str) -> bytes:
    encoded = value.encode()
    return b"\xb1" + len(encoded).to_bytes(4, "big") + encoded


def symbol(value: str) -> bytes:
    return b"\xb3" + len(value).to_bytes(4, "big") + value.encode()


def uint(value: int) -> bytes:
    return b"\x70" + value.to_bytes(4, "big")


def nested(depth: int) -> bytes:
    """Lists in lists."""
    value = b"\x40"
    for _ in range(depth):
        value = b"\xd0" + (len(value) + 4).to_bytes(4, "big") + b"\x00\x00\x00\x01" + value
    return value


def mechanisms(*names: str) -> bytes:
    symbols = b"".join(bytes((len(name),)) + name.encode() for name in names)
    size, count = (len(symbols) + 5).to_bytes(4, "big"), len(names).to_bytes(4, "big")
    return frame(composite(0x40, b"\xf0" + size + count + b"\xa3" + symbols), sasl=True)


def outcome(code: int) -> bytes:
    return frame(composite(0x44, b"\x50" + bytes((code,))), sasl=True)


NULL = b"\x40"
LOGGED_IN = SASL + mechanisms("ANONYMOUS") + outcome(0) + AMQP
OPEN = LOGGED_IN + frame(composite(0x10, text("hostile")))
BEGIN = frame(composite(0x11, b"\x60\x00\x00", uint(0), uint(1000), uint(1000)))
STARTED = OPEN + BEGIN


def error(condition: str, description: str) -> bytes:
    return composite(0x1D, symbol(condition), text(description))


def transfer(payload: bytes, *, handle: int = 0, more: bool = False) -> bytes:
    fields = (uint(handle), uint(0), b"\xa0\x01t", uint(0), b"\x41", b"\x41" if more else b"\x42")
    return frame(composite(0x14, *fields) + payload)


NOISE = random.Random(4).randbytes(3000)  # noqa: S311 - the same on every run
ESCAPES = "\x1b]0;owned\x07\r\n" + "x" * 30_000

RETRYING = {
    "nothing": b"",
    "half a header": SASL[:5],
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n<html>",
    "an alert of TLS": bytes.fromhex("15030300020246"),
    "a banner": b"SSH-2.0-OpenSSH_9.2\r\n",
    "another protocol version": b"AMQP\x00\x00\x09\x01",
    "noise": NOISE,
    "a frame of SASL that never ends": SASL + b"\x00\x00\x01\x00\x02\x01\x00\x00\x00",
    "noise after SASL": LOGGED_IN + NOISE,
    "a frame that is too large": LOGGED_IN + b"\xff\xff\xff\xff\x02\x00\x00\x00" + NOISE,
    "a frame that never ends": LOGGED_IN + b"\x00\x00\x7f\x00\x02\x00\x00\x00" + NOISE,
    "a frame shorter than its head": LOGGED_IN + b"\x00\x00\x00\x04\x02\x00\x00\x00",
    "an open and no more": OPEN,
    "a close with a giant description": OPEN
    + frame(composite(0x18, error("amqp:internal-error", ESCAPES))),
    "a close with a giant condition": OPEN
    + frame(composite(0x18, error("\x1b[31mx" * 30, ESCAPES))),
}
"""What a server says, and the client tries again."""

IN_A_SESSION = {
    "an end at once": (frame(composite(0x17)), "gave no reason"),
    "noise": (NOISE, "malformed frame"),
    "a link that nobody asked for": (
        frame(composite(0x12, text("x"), uint(5), b"\x41", NULL, NULL, composite(0x28), NULL)),
        "a link that nobody has asked for",
    ),
    "a session that nobody asked for": (
        frame(composite(0x11, NULL, uint(0), uint(1), uint(1)), channel=9),
        "a session that nobody has asked for",
    ),
    "a transfer on no link": (transfer(b"\x00\x53\x77\x40", handle=99), "no such handle"),
    "a detach of no link": (frame(composite(0x16, uint(99))), "no such handle"),
    "a flow of no link": (frame(composite(0x13, *[uint(99)] * 7)), "no such handle"),
    "dispositions of everything": (
        frame(composite(0x15, b"\x41", uint(0), uint(2**32 - 1), b"\x41", composite(0x24))),
        "illegal delivery range",
    ),
    "a performative that there is not": (
        frame(b"\x00\x53\x7f\xc0\x01\x00"),
        "a frame that can not be read",
    ),
    "a redirection": (
        frame(composite(0x18, error("amqp:connection:redirect", "elsewhere"))),
        "amqp:connection:redirect: elsewhere",
    ),
}
"""What a server says to a client that has started, and why the client tries again."""

STOPPED = {
    "no mechanism": SASL + mechanisms(),
    "mechanisms that nobody knows": SASL + mechanisms("X-1", "SCRAM-SHA-999"),
    "very many mechanisms": SASL + mechanisms(*(f"X-{number}" for number in range(2000))),
    "not you": SASL + mechanisms("ANONYMOUS") + outcome(1),
    "not you, before it has heard anything": SASL + outcome(1),
    "an outcome that there is not": SASL + mechanisms("ANONYMOUS") + outcome(99),
    "unauthorized, with terminal escapes": OPEN
    + frame(composite(0x18, error("amqp:unauthorized-access", ESCAPES))),
}
"""What a server says, and the client stops with SecurityError."""

GOING_ON = {
    "properties deep in lists": LOGGED_IN
    + frame(composite(0x10, text("s"), *[NULL] * 8, b"\xc1\xff\x02" + symbol("x") + nested(3000)))
    + BEGIN,
    "the smallest frames": LOGGED_IN
    + frame(composite(0x10, text("s"), NULL, uint(512), b"\x60\x00\x00"))
    + BEGIN,
    "no window at all": OPEN + frame(composite(0x11, b"\x60\x00\x00", uint(0), uint(0), uint(0))),
    "flows of absurd numbers": STARTED + frame(composite(0x13, *[uint(2**32 - 1)] * 4)) * 1000,
}
"""What a server says, and the client may take it for a server or not: it ends when it is told."""


BEGIN_OF_CLIENT, ATTACH_OF_CLIENT = b"\x00\x53\x11", b"\x00\x53\x12"


def hear(connection: socket.socket, awaited: bytes) -> None:
    """Read until something has come, or the client has gone."""
    heard = b""
    while awaited not in heard:
        data = connection.recv(4096)
        if not data:
            raise ConnectionResetError
        heard += data


@dataclass
class Hostile:
    """Says something to whoever connects, and leaves the connection open.

    What follows the log-in waits for the client's begin, without which any answer to it is wrong.
    """

    said: bytes
    then: Callable[[socket.socket], None] | None = None
    """How it goes on."""

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                with contextlib.suppress(OSError):
                    self._speak(connection)

    def _speak(self, connection: socket.socket) -> None:
        said = self.said
        if said.startswith(LOGGED_IN):
            connection.sendall(LOGGED_IN)
            hear(connection, BEGIN_OF_CLIENT)
            said = said[len(LOGGED_IN) :]
        connection.sendall(said)
        if self.then is not None:
            self.then(connection)

    @property
    def url(self) -> str:
        return f"amqp://127.0.0.1:{self.port}"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for connection in self._connections:
            connection.close()


@pytest.fixture
def hostile() -> Iterator[Callable[..., Hostile]]:
    made: list[Hostile] = []

    def make(said: bytes, then: Callable[[socket.socket], None] | None = None) -> Hostile:
        made.append(Hostile(said, then))
        return made[-1]

    yield make
    for one in made:
        one.close()


def assert_readable(error: BaseException | None, kind: type[Exception], url: str) -> None:
    """The documented kind, from where it came, one line that is safe to print and not endless."""
    assert type(error) is kind
    assert url in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < LONGEST


@pytest.mark.parametrize("said", RETRYING.values(), ids=RETRYING.keys())
def test_the_client_tries_again_and_works_with_the_server_that_comes_then(
    said: bytes, hostile: Callable[..., Hostile], program: Make
) -> None:
    server = hostile(said)
    one = program(server.url, client_options={"connect_timeout": 300})
    assert_readable(one.wait_state("retrying"), mqlight.NetworkError, server.url)
    server.close()
    with DevServer(port=server.port):
        before = one.states.count("started")
        one.wait_for(lambda: one.states.count("started") > before)
        one.deliver("t", "hello")
        one.stop()


@pytest.mark.parametrize(("said", "why"), IN_A_SESSION.values(), ids=IN_A_SESSION.keys())
def test_what_breaks_a_session_is_an_outage(
    said: bytes, why: str, hostile: Callable[..., Hostile], program: Make
) -> None:
    server = hostile(STARTED + said)
    one = program(server.url)
    error = one.wait_state("retrying")
    assert_readable(error, mqlight.NetworkError, server.url)
    assert why in str(error)
    assert one.states[:3] == ["starting", "started", "retrying"]
    server.close()
    with DevServer(port=server.port):
        one.wait_for(lambda: one.states[-1] == "started")
        one.deliver("t", "hello")
        one.stop()


def test_a_message_that_never_ends_takes_no_more_than_the_largest_may(
    hostile: Callable[..., Hostile], program: Make
) -> None:
    attach = composite(
        0x12, text("private:t"), uint(0), b"\x42", NULL, NULL, composite(0x28), NULL, NULL, NULL,
        uint(0),
    )  # fmt: skip

    def pour(connection: socket.socket) -> None:
        hear(connection, ATTACH_OF_CLIENT)
        connection.sendall(frame(attach))
        part = transfer(bytes(30_000), more=True) * 10
        while True:
            connection.sendall(part)

    server = hostile(STARTED, pour)
    before = resident()
    one = program(server.url)
    one.wait_named("on_started")
    one.client.subscribe("t", on_message=one.recorder("on_message"))
    error = one.wait_state("retrying")
    assert type(error) is mqlight.NetworkError
    assert "subscription 'private:t': the server sent a message of more than" in str(error)
    assert resident() - before < 2 * LARGEST_MESSAGE
    assert one.named("on_message") == []


def resident() -> int:
    """Return how many bytes of memory this process has at most had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("said", STOPPED.values(), ids=STOPPED.keys())
def test_the_client_stops_where_it_is_not_wanted(
    said: bytes, hostile: Callable[..., Hostile], program: Make
) -> None:
    server = hostile(said)
    one = program(server.url, client_options={"connect_timeout": 5000})
    assert_readable(one.wait_state("stopped"), mqlight.SecurityError, server.url)


@pytest.mark.parametrize("said", GOING_ON.values(), ids=GOING_ON.keys())
def test_the_client_ends_when_it_is_told_to(
    said: bytes, hostile: Callable[..., Hostile], program: Make
) -> None:
    one = program(hostile(said).url, client_options={"connect_timeout": 300, "stop_timeout": 300})
    one.wait_for(lambda: {"started", "retrying"} & set(one.states))
    one.client.subscribe("t", on_message=one.recorder("on_message"))
    one.send("t", "x" * 1000, qos=1)
    one.stop()
    assert one.states[-1] == "stopped"


@pytest.mark.parametrize("said", [RETRYING["noise"], RETRYING["noise after SASL"], STARTED + NOISE])
def test_noise_is_an_outage_on_an_event_loop_too(
    said: bytes, hostile: Callable[..., Hostile]
) -> None:
    async def test() -> None:
        retrying = asyncio.Event()

        def note(_client: object, state: str, _error: Exception | None) -> None:
            if state == "retrying":
                retrying.set()

        options: Any = {"connect_timeout": 300}
        client = mqlight.aio.Client(
            hostile(said).url, client_options=options, on_state_changed=note
        )
        starting = asyncio.create_task(client.start())
        await asyncio.wait(
            {starting, asyncio.create_task(retrying.wait())}, return_when="FIRST_COMPLETED"
        )
        await client.stop()
        with contextlib.suppress(mqlight.StoppedError):
            await starting
        await retrying.wait()

    run(test())
