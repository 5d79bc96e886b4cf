from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import proton
import pytest

from mqlight._amqp.message import TEXT, encode_prefix, encode_text
from mqlight._drivers.control import Control, Invoke
from mqlight._drivers.engine import Engine
from mqlight._drivers.settings import ClientSettings
from mqlight._machine.backlog import Backlog
from mqlight._machine.states import State
from mqlight._machine.subscriptions import Progress, Subscription
from mqlight_core.errors import (
    MQLightError,
    NetworkError,
    NotPermittedError,
    ReplacedError,
    SecurityError,
    StoppedError,
    SubscribedError,
    UnsubscribedError,
)
from mqlight_core.service import parse_service_url
from mqlight_core.source import service_source
from mqlight_core.topics import Destination
from mqlight_security import security_options
from mqlight_security.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import ServerPeer

    from mqlight._amqp.connection import AmqpConnection
    from mqlight._drivers.calls import Call
    from mqlight._machine.outbox import Send
    from mqlight_core.service import Service

SERVICE = parse_service_url("amqp://host:5672")
NEWS = Destination("news")
ADDRESS = "private:news"
BROKEN = NetworkError("connection reset by peer")


class RecordingHost:
    """A driver without sockets and threads, which notes what it is asked for."""

    def __init__(self) -> None:
        self.inbox: deque[Send] = deque()
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

    def take_inbox(self) -> list[Send]:
        taken = list(self.inbox)
        self.inbox.clear()
        return taken

    def random(self) -> float:
        return 1.0


class Client:
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
        self.host.inbox.append((topic, encoded, qos, self.on_sent, data, {"qos": qos}))

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
        if self.host.inbox:
            self.engine.traffic.accept(self.host.take_inbox())
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


@pytest.fixture
def idle(make_peer: Callable[..., ServerPeer]) -> Iterator[Client]:
    """Return a client that has not been started."""
    client = Client(make_peer)
    yield client
    client.engine.drop()


@pytest.fixture
def client(idle: Client) -> Client:
    """Return a client that is started."""
    idle.start()
    idle.dial()
    idle.turn()
    idle.taken_log()
    return idle


# Starting, failing, retrying.


def test_a_start_looks_up_dials_opens_and_tells(idle: Client) -> None:
    idle.start()
    assert idle.taken_log() == [("starting", None)]
    idle.dial()
    assert idle.taken_log() == []
    assert idle.engine.deadline() == idle.now + 30.0
    idle.turn()
    assert idle.taken_log() == [("started", None)]
    assert idle.host.started == [idle.on_started]
    assert idle.control.service == SERVICE
    assert idle.peer.connection.remote_container == "client-1"
    assert idle.peer.connection.remote_hostname == "host"


def test_an_attempt_that_failed_is_followed_by_a_wait(idle: Client) -> None:
    idle.start()
    idle.engine.attempt_failed(idle.host.resolving.pop(), BROKEN, idle.now)
    idle.turn()
    assert idle.taken_log() == [("starting", None), ("retrying", BROKEN)]
    assert idle.engine.deadline() == 1002.0
    assert idle.host.resolving == []
    idle.now = 1001.9
    idle.turn()
    assert idle.host.resolving == []
    idle.now = 1002.0
    idle.turn()
    assert len(idle.host.resolving) == 1
    idle.reconnect()
    assert idle.taken_log() == [("started", None)]
    assert idle.host.started == [idle.on_started]


def test_a_dialled_service_that_does_not_answer_is_an_attempt_that_failed(idle: Client) -> None:
    idle.start()
    idle.control.resolved(idle.host.resolving.pop(), (SERVICE,))
    idle.turn()
    hung_up = idle.host.hung_up
    idle.engine.attempt_failed(idle.host.dialling.pop()[0], BROKEN, idle.now)
    idle.turn()
    assert idle.host.hung_up > hung_up
    assert idle.control.state is State.RETRYING


@pytest.mark.parametrize("dialled", [False, True])
def test_an_attempt_has_its_time(idle: Client, *, dialled: bool) -> None:
    idle.start()
    if dialled:
        idle.dial()
        idle.connected = False
    else:
        idle.control.resolved(idle.host.resolving.pop(), (SERVICE,))
    idle.turn()
    idle.now += 29.9
    idle.turn()
    assert idle.control.state is State.STARTING
    idle.now += 0.2
    idle.turn()
    state, error = idle.taken_log()[-1]
    assert state == "retrying"
    assert str(error) == "amqp://host:5672: no connection within 30 seconds"
    assert idle.engine.connection is None


