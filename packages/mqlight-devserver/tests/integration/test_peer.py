from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from devserver_wire import AMQP_HEADER, SASL_HEADER, Composite, frame, frames

from mqlight_devserver._binding import Buffer
from mqlight_devserver.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devserver_world import World


class Wired:
    """A peer, and the other end of its socket."""

    def __init__(self, world: World) -> None:
        accepted, self.client = socket.socketpair()
        accepted.settimeout(0)
        self.client.settimeout(10)
        self.connection = world.client().connection
        self.peer = Peer(accepted, self.connection)
        self.world = world
        self.reading = memoryview(bytearray(65536))
        self.writing = Buffer(128 * 1024)

    def exchange(self, *data: bytes) -> bytes:
        self.client.sendall(b"".join(data))
        self.peer.read(self.reading, self.world.now)
        self.peer.write(self.writing)
        return self.client.recv(65536)


@pytest.fixture
def wired(world: World) -> Iterator[Wired]:
    wired = Wired(world)
    yield wired
    wired.client.close()
    wired.peer.close(world.now)


def test_bytes_go_through_the_connection(wired: Wired) -> None:
    assert wired.exchange(SASL_HEADER).startswith(SASL_HEADER)


def test_reading_without_bytes_is_nothing(wired: Wired) -> None:
    wired.peer.read(wired.reading, wired.world.now)
    assert not wired.peer.gone


def test_the_clients_end_is_the_peers_end(wired: Wired) -> None:
    wired.client.close()
    wired.peer.read(wired.reading, wired.world.now)
    assert wired.peer.gone


def test_a_reset_is_an_end_too(wired: Wired) -> None:
    wired.client.sendall(b"x")
    wired.peer.socket.close()
    wired.peer.read(wired.reading, wired.world.now)
    assert wired.peer.gone


def test_writing_to_a_client_that_has_gone_is_an_end(wired: Wired) -> None:
    wired.client.sendall(AMQP_HEADER + frame(Composite("open", container_id="c")))
    wired.peer.read(wired.reading, wired.world.now)
    wired.client.close()
    wired.peer.write(wired.writing)
    assert wired.peer.gone


def test_a_closed_connection_is_hung_up_on_when_all_is_said(wired: Wired) -> None:
    opened = AMQP_HEADER + frame(Composite("open", container_id="c"))
    said = wired.exchange(opened, frame(Composite("close")))
    assert [found.kind for found in frames(said)] == ["open", "close"]
    assert wired.client.recv(1) == b""
    assert not wired.peer.gone
    # What the client still says is read and forgotten, until it hangs up as well.
    wired.client.sendall(b"more")
    wired.peer.read(wired.reading, wired.world.now)
    wired.peer.write(wired.writing)
    assert not wired.peer.gone
    wired.client.close()
    wired.peer.read(wired.reading, wired.world.now)
    assert wired.peer.gone


def test_a_client_that_does_not_read_blocks_its_output_only(wired: Wired, world: World) -> None:
    wired.exchange(AMQP_HEADER, frame(Composite("open", container_id="c")))
    publisher = world.connect("p")
    publisher.publish_to("a")
    subscriber = world.clients[0]
    subscriber.gone = True  # its output goes to the socket, not to the test's client
    subscriber.begin()
    subscriber.subscribe("private:a", credit=10_000)
    wired.peer.write(wired.writing)
    for _ in range(100):
        publisher.publish("x" * 100_000, settled=True)
        wired.peer.write(wired.writing)
    assert wired.peer.blocked
    received = b""
    while wired.peer.blocked or world.broker.ready:
        received += wired.client.recv(1_000_000)
        wired.peer.write(wired.writing)
        world.broker.deliver(world.now)
    wired.client.settimeout(0)
    wired.peer.write(wired.writing)
    while True:
        try:
            received += wired.client.recv(1_000_000)
        except BlockingIOError:
            break
        wired.peer.write(wired.writing)
    kinds = [found.kind for found in frames(received)]
    assert kinds.count("transfer") == 100
