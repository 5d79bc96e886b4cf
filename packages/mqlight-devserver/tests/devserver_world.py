"""Clients of hand-made frames, joined to the server's sans-IO side: no socket, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devserver_wire import (
    AMQP_HEADER,
    SASL_HEADER,
    Composite,
    Frame,
    Symbol,
    UByte,
    UInt,
    frame,
    frames,
    message,
    sections,
)

from mqlight_devserver._binding import Buffer
from mqlight_devserver.broker import Broker, ClientRegistry, RecentMessages
from mqlight_devserver.connection import Connection
from mqlight_devserver.settings import Settings
from mqlight_devserver.snapshot import Snapshot, take_snapshot

if TYPE_CHECKING:
    from mqlight_devserver.broker import Journal

ACCEPTED = Composite("accepted")
SETTLED, UNSETTLED, MIXED = UByte(1), UByte(0), UByte(2)


class World:
    """One server's state; `now` moves only when a test says so."""

    def __init__(self, journal: Journal | None = None, **settings: Any) -> None:
        self.settings = Settings(**settings)
        self.recent = RecentMessages(5)
        self.broker = Broker(self.settings.max_queued_bytes, journal, self.recent)
        self.registry: ClientRegistry[Connection] = ClientRegistry()
        self.clients: list[Client] = []
        self.now = 1000.0
        self.buffer = Buffer(128 * 1024)

    def client(self) -> Client:
        """A client that has said nothing yet."""
        client = Client(self)
        self.clients.append(client)
        return client

    def connect(self, client_id: str, **open_fields: object) -> Client:
        """A client that has opened its connection and session 0."""
        client = self.client()
        client.log_in()
        client.open(client_id, **open_fields)
        client.begin()
        client.take()
        return client

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.broker.expire(self.now)
        self.turn()

    def snapshot(self) -> Snapshot:
        connections = [client.connection for client in self.clients if not client.gone]
        return take_snapshot(self.broker, connections, self.recent, self.now - 1000, self.now)

    def turn(self) -> None:
        """What the loop does after it has read."""
        for _ in range(20):
            self.broker.deliver(self.now)
            for client in self.clients:
                client.collect()
            if not self.broker.ready:
                return