def test_a_stream_that_nobody_waits_for_is_not_taken(idle: Client) -> None:
    idle.start()
    idle.control.resolved(idle.host.resolving.pop(), (SERVICE,))
    idle.turn()
    attempt, _ = idle.host.dialling.pop()
    assert not idle.engine.stream_open(attempt + 1, None)
    idle.stop()
    assert not idle.engine.stream_open(attempt, None)
    assert idle.engine.connection is None


def test_credentials_are_used(idle: Client) -> None:
    idle.start()
    idle.control.resolved(idle.host.resolving.pop(), (SERVICE,))
    idle.turn()
    idle.peer.transport.sasl().allowed_mechs("PLAIN")
    idle.connected = idle.engine.stream_open(
        idle.host.dialling.pop()[0], Credentials("ann", "secret")
    )
    idle.step()
    assert idle.engine.connection is not None
    assert "ann" not in repr(idle.engine.connection)


def test_a_server_that_closes_at_once_is_an_attempt_that_failed(idle: Client) -> None:
    idle.start()
    idle.dial()
    idle.lose()
    state, error = idle.taken_log()[-1]
    assert state == "retrying"
    assert str(BROKEN) in str(error)
    assert idle.engine.deadline() == 1002.0


def test_a_lost_connection_is_made_again_at_once(client: Client) -> None:
    client.lose()
    assert client.taken_log() == [("retrying", BROKEN)]
    assert client.control.service is None
    assert len(client.host.resolving) == 1
    client.reconnect()
    assert client.taken_log() == [("started", None)]
    assert client.host.started == [client.on_started]


def test_a_connection_that_the_server_closes_for_good_stops_the_client(client: Client) -> None:
    client.peer.connection.condition = proton.Condition("ServerContext_Takeover", "another")
    client.peer.connection.close()
    client.turn()
    ((state, error),) = client.taken_log()
    assert state == "stopped"
    assert type(error) is ReplacedError
    assert client.host.stops == 1
    assert client.host.resolving == []


def test_before_a_connection_is_given_up_the_server_is_told(client: Client) -> None:
    client.subscribe()
    client.turn()
    client.peer.end(client.peer.links[ADDRESS], "amqp:link:detach-forced", "deleted")
    client.turn()
    assert len(client.host.said_last) == 1
    assert client.control.state is State.RETRYING


def test_heartbeats_are_a_deadline(idle: Client) -> None:
    idle.peer.transport.idle_timeout = 10
    idle.start()
    idle.dial()
    idle.turn()
    deadline = idle.engine.deadline()
    assert deadline is not None
    assert idle.now < deadline <= idle.now + 10


def test_silence_of_the_server_is_a_lost_connection(client: Client) -> None:
    client.connected = False
    client.now += 59
    client.turn()
    assert client.control.state is State.STARTED
    client.now += 61
    client.turn()
    ((state, error),) = client.taken_log()
    assert state == "retrying"
    assert type(error) is NetworkError


def test_steps_of_other_threads_are_taken_on_the_engines(client: Client) -> None:
    client.control.post(Invoke(lambda: client.log.append(("step",))))
    client.turn()
    assert client.taken_log() == [("step",)]


def test_nothing_is_taken_in_without_a_connection(idle: Client) -> None:
    idle.engine.stream_broken(BROKEN, idle.now)
    assert not idle.engine.advance(idle.now)
    assert idle.engine.deadline() is None


# Stopping.


def test_a_stop_closes_and_tells(client: Client) -> None:
    client.stop()
    assert client.taken_log() == [("stopping", None), ("stopped", None), ("on_stopped", None)]
    assert client.host.stops == 1
    assert client.engine.connection is None
    assert client.engine.deadline() is None


def test_a_stop_sends_what_is_accepted_and_awaits_its_settlement(client: Client) -> None:
    client.send("one", qos=1)
    client.send("two")
    client.stop()
    assert client.arrived == ["one", "two"]
    assert client.taken_log() == [("stopping", None), ("sent", "news", "two", None)]
    client.peer.settle_all()
    client.turn()
    assert client.taken_log() == [
        ("sent", "news", "one", None),
        ("stopped", None),
        ("on_stopped", None),
    ]


