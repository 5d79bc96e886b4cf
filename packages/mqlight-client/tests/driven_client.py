"""A client's engine without sockets and threads: the test is the driver and the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import proton

from mqlight._amqp.message import TEXT, encode_prefix, encode_text
from mqlight._drivers.control import Control
from mqlight._drivers.engine import Engine
from mqlight._drivers.settings import ClientSettings
from mqlight._machine.backlog import Backlog
from mqlight._machine.subscriptions import Subscription
from mqlight_core.errors import MQLightError, NetworkError
from mqlight_core.service import parse_service_url
from mqlight_core.source import service_source
from mqlight_core.topics import Destination
from mqlight_security import security_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from server_peer import ServerPeer

    from mqlight._amqp.connection import AmqpConnection
    from mqlight._drivers.calls import Call
    from mqlight._machine.states import State
    from mqlight_core.service import Service

SERVICE = parse_service_url("amqp://host:5672")
NEWS = Destination("news")
ADDRESS = "private:news"
BROKEN = NetworkError("connection reset by peer")


class RecordingHost:
    """A driver without sockets and threads, which notes what it is asked for."""

    def __init__(self) -> None:
        self.callbacks_pending = False
        self.resolving: list[int] = []
        self.dialling: list[tuple[int, Service]] = []
        self.hung_up = 0
        self.said_last: list[AmqpConnection] = []
        self.started: list[Callable[..., object]] = []
        self.stops = 0

    def resolve(self, attempt: int) -> None:
        self.resolving.append(attempt)

    def dial(self, attempt: int, service: Service) -> None:
        self.dialling.append((attempt, service))

    def hang_up(self) -> None:
        self.hung_up += 1

    def last_words(self, connection: AmqpConnection) -> None:
        self.said_last.append(connection)

    def tell_started(self, callback: Callable[..., object]) -> None:
        self.started.append(callback)

    def stopped(self) -> None:
        self.stops += 1

    def random(self) -> float:
        return 1.0


class DrivenClient:
    """An engine with its control, a server in memory, and a log of the callbacks."""

    def __init__(self, make_peer: Callable[..., ServerPeer]) -> None:
        self.make_peer = make_peer
        self.peer = make_peer()
        self.connected = False
        """Bytes go to the server and back."""
        self.now = 1000.0
        self.log: list[tuple[object, ...]] = []
        self.host = RecordingHost()
        self.control = Control(lambda: None)
        self.backlog = Backlog(10**9)
        self.engine = Engine(
            self.control,
            self.backlog,
            self.host,
            ClientSettings(
                client_id="client-1",
                source=service_source("amqp://host:5672"),
                security=security_options(None),
            ),
            on_state_changed=self.on_state_changed,
            on_drain=lambda client: self.log.append(("drain",)),
        )

    # The application's side.

    def on_state_changed(self, _client: object, state: State, error: Exception | None) -> None:
        self.log.append((state.value, error))

    def on_started(self, _client: object) -> None:
        self.log.append(("on_started",))

    def on_stopped(self, _client: object, error: Exception | None) -> None:
        self.log.append(("on_stopped", error))

    def on_sent(
        self, client: object, error: Exception | None, topic: str, data: object, options: object
    ) -> None:
        assert client is self
        self.log.append(("sent", topic, data, error and str(error)))

    def on_subscribed(
        self, _client: object, error: Exception | None, pattern: str, share: str | None
    ) -> None:
        self.log.append(("subscribed", pattern, share, error))

    def on_unsubscribed(
        self, _client: object, error: Exception | None, pattern: str, share: str | None
    ) -> None:
        self.log.append(("unsubscribed", pattern, share, error))

    def on_message(self, kind: str, data: object, delivery: dict[str, Any]) -> None:
        self.log.append((kind, data))

    def start(self) -> None:
        self.control.start(self.on_started)
        self.turn()

    def stop(self) -> None:
        self.control.stop(self.on_stopped)
        self.turn()

    def send(self, data: str, qos: int = 0, topic: str = "news") -> None:
        encoded = encode_text(encode_prefix(topic, TEXT), data)
        self.backlog.accepted += 1
        self.backlog.accepted_bytes += len(encoded)
        self.control.inbox.append((topic, encoded, qos, self.on_sent, data, {"qos": qos}))

    def subscribe(self, destination: Destination = NEWS, **options: Any) -> Subscription:
        callbacks = {"on_subscribed": self.on_subscribed, "on_message": self.on_message}
        subscription = Subscription(destination, **callbacks | options)
        self.control.subscribe(subscription)
        return subscription

    def unsubscribe(self, destination: Destination = NEWS, *, delete: bool = False) -> None:
        self.control.unsubscribe(destination, delete=delete, on_unsubscribed=self.on_unsubscribed)

    # The driver's side.

    def turn(self) -> None:
        """Go on until nothing is left to do."""
        while self.step() or self.run_calls():
            pass

    def step(self) -> bool:
        """One round without callbacks; True when there is more to do."""
        busy = bool(self.control.tasks)
        while self.control.tasks:
            self.engine.carry_out(self.control.tasks.popleft(), self.now)
        if self.control.inbox:
            self.engine.traffic.accept(self.control.take_inbox())
        busy |= self.engine.advance(self.now)
        busy |= self.engine.traffic.pump()
        if self.engine.connection is not None and self.connected:
            busy |= self.peer.exchange(self.engine.connection)
            self.engine.traffic.all_written()
        return busy or bool(self.control.tasks)

    def run_calls(self) -> bool:
        """Make the callbacks that are due; True if there were any."""
        calls: list[Call] = self.engine.calls[:]
        self.engine.calls.clear()
        for call in calls:
            call.run(self, self.failed)
        self.engine.traffic.finish(calls)
        return bool(calls)

    def failed(self, name: str, error: BaseException) -> None:
        self.log.append(("raised", name))
        self.control.stop(None, error if isinstance(error, Exception) else None)

    def dial(self) -> None:
        """Answer the look-up for services and connect a stream."""
        self.control.resolved(self.host.resolving.pop(), (SERVICE,))
        self.turn()
        self.connected = self.engine.stream_open(self.host.dialling.pop()[0], None)
        assert self.connected

    def reconnect(self, peer: ServerPeer | None = None) -> None:
        """Connect to a server that has just begun."""
        self.peer = peer or self.make_peer()
        self.dial()
        self.turn()

    def deliver(self, *texts: str) -> list[str]:
        """Send messages to the subscription to NEWS from the server; return their tags."""
        prefix = encode_prefix("news", TEXT)
        return [self.peer.send(ADDRESS, encode_text(prefix, text)) for text in texts]

    def lose(self, error: MQLightError = BROKEN) -> None:
        """The stream breaks; everything that follows from it happens."""
        self.connected = False
        self.engine.stream_broken(error, self.now)
        self.turn()

    def taken_log(self) -> list[tuple[object, ...]]:
        log, self.log = self.log, []
        return log

    @property
    def arrived(self) -> list[str]:
        """What the server has got."""
        texts = []
        for message in self.peer.transferred:
            decoded = proton.Message()
            decoded.decode(message.encoded)
            texts.append(str(decoded.body))
        return texts