class Client:
    """Frames in, frames out; links are known by their handles."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.woken = 0
        self.output = b""
        self.gone = False
        self.slow = False
        self.next_id = 0
        self.connection = Connection(
            "test", world.settings, world.broker, world.registry, self._woken
        )

    def _woken(self, _connection: Connection) -> None:
        self.woken += 1

    def send(self, *data: bytes) -> None:
        """All in one read."""
        self.connection.receive(b"".join(data), self.world.now)
        self.world.turn()

    def collect(self) -> None:
        if self.gone:
            return
        while size := self.connection.fill(self.world.buffer):
            self.output += bytes(self.world.buffer.view[:size])
        if not self.slow:
            self.connection.written()

    def take_bytes(self) -> bytes:
        taken, self.output = self.output, b""
        return taken

    def take(self) -> list[Frame]:
        """The frames that have come since the last time."""
        return frames(self.take_bytes())

    def only(self, kind: str) -> Frame:
        """The one frame that has come, of this kind."""
        (found,) = self.take()
        assert found.kind == kind, found
        return found

    def drop(self) -> None:
        """The socket is gone, without a word."""
        self.connection.receive_eof(self.world.now)
        self.connection.free(self.world.now)
        self.gone = True
        self.world.turn()

    def log_in(self, mechanism: str = "ANONYMOUS", response: bytes = b"anonymous") -> None:
        init = Composite(
            "sasl_init", mechanism=Symbol(mechanism), initial_response=response, hostname="h"
        )
        self.send(SASL_HEADER, frame(init, kind=1))

    def open(self, client_id: str, **fields: object) -> None:
        self.send(
            AMQP_HEADER, frame(Composite("open", container_id=client_id, hostname="h", **fields))
        )

    def begin(self, channel: int = 0, window: int = 2**31 - 1) -> None:
        self.send(frame(begin(window), channel=channel))

    def subscribe(  # noqa: PLR0913
        self,
        address: str,
        *,
        handle: int = 0,
        credit: int = 100,
        mode: UByte = UNSETTLED,
        timeout: int = 0,
        channel: int = 0,
    ) -> None:
        """As the published clients do: attach, then credit."""
        self.send(
            frame(receiver(address, handle=handle, mode=mode, timeout=timeout), channel=channel)
        )
        if credit:
            self.credit(credit, handle=handle, channel=channel)

    def credit(self, credit: int, *, handle: int = 0, count: int = 0, **others: Any) -> None:
        channel = others.pop("channel", 0)
        self.send(frame(flow(handle, count, credit, **others), channel=channel))

    def publish_to(self, topic: str, *, handle: int = 1, channel: int = 0) -> None:
        self.send(frame(sender(topic, handle=handle), channel=channel))

    def publish(
        self, encoded: bytes | str = "hello", *, handle: int = 1, settled: bool = False
    ) -> None:
        payload = message(encoded) if isinstance(encoded, str) else encoded
        self.send(frame(self.transfer(handle=handle, settled=settled), payload))

    def transfer(self, *, handle: int = 1, settled: bool = False, **others: Any) -> Composite:
        number = self.next_id
        self.next_id += 1
        return Composite(
            "transfer",
            handle=UInt(handle),
            delivery_id=UInt(number),
            delivery_tag=b"%d" % number,
            message_format=UInt(0),
            settled=settled,
            **others,
        )

    def settle(self, first: int, last: int | None = None, **fields: Any) -> None:
        """As a receiver; accepted unless `state` says otherwise."""
        fields = {"settled": True, "state": ACCEPTED} | fields
        last_id = None if last is None else UInt(last)
        self.send(
            frame(Composite("disposition", role=True, first=UInt(first), last=last_id, **fields))
        )

    def detach(self, handle: int = 0, *, closed: bool = True) -> None:
        self.send(frame(Composite("detach", handle=UInt(handle), closed=closed)))

    def transfers(self) -> list[Frame]:
        return [frame for frame in self.take() if frame.kind == "transfer"]

    def bodies(self) -> list[object]:
        """The bodies of the messages that have come."""
        return [body_of(transfer.payload) for transfer in self.transfers()]


def begin(window: int = 2**31 - 1) -> Composite:
    return Composite(
        "begin",
        next_outgoing_id=UInt(0),
        incoming_window=UInt(window),
        outgoing_window=UInt(2**31 - 1),
    )


def receiver(address: str, *, handle: int, mode: UByte = UNSETTLED, timeout: int = 0) -> Composite:
    expiry = {"expiry_policy": Symbol("link-detach"), "timeout": UInt(timeout)} if timeout else {}
    return Composite(
        "attach",
        name=address,
        handle=UInt(handle),
        role=True,
        snd_settle_mode=mode,
        rcv_settle_mode=UByte(0),
        source=Composite("source", address=address, durable=UInt(0), **expiry),
        target=Composite("target", address=address, durable=UInt(0), **expiry),
    )


def sender(topic: str, *, handle: int, name: str | None = None, count: int = 0) -> Composite:
    return Composite(
        "attach",
        name=name or topic,
        handle=UInt(handle),
        role=False,
        snd_settle_mode=MIXED,
        rcv_settle_mode=UByte(0),
        source=Composite("source", address=topic),
        target=Composite("target", address=topic),
        initial_delivery_count=UInt(count),
    )


def flow(handle: int, count: int, credit: int, **others: Any) -> Composite:
    return Composite(
        "flow",
        next_incoming_id=UInt(0),
        incoming_window=UInt(2**31 - 1),
        next_outgoing_id=UInt(0),
        outgoing_window=UInt(2**31 - 1),
        handle=UInt(handle),
        delivery_count=UInt(count),
        link_credit=UInt(credit),
        **others,
    )


def body_of(encoded: bytes) -> object:
    return dict(sections(encoded))[0x77]


def header_of(encoded: bytes) -> Composite:
    header = dict(sections(encoded))["header"]
    assert isinstance(header, Composite)
    return header