def test_a_stop_tells_in_order(client: Client) -> None:
    client.subscribe()
    client.turn()
    client.send("one", qos=1)
    client.send("two", qos=1)
    client.backlog.drain_owed = True
    client.stop()
    client.taken_log()
    client.now += 10
    client.turn()
    aborted = "send aborted due to disconnect"
    assert client.taken_log() == [
        ("sent", "news", "one", aborted),
        ("sent", "news", "two", aborted),
        ("drain",),
        ("stopped", None),
        ("on_stopped", None),
    ]


def test_a_stop_has_its_time(client: Client) -> None:
    client.send("one", qos=1)
    client.stop()
    assert client.engine.deadline() == client.now + 10.0
    client.now += 9.9
    client.turn()
    assert client.control.state is State.STOPPING
    client.now += 0.1
    client.turn()
    assert str(client.control.state) == "stopped"
    assert client.backlog.messages == 0


def test_without_a_connection_a_stop_fails_what_waits_at_once(idle: Client) -> None:
    idle.start()
    idle.send("one")
    idle.send("two", qos=1)
    idle.stop()
    aborted = "send aborted due to disconnect"
    assert idle.taken_log() == [
        ("starting", None),
        ("stopping", None),
        ("sent", "news", "one", aborted),
        ("sent", "news", "two", aborted),
        ("stopped", None),
        ("on_stopped", None),
    ]


def test_messages_that_come_in_while_it_stops_fail_too(idle: Client) -> None:
    idle.control.start(None)
    idle.control.stop(None)
    idle.send("late")
    idle.turn()
    assert ("sent", "news", "late", "send aborted due to disconnect") in idle.taken_log()


def test_a_stop_waits_for_callbacks_that_are_being_made(client: Client) -> None:
    client.host.callbacks_pending = True
    client.stop()
    assert client.control.state is State.STOPPING
    client.host.callbacks_pending = False
    client.turn()
    assert str(client.control.state) == "stopped"


def test_a_connection_that_breaks_while_stopping_is_the_error(client: Client) -> None:
    client.send("one", qos=1)
    client.stop()
    client.lose()
    assert client.taken_log() == [
        ("stopping", None),
        ("sent", "news", "one", "send aborted due to disconnect"),
        ("stopped", BROKEN),
        ("on_stopped", BROKEN),
    ]


def test_a_server_that_hangs_up_instead_of_closing_is_no_error(client: Client) -> None:
    client.peer.answering = False
    client.stop()
    assert client.control.state is State.STOPPING
    client.lose()
    assert client.taken_log()[-1] == ("on_stopped", None)


def test_a_server_that_does_not_close_does_not_keep_the_client(client: Client) -> None:
    client.peer.answering = False
    client.stop()
    client.now += 10
    client.turn()
    assert client.taken_log()[-1] == ("on_stopped", None)


def test_a_stopped_client_can_be_stopped_again(client: Client) -> None:
    client.stop()
    client.taken_log()
    client.stop()
    assert client.taken_log() == [("on_stopped", None)]
    assert client.host.stops == 2


def test_a_start_while_stopping_begins_again(client: Client) -> None:
    client.subscribe()
    client.send("one", qos=1)
    client.control.stop(client.on_stopped)
    client.control.start(client.on_started)
    client.turn()
    client.peer.settle_all()
    client.turn()
    assert client.taken_log()[-3:] == [("stopped", None), ("on_stopped", None), ("starting", None)]
    client.reconnect()
    assert client.taken_log() == [("started", None)]
    assert client.host.started == [client.on_started] * 2
    assert client.peer.links == {}


def test_what_is_accepted_after_a_restart_is_not_the_last_lifes(client: Client) -> None:
    client.control.stop(None)
    client.control.start(None)
    while client.control.state is not State.STARTING:
        client.step()
        client.run_calls()
    client.subscribe()
    client.turn()
    client.taken_log()
    client.reconnect()
    assert ("subscribed", "news", None, None) in client.taken_log()


def test_a_callback_that_raises_stops_the_client_with_its_error(client: Client) -> None:
    raised = ValueError("an application's")

    def on_sent(*_: object) -> None:
        raise raised

    client.host.inbox.append(("news", b"encoded", 0, on_sent, None, None))
    client.turn()
    assert client.taken_log() == [("raised", "on_sent"), ("stopping", raised), ("stopped", raised)]


# Sending.


def test_at_most_once_is_finished_when_it_is_written(client: Client) -> None:
    client.send("one")
    client.turn()
    assert client.taken_log() == [("sent", "news", "one", None)]
    assert client.backlog.messages == client.backlog.size == 0
    assert client.engine.traffic.sent_everything


