"""What comes to a port of the server that is no good client: it is ended, and others are served.

One server, a process, for all of it: what one scene would leave behind is there in the next ones.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from devserver_socket import SocketClient
from devserver_wire import AMQP_HEADER, SASL_HEADER, Composite, Raw, Symbol, UInt, encode, frame
from devserver_world import begin, flow, receiver, sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEBIBYTE = 1024 * 1024
GROWTH = 64 * MEBIBYTE
"""What the server may need more after everything that is done to it here."""
PEAK = 400 * MEBIBYTE
"""What it may need meanwhile: messages that are not complete are limited to 256 MiB."""

ANONYMOUS = frame(Composite("sasl_init", mechanism=Symbol("ANONYMOUS")), kind=1)
LOGGED_IN = SASL_HEADER + ANONYMOUS + AMQP_HEADER
OPEN = LOGGED_IN + frame(Composite("open", container_id="hostile"))
SESSION = OPEN + frame(begin())
PUBLISHING = SESSION + frame(sender("t", handle=1))
SUBSCRIBED = SESSION + frame(receiver("private:t", handle=0)) + frame(flow(0, 0, 100))


class Served(NamedTuple):
    """The server's process and its port."""

    process: subprocess.Popen[str]
    port: int

    def memory(self, line: str = "VmRSS") -> int:
        """Return the bytes that the process has in memory, or with VmHWM has had at most."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(status.partition(f"{line}:")[2].split()[0]) * 1024


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    command = [sys.executable, "-m", "mqlight_devserver", "--port", "0"]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        served = Served(process, int(process.stdout.readline().rpartition(":")[2]))
        serves(served)
        before = served.memory()
        yield served
        serves(served)
        assert served.memory() - before < GROWTH
        assert served.memory("VmHWM") < PEAK
        process.terminate()
        assert process.wait(20) == 0


def serves(served: Served) -> None:
    """A good client still exchanges a message with itself."""
    with SocketClient(served.port, "good") as client:
        client.subscribe("private:good")
        client.publish_to("good")
        client.publish("hello")
        assert client.next_body() == "hello"


def transfer(number: int = 0, payload: bytes = b"", **fields: object) -> bytes:
    known = {"handle": UInt(1), "delivery_id": UInt(number), "delivery_tag": b"t%d" % number}
    return frame(Composite("transfer", **{**known, **fields}), payload)


def nested(depth: int, layer: bytes = b"\xc0\xff\x01") -> Raw:
    """Lists in lists, or what `layer` is; the sizes need not be true for a reader to go down."""
    return Raw(layer * depth + b"\x40")


def deep_lists(depth: int) -> Raw:
    """Lists in lists with true sizes."""
    value = b"\x40"
    for _ in range(depth):
        value = b"\xd0" + (len(value) + 4).to_bytes(4, "big") + b"\x00\x00\x00\x01" + value
    return Raw(value)


NOISE = random.Random(4).randbytes(4096)  # noqa: S311 - the same on every run

ENDED = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(190),
    "noise": NOISE,
    "another protocol version": b"AMQP\x00\x00\x09\x01",
    "noise in SASL": SASL_HEADER + NOISE,
    "a frame of SASL that is too large": SASL_HEADER + b"\x7f\xff\xff\xff\x02\x01\x00\x00",
    "a frame shorter than its head": SASL_HEADER + b"\x00\x00\x00\x03\x02\x01\x00\x00",
    "an unknown mechanism": SASL_HEADER
    + frame(Composite("sasl_init", mechanism=Symbol("x" * 255)), kind=1),
    "SASL deep in lists": SASL_HEADER
    + frame(Composite("sasl_init", mechanism=deep_lists(150)), kind=1),
    "noise after SASL": LOGGED_IN + NOISE,
    "a frame that is too large": LOGGED_IN + b"\xff\xff\xff\xff\x02\x00\x00\x00",
    "a data offset beyond the frame": LOGGED_IN + b"\x00\x00\x00\x10\xff\x00\x00\x00" + bytes(8),
    "an open without a container-id": LOGGED_IN + frame(Composite("open")),
    "noise in a session": SESSION + NOISE,
    "a second open": SESSION + frame(Composite("open", container_id="hostile")),
    "a channel that was not begun": OPEN + frame(sender("t", handle=1), channel=7),
    "a channel beyond all": OPEN + frame(begin(), channel=0xFFFF),
    "a transfer on no link": SESSION + transfer(),
}
"""What a client says, upon which the server has to end the connection."""

PASSED_OVER = {
    "a client id of the wrong characters": LOGGED_IN
    + frame(Composite("open", container_id="a\0b\x1b[31m")),
    "properties deep in lists": LOGGED_IN
    + frame(Composite("open", container_id="x", properties=deep_lists(5000))),
    "lists that lie about their size": LOGGED_IN
    + frame(Composite("open", container_id="x", properties=nested(10_000))),
    "descriptors in descriptors": LOGGED_IN
    + frame(Composite("open", container_id="x", properties=nested(10_000, b"\x00"))),
    "a frame of SASL in a session": SESSION + ANONYMOUS,
    "a handle that is in use": PUBLISHING + frame(sender("u", handle=1)),
    "a performative that there is not": SESSION + frame(None, b"\x00\x53\x7f\xc0\x01\x00"),
    "a performative that is no list": SESSION + frame(None, b"\x00\x53\x14\xa1\x01x"),
}
"""What the engine reads as something else, or not at all, and goes on."""


@pytest.mark.parametrize("said", ENDED.values(), ids=ENDED.keys())
def test_a_client_that_makes_no_sense_is_hung_up_on(said: bytes, served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 20) as hostile:
        hostile.sendall(said)
        with suppress(ConnectionResetError):
            while hostile.recv(65536):
                pass
    serves(served)


@pytest.mark.parametrize("said", PASSED_OVER.values(), ids=PASSED_OVER.keys())
def test_what_is_passed_over_does_no_harm(said: bytes, served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 20) as hostile:
        hostile.sendall(said)
        serves(served)


def endless_transfer(hostile: socket.socket) -> None:
    """A message that never ends, much larger than the largest."""
    hostile.sendall(PUBLISHING)
    for number in range(200):
        hostile.sendall(transfer(0, bytes(MEBIBYTE), more=True) if number else transfer(more=True))


def endless_transfers(hostile: socket.socket) -> None:
    """Messages that never end, each below the limit, on many links."""
    hostile.sendall(SESSION)
    for handle in range(8):
        hostile.sendall(frame(sender(f"t{handle}", handle=handle)))
        for _ in range(60):
            more = transfer(handle, bytes(MEBIBYTE), handle=UInt(handle), more=True)
            hostile.sendall(more)


def empty_fragments(hostile: socket.socket) -> None:
    """A message in fragments of nothing."""
    hostile.sendall(PUBLISHING + transfer(more=True) * 50_000)


def aborted_transfers(hostile: socket.socket) -> None:
    hostile.sendall(PUBLISHING)
    for number in range(2000):
        hostile.sendall(transfer(number, b"x" * 1000, more=True) + transfer(number, aborted=True))


def more_than_credit(hostile: socket.socket) -> None:
    hostile.sendall(PUBLISHING + b"".join(transfer(n, b"\x00\x53\x77\x40") for n in range(5000)))


def storm_of_flows(hostile: socket.socket) -> None:
    odd = flow(0, 2**32 - 1, 2**32 - 1, echo=True)
    hostile.sendall(SUBSCRIBED + frame(odd) * 20_000)


def storm_of_links(hostile: socket.socket) -> None:
    """Attach and detach, over and over."""
    detach = frame(Composite("detach", handle=UInt(1), closed=True))
    hostile.sendall(SESSION)
    for number in range(5000):
        hostile.sendall(frame(sender(f"t{number}", handle=1)) + detach)


def many_links(hostile: socket.socket) -> None:
    hostile.sendall(SESSION)
    for number in range(20_000):
        hostile.sendall(frame(sender(f"t{number}", handle=number)))


def many_sessions(hostile: socket.socket) -> None:
    hostile.sendall(OPEN)
    for channel in range(20_000):
        hostile.sendall(frame(begin(), channel=channel))


def dispositions_of_everything(hostile: socket.socket) -> None:
    everything = Composite(
        "disposition", role=True, first=UInt(0), last=UInt(2**32 - 1), settled=True
    )
    backwards = Composite("disposition", role=True, first=UInt(9), last=UInt(0), settled=True)
    hostile.sendall(SUBSCRIBED + (frame(everything) + frame(backwards)) * 1000)


def messages_deep_in_lists(hostile: socket.socket) -> None:
    hostile.sendall(PUBLISHING)
    for number, value in enumerate((deep_lists(3000), nested(9000), nested(9000, b"\x00"))):
        hostile.sendall(transfer(number, b"\x00\x53\x77" + value))
        hostile.sendall(transfer(10 + number, b"\x00\x53\x72" + value))


def absurd_attaches(hostile: socket.socket) -> None:
    hostile.sendall(SESSION)
    for number, address in enumerate(("", "\0", "x" * 30_000, "private:" + "#/" * 5000, "share:a")):
        hostile.sendall(frame(receiver(address, handle=number)))
        hostile.sendall(frame(sender(address, handle=100 + number)))
    hostile.sendall(frame(Composite("attach", name="x", handle=UInt(200), role=True)))
    hostile.sendall(frame(Composite("attach", name="", handle=UInt(201), role=False)))


STORMS = [
    endless_transfer,
    endless_transfers,
    empty_fragments,
    aborted_transfers,
    more_than_credit,
    storm_of_flows,
    storm_of_links,
    many_links,
    many_sessions,
    dispositions_of_everything,
    messages_deep_in_lists,
    absurd_attaches,
]


@pytest.mark.parametrize("storm", STORMS, ids=lambda storm: storm.__name__)
def test_a_storm_passes_and_others_are_served(
    storm: Callable[[socket.socket], None], served: Served
) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 20) as hostile:
        # Ended half-way is as good as heard to the end; what the server answers is not read.
        with suppress(ConnectionResetError, BrokenPipeError):
            storm(hostile)
        serves(served)


def test_half_open_and_slow_clients_hold_nobody_up(served: Served) -> None:
    slow = []
    for said in (b"", b"AM", SASL_HEADER[:5], SASL_HEADER, LOGGED_IN, OPEN[:-3], SESSION[:-1]):
        slow += [socket.create_connection(("127.0.0.1", served.port), 20) for _ in range(20)]
        for one in slow[-20:]:
            one.sendall(said)
    serves(served)
    for one in slow:
        one.close()
    serves(served)


def test_any_cut_of_a_conversation_does_no_harm(served: Served) -> None:
    whole = PUBLISHING + transfer(0, encode(Composite("header")) + b"\x00\x53\x77\x40")
    for length in range(0, len(whole), 3):
        with socket.create_connection(("127.0.0.1", served.port), 20) as one:
            one.sendall(whole[:length])
    serves(served)


def test_any_changed_byte_of_a_conversation_does_no_harm(served: Served) -> None:
    whole = PUBLISHING + transfer(0, encode(Composite("header")) + b"\x00\x53\x77\x40")
    chance = random.Random(4)  # noqa: S311 - the same on every run
    for _ in range(400):
        changed = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            changed[chance.randrange(len(changed))] = chance.choice((0, 1, 0x40, 0xFF, 0x80))
        with socket.create_connection(("127.0.0.1", served.port), 20) as one:
            one.sendall(changed)
    serves(served)
