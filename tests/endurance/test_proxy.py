"""What the proxy does to a connection is what it says."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from .disturbances import BAG, Disturbance, Disturbances, Kind
from .proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 10.0
SENT = bytes(range(256)) * 40


class Script(Disturbances):
    """The same disturbance for every connection, after so many bytes, and no other after it."""

    def __init__(self, kind: Kind, after: int, seconds: float = 0.05) -> None:
        super().__init__(0, 1000)
        self._scripted = Disturbance(kind, after, seconds)

    def first(self) -> Disturbance:
        return self._scripted

    def next(self) -> Disturbance:
        return self._scripted._replace(after=2**62)


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends back what it gets; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(client: socket.socket) -> None:
        with client:
            try:
                while data := client.recv(1024):
                    client.sendall(data)
            except OSError:
                pass

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def connect(proxy: Proxy) -> socket.socket:
    port = int(proxy.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), PATIENCE)


def exchange(proxy: Proxy, size: int = len(SENT)) -> bytes:
    """Send through the proxy; return what comes back, up to `size` bytes or the end."""
    came = b""
    with connect(proxy) as client:
        client.sendall(SENT)
        while len(came) < size and (data := client.recv(65536)):
            came += data
    return came


def test_without_disturbances_every_byte_passes(echo: int) -> None:
    with Proxy(echo, Script(Kind.CUT, 1)) as proxy:
        proxy.calm()
        assert exchange(proxy) == SENT
    assert (proxy.disconnections, proxy.bytes_passed, proxy.bytes_lost) == (0, 2 * len(SENT), 0)


def test_a_stalled_connection_goes_on_and_loses_nothing(echo: int) -> None:
    with Proxy(echo, Script(Kind.STALL, len(SENT) + 5)) as proxy:
        assert exchange(proxy) == SENT
    assert proxy.counts == {Kind.STALL: 1}
    assert proxy.disconnections == 0


@pytest.mark.parametrize("kind", [Kind.CUT, Kind.TRUNCATE, Kind.HANG, Kind.ABANDON, Kind.REFUSE])
def test_a_connection_that_is_cut_ends_within_the_stream(echo: int, kind: Kind) -> None:
    with Proxy(echo, Script(kind, len(SENT) + 5_001)) as proxy:
        came = exchange(proxy)
    assert SENT.startswith(came)
    assert len(came) < len(SENT)
    assert proxy.counts == {kind: 1}
    assert proxy.disconnections == 1
    assert proxy.bytes_lost > 0
    if kind is Kind.TRUNCATE:
        assert len(came) == 5_001


def test_a_reset_is_an_error_to_the_client(echo: int) -> None:
    with Proxy(echo, Script(Kind.RESET, 100)) as proxy, pytest.raises(ConnectionResetError):
        exchange(proxy)


def test_a_silent_connection_stays_open(echo: int) -> None:
    with Proxy(echo, Script(Kind.SILENCE, 100)) as proxy, connect(proxy) as client:
        client.sendall(SENT)
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_nobody_listens_during_a_refusal(echo: int) -> None:
    with Proxy(echo, Script(Kind.REFUSE, 100, seconds=600)) as proxy:
        exchange(proxy)
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)


def test_a_refusal_passes(echo: int) -> None:
    with Proxy(echo, Script(Kind.REFUSE, 100)) as proxy:
        exchange(proxy)
        while True:
            try:
                connect(proxy).close()
            except ConnectionRefusedError:
                continue
            break


def test_a_seed_gives_the_same_disturbances() -> None:
    one, same, other = (Disturbances(seed, 10_000) for seed in (1, 1, 2))
    drawn = [one.first() for _ in range(50)]
    assert drawn == [same.first() for _ in range(50)]
    assert drawn != [other.first() for _ in range(50)]


def test_every_kind_comes_in_each_bag() -> None:
    drawn = Disturbances(1, 10_000)
    assert {drawn.next().kind for _ in range(BAG.total())} == set(Kind)