def test_at_most_once_is_not_finished_before_it_is_written(client: Client) -> None:
    client.send("one")
    client.turn()
    client.taken_log()
    client.connected = False
    client.send("two")
    client.turn()
    assert client.taken_log() == []
    assert not client.engine.traffic.sent_everything


def test_at_least_once_is_finished_when_it_is_settled(client: Client) -> None:
    client.send("one", qos=1)
    client.turn()
    assert client.taken_log() == []
    assert client.backlog.messages == 1
    client.peer.settle_all()
    client.turn()
    assert client.taken_log() == [("sent", "news", "one", None)]
    assert client.backlog.messages == client.backlog.size == 0


def test_a_message_is_finished_with_the_servers_refusal(client: Client) -> None:
    client.send("one", qos=1)
    client.turn()
    client.peer.settle(client.peer.transferred[0], proton.Disposition.RELEASED)
    client.turn()
    assert client.taken_log() == [
        ("sent", "news", "one", "the message to topic 'news' was released by the server")
    ]


def test_a_message_that_is_too_large_fails_and_is_never_sent_again(client: Client) -> None:
    client.peer.max_message_size = 100
    client.send("x" * 200, qos=1)
    client.send("small", qos=1)
    client.turn()
    ((_, _, data, error),) = client.taken_log()
    assert data == "x" * 200
    assert "too large" in str(error)
    assert client.arrived == ["small"]
    client.lose()
    client.reconnect()
    assert client.arrived == ["small"]


def test_messages_wait_for_a_connection(idle: Client) -> None:
    idle.start()
    idle.send("one")
    idle.send("two", qos=1)
    idle.turn()
    idle.dial()
    idle.turn()
    assert idle.arrived == ["one", "two"]


def test_what_was_in_flight_is_sent_again_before_newer_messages(client: Client) -> None:
    for number in range(3):
        client.send(str(number), qos=1)
    client.turn()
    client.peer.settle(client.peer.transferred[1])
    client.turn()
    client.lose()
    client.send("3", qos=1)
    client.turn()
    client.taken_log()
    client.reconnect()
    assert client.arrived == ["0", "2", "3"]
    client.peer.settle_all()
    client.turn()
    assert [entry[2] for entry in client.taken_log() if entry[0] == "sent"] == ["0", "2", "3"]
    assert client.backlog.messages == 0


def test_at_most_once_counts_as_sent_when_the_connection_is_lost(client: Client) -> None:
    client.send("one")
    client.turn()
    client.taken_log()
    client.connected = False
    client.send("two")
    client.turn()
    client.lose()
    assert ("sent", "news", "two", None) in client.taken_log()
    client.reconnect()
    assert client.arrived == []


def test_a_topics_link_that_the_server_ends_is_a_lost_connection(client: Client) -> None:
    client.send("one", qos=1)
    client.turn()
    client.peer.end(client.peer.links["news"], "amqp:link:detach-forced", "maintenance")
    client.turn()
    ((state, error),) = client.taken_log()
    assert state == "retrying"
    assert "maintenance" in str(error)
    client.reconnect()
    assert client.arrived == ["one"]


def test_a_topics_link_that_is_not_permitted_stops_the_client(client: Client) -> None:
    client.peer.refuse = ("amqp:not-allowed", "not to you")
    client.send("one", qos=1)
    client.turn()
    log = client.taken_log()
    assert log[0] == ("sent", "news", "one", "send aborted due to disconnect")
    assert log[1][0] == "stopped"
    assert type(log[1][1]) is NotPermittedError


def test_a_drain_that_is_owed_comes_once_when_enough_is_finished(client: Client) -> None:
    client.send("one")
    client.backlog.drain_owed = True
    client.turn()
    assert client.taken_log() == [("sent", "news", "one", None), ("drain",)]
    client.send("two")
    client.turn()
    assert client.taken_log() == [("sent", "news", "two", None)]


def test_a_drain_comes_after_a_reconnect_too(client: Client) -> None:
    client.lose()
    client.send("one")
    client.backlog.drain_owed = True
    client.turn()
    client.taken_log()
    client.reconnect()
    assert client.taken_log()[-1] == ("drain",)


# Subscribing.


def test_a_subscription_is_told_and_gets_messages(client: Client) -> None:
    client.subscribe()
    client.turn()
    assert client.taken_log() == [("subscribed", "news", None, None)]
    client.peer.send(ADDRESS, encode_text(encode_prefix("news", TEXT), "hello"))
    client.turn()
    assert client.taken_log() == [("message", "hello")]


def test_a_subscription_waits_for_a_connection(idle: Client) -> None:
    idle.start()
    idle.subscribe()
    idle.turn()
    assert idle.taken_log() == [("starting", None)]
    idle.dial()
    idle.turn()
    assert idle.taken_log() == [("started", None), ("subscribed", "news", None, None)]


@pytest.mark.parametrize("connected", [True, False])
def test_a_subscription_is_refused_twice(client: Client, *, connected: bool) -> None:
    if not connected:
        client.lose()
    client.subscribe()
    with pytest.raises(SubscribedError):
        client.subscribe()
    client.turn()
    with pytest.raises(SubscribedError):
        client.subscribe()


def test_subscriptions_are_attached_again_and_told_once(client: Client) -> None:
    client.subscribe()
    client.subscribe(Destination("news", "readers"), qos=1)
    client.turn()
    client.lose()
    client.taken_log()
    client.reconnect()
    assert client.taken_log() == [("started", None)]
    assert list(client.peer.links) == [ADDRESS, "share:readers:news"]
    assert client.peer.sender(ADDRESS).credit == 1024


def test_a_subscription_that_is_lost_before_it_is_accepted_is_attached_again(
    client: Client,
) -> None:
    client.peer.answering = False
    client.subscribe()
    client.turn()
    client.lose()
    assert client.taken_log() == [("retrying", BROKEN)]
    client.reconnect()
    assert client.taken_log() == [("started", None), ("subscribed", "news", None, None)]


def test_a_refused_subscription_is_told_and_can_be_asked_for_again(client: Client) -> None:
    client.peer.refuse = ("amqp:not-allowed", "not yours")
    client.subscribe()
    client.turn()
    ((what, pattern, share, error),) = client.taken_log()
    assert (what, pattern, share) == ("subscribed", "news", None)
    assert type(error) is NotPermittedError
    assert client.control.state is State.STARTED
    client.peer.refuse = None
    client.subscribe()
    client.turn()
    assert client.taken_log() == [("subscribed", "news", None, None)]


@pytest.mark.parametrize(
    ("condition", "state"),
    [("amqp:not-found", State.RETRYING), ("amqp:not-allowed", State.STOPPED)],
)
def test_a_refusal_that_nobody_would_be_told_of_is_an_error_of_the_client(
    client: Client, condition: str, state: State
) -> None:
    client.peer.refuse = (condition, "no")
    client.subscribe(on_subscribed=None)
    client.turn()
    assert client.control.state is state


@pytest.mark.parametrize(
    ("condition", "state"),
    [("amqp:not-found", State.RETRYING), ("amqp:not-allowed", State.STOPPED)],
)
def test_a_refused_re_attach_is_an_error_of_the_client(
    client: Client, condition: str, state: State
) -> None:
    client.subscribe()
    client.turn()
    client.lose()
    client.taken_log()
    client.reconnect(client.make_peer(refuse=(condition, "gone")))
    assert client.control.state is state
    assert "gone" in str(client.taken_log()[-1][1])


@pytest.mark.parametrize(
    ("condition", "state"),
    [("amqp:link:detach-forced", State.RETRYING), ("amqp:unauthorized-access", State.STOPPED)],
)
def test_a_subscription_that_the_server_ends_is_never_silently_dead(
    client: Client, condition: str, state: State
) -> None:
    client.subscribe()
    client.turn()
    client.taken_log()
    client.peer.end(client.peer.links[ADDRESS], condition, "deleted")
    client.turn()
    ((_, error),) = client.taken_log()
    assert "deleted" in str(error)
    assert client.control.state is state
    if state is State.STOPPED:
        assert type(error) is SecurityError


def test_a_stop_ends_subscriptions(client: Client) -> None:
    client.peer.answering = False
    client.subscribe()
    client.turn()
    client.stop()
    client.now += 10
    client.turn()
    log = client.taken_log()
    ((_, _, _, error),) = (entry for entry in log if entry[0] == "subscribed")
    assert type(error) is StoppedError
    assert client.control.registered() == []
    with pytest.raises(StoppedError):
        client.subscribe()
    with pytest.raises(StoppedError):
        client.unsubscribe()


# Unsubscribing.


@pytest.mark.parametrize(
    ("ttl", "delete", "closed"),
    [(0, False, True), (0, True, True), (60, True, True), (60, False, False)],
)
def test_unsubscribing_ends_the_link_and_tells(
    client: Client, ttl: int, *, delete: bool, closed: bool
) -> None:
    client.subscribe(ttl=ttl)
    client.turn()
    client.taken_log()
    client.unsubscribe(delete=delete)
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]
    assert client.peer.ended == [(ADDRESS, closed)]


def test_only_what_is_subscribed_to_can_be_unsubscribed(client: Client) -> None:
    with pytest.raises(UnsubscribedError):
        client.unsubscribe()
    client.subscribe()
    client.unsubscribe()
    with pytest.raises(UnsubscribedError):
        client.unsubscribe()


def test_a_queued_pair_cancels_with_success_on_both(idle: Client) -> None:
    idle.start()
    idle.subscribe()
    idle.unsubscribe()
    idle.turn()
    assert idle.taken_log() == [
        ("starting", None),
        ("subscribed", "news", None, None),
        ("unsubscribed", "news", None, None),
    ]
    idle.dial()
    idle.turn()
    assert idle.peer.links == {}


def test_a_pair_without_a_turn_between_cancels_while_connected_too(client: Client) -> None:
    client.subscribe()
    client.unsubscribe()
    client.turn()
    assert [entry[0] for entry in client.taken_log()] == ["subscribed", "unsubscribed"]
    assert client.peer.ended in ([], [(ADDRESS, True)])


def test_unsubscribing_while_the_link_is_being_attached_ends_it_then(client: Client) -> None:
    client.peer.answering = False
    client.subscribe()
    client.turn()
    client.unsubscribe()
    client.turn()
    assert client.taken_log() == []
    client.peer.answering = True
    link = client.peer.connection.link_head(0)
    assert link is not None
    client.peer.answer(link)
    client.turn()
    assert client.taken_log() == [
        ("subscribed", "news", None, None),
        ("unsubscribed", "news", None, None),
    ]
    assert client.peer.ended == [(ADDRESS, True)]


def test_a_refusal_overtaken_by_unsubscribing_is_told_as_it_is(client: Client) -> None:
    client.peer.refuse = ("amqp:not-allowed", "no")
    client.subscribe()
    while not isinstance(client.peer.connection.link_head(0), proton.Sender):
        client.step()
    client.unsubscribe()
    client.turn()
    (subscribed, unsubscribed) = client.taken_log()
    assert subscribed[0] == "subscribed"
    assert unsubscribed == ("unsubscribed", "news", None, None)
    assert client.control.state is State.STARTED


def test_unsubscribing_what_has_just_been_refused_is_told(client: Client) -> None:
    subscription = client.subscribe()
    client.turn()
    client.taken_log()
    client.unsubscribe()
    subscription.progress = Progress.ENDED
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]


def test_messages_that_still_arrive_are_dropped(client: Client) -> None:
    client.subscribe(qos=1)
    client.turn()
    client.taken_log()
    client.peer.send(ADDRESS, encode_text(encode_prefix("news", TEXT), "late"))
    client.unsubscribe()
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]
    assert client.peer.outcomes == {}


def test_subscribing_again_waits_for_the_old_link_to_end(client: Client) -> None:
    client.subscribe()
    client.turn()
    client.peer.answering = False
    client.unsubscribe()
    client.subscribe(qos=1)
    client.turn()
    assert client.peer.ended == [(ADDRESS, True)]
    client.taken_log()
    client.peer.answering = True
    client.peer.end(client.peer.links[ADDRESS])
    client.turn()
    assert client.taken_log() == [
        ("unsubscribed", "news", None, None),
        ("subscribed", "news", None, None),
    ]
    assert client.peer.links[ADDRESS].remote_snd_settle_mode == proton.Link.SND_UNSETTLED


def test_a_waiting_successor_that_is_unsubscribed_is_never_attached(client: Client) -> None:
    client.subscribe()
    client.turn()
    client.peer.answering = False
    client.unsubscribe()
    client.subscribe()
    client.turn()
    client.taken_log()
    client.unsubscribe()
    client.turn()
    assert client.taken_log() == [
        ("subscribed", "news", None, None),
        ("unsubscribed", "news", None, None),
    ]
    client.peer.answering = True
    client.peer.end(client.peer.links[ADDRESS])
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]
    assert client.peer.ended == [(ADDRESS, True)]


def test_unsubscribing_without_a_connection_is_done_at_once(client: Client) -> None:
    client.subscribe()
    client.turn()
    client.lose()
    client.taken_log()
    client.unsubscribe()
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]
    client.reconnect()
    assert client.peer.links == {}


@pytest.mark.parametrize("again", [False, True])
def test_a_destination_that_outlives_its_link_is_deleted_once_connected(
    client: Client, *, again: bool
) -> None:
    client.subscribe(ttl=60)
    client.turn()
    client.lose()
    client.taken_log()
    client.unsubscribe(delete=True)
    if again:
        client.subscribe(qos=1)
    client.turn()
    assert client.taken_log() == []
    client.reconnect()
    expected: list[tuple[object, ...]] = [
        ("started", None),
        ("unsubscribed", "news", None, None),
    ]
    if again:
        expected.append(("subscribed", "news", None, None))
        assert client.peer.sender(ADDRESS).credit == 1024
    assert client.taken_log() == expected
    assert client.peer.ended == [(ADDRESS, True)]


def test_a_destination_that_is_to_be_deleted_gets_no_credit(client: Client) -> None:
    client.subscribe(ttl=60)
    client.turn()
    client.lose()
    client.unsubscribe(delete=True)
    client.turn()
    client.reconnect()
    assert client.peer.links[ADDRESS].credit == 0


def test_a_connection_that_is_lost_while_a_link_ends_has_ended_it(client: Client) -> None:
    client.subscribe()
    client.turn()
    client.peer.answering = False
    client.unsubscribe()
    client.turn()
    client.taken_log()
    client.lose()
    assert client.taken_log() == [
        ("unsubscribed", "news", None, None),
        ("retrying", BROKEN),
    ]


def test_a_stop_completes_what_is_being_unsubscribed(client: Client) -> None:
    client.subscribe()
    client.turn()
    client.peer.answering = False
    client.unsubscribe()
    client.turn()
    client.taken_log()
    client.stop()
    client.now += 10
    client.turn()
    assert [entry[0] for entry in client.taken_log()] == [
        "stopping",
        "unsubscribed",
        "stopped",
        "on_stopped",
    ]


# Receiving and confirming.


def deliver(client: Client, *texts: str) -> list[str]:
    """Send messages from the server; return their tags."""
    prefix = encode_prefix("news", TEXT)
    return [client.peer.send(ADDRESS, encode_text(prefix, text)) for text in texts]


def test_messages_are_confirmed_when_the_callback_has_returned(client: Client) -> None:
    client.subscribe(qos=1)
    client.turn()
    tags = deliver(client, "one", "two")
    while not client.engine.calls:
        client.step()
    client.step()
    assert client.peer.outcomes == {}
    client.turn()
    assert client.peer.outcomes.keys() == set(tags)


def test_a_message_whose_callback_raised_is_not_confirmed(client: Client) -> None:
    def on_message(_kind: str, data: object, _delivery: object) -> None:
        client.log.append(("got", data))
        if data == "two":
            raise ValueError(data)

    client.subscribe(qos=1, on_message=on_message)
    client.turn()
    client.taken_log()
    tags = deliver(client, "one", "two", "three")
    client.turn()
    log = client.taken_log()
    assert log[:3] == [("got", "one"), ("got", "two"), ("raised", "on_message")]
    assert ("got", "three") not in log
    assert client.peer.outcomes.keys() == {tags[0]}
    assert str(client.control.state) == "stopped"


def test_no_message_is_handed_over_once_a_stop_is_asked_for(client: Client) -> None:
    def on_message(_kind: str, data: object, _delivery: object) -> None:
        client.log.append(("got", data))
        client.control.stop(None)

    client.subscribe(qos=1, on_message=on_message)
    client.turn()
    client.taken_log()
    deliver(client, "one", "two")
    client.turn()
    deliver(client, "three")
    client.turn()
    assert client.taken_log() == [("got", "one"), ("stopping", None), ("stopped", None)]


def test_without_a_callback_messages_are_taken(client: Client) -> None:
    client.subscribe(qos=1, on_message=None)
    client.turn()
    tags = deliver(client, "one", "two")
    client.turn()
    assert client.peer.outcomes.keys() == set(tags)


def test_credit_is_granted_again_by_halves(client: Client) -> None:
    client.subscribe(credit=4)
    client.turn()
    link = client.peer.sender(ADDRESS)
    deliver(client, "one")
    client.turn()
    assert link.credit == 3
    deliver(client, "two")
    client.turn()
    assert link.credit == 4


class Confirming:
    """A subscription whose messages the application confirms."""

    def __init__(self, client: Client, credit: int = 1024) -> None:
        self.client = client
        self.confirmations: list[Callable[..., None]] = []
        client.subscribe(qos=1, auto_confirm=False, credit=credit, on_message=self.on_message)
        client.turn()
        client.taken_log()

    def on_message(self, _kind: str, _data: object, delivery: dict[str, Any]) -> None:
        self.confirmations.append(delivery["message"]["confirm_delivery"])

    def on_confirmed(self, _client: object, error: Exception | None) -> None:
        self.client.log.append(("confirmed", error))


def test_a_message_is_confirmed_by_the_application(client: Client) -> None:
    confirming = Confirming(client)
    one, two = deliver(client, "one", "two")
    client.turn()
    assert client.peer.outcomes == {}
    confirming.confirmations[1](confirming.on_confirmed)
    client.turn()
    assert client.peer.outcomes.keys() == {two}
    assert client.taken_log() == [("confirmed", None)]
    confirming.confirmations[0]()
    client.turn()
    assert client.peer.outcomes.keys() == {one, two}


def test_confirming_twice_does_nothing(client: Client) -> None:
    confirming = Confirming(client)
    deliver(client, "one")
    client.turn()
    for _ in range(2):
        confirming.confirmations[0](confirming.on_confirmed)
        client.turn()
    assert client.taken_log() == [("confirmed", None)]


def test_confirming_grants_credit(client: Client) -> None:
    confirming = Confirming(client, credit=2)
    deliver(client, "one", "two")
    client.turn()
    link = client.peer.sender(ADDRESS)
    assert link.credit == 0
    confirming.confirmations[0]()
    client.turn()
    assert link.credit == 1


def test_a_message_of_a_lost_connection_can_not_be_confirmed(client: Client) -> None:
    confirming = Confirming(client)
    deliver(client, "one")
    client.turn()
    client.lose()
    with pytest.raises(NetworkError, match="reconnected since"):
        confirming.confirmations[0]()
    client.reconnect()
    with pytest.raises(NetworkError, match="reconnected since"):
        confirming.confirmations[0]()


def test_a_confirmation_that_the_loss_overtakes_is_told(client: Client) -> None:
    confirming = Confirming(client)
    deliver(client, "one")
    client.turn()
    confirming.confirmations[0](confirming.on_confirmed)
    client.engine.stream_broken(BROKEN, client.now)
    client.connected = False
    client.turn()
    ((error,),) = (entry[1:] for entry in client.taken_log() if entry[0] == "confirmed")
    assert type(error) is NetworkError


def test_a_message_can_not_be_confirmed_after_unsubscribing(client: Client) -> None:
    confirming = Confirming(client)
    deliver(client, "one")
    client.turn()
    client.unsubscribe()
    with pytest.raises(NetworkError, match="unsubscribed since"):
        confirming.confirmations[0]()


def test_a_message_can_not_be_confirmed_after_a_stop(client: Client) -> None:
    confirming = Confirming(client)
    deliver(client, "one")
    client.turn()
    client.stop()
    with pytest.raises(NetworkError, match="not started"):
        confirming.confirmations[0]()


@pytest.mark.parametrize("callback", [1, lambda: None, lambda client: None])
def test_the_callback_of_a_confirmation_is_checked(client: Client, callback: object) -> None:
    confirming = Confirming(client)
    deliver(client, "one")
    client.turn()
    with pytest.raises(TypeError, match="callback must be a function"):
        confirming.confirmations[0](callback)
    confirming.confirmations[0](confirming.on_confirmed)
    client.turn()
    assert client.taken_log() == [("confirmed", None)]


@pytest.mark.parametrize(("qos", "auto_confirm"), [(0, False), (0, True), (1, True)])
def test_only_manual_messages_have_a_confirmation(
    client: Client, qos: int, *, auto_confirm: bool
) -> None:
    deliveries: list[dict[str, Any]] = []
    client.subscribe(
        qos=qos,
        auto_confirm=auto_confirm,
        on_message=lambda kind, data, delivery: deliveries.append(delivery),
    )
    client.turn()
    deliver(client, "one")
    client.turn()
    assert "confirm_delivery" not in deliveries[0]["message"]
