"""Whatever happens in whatever order: everything accepted is told once, and a stop ends it all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from driven_client import BROKEN, SERVICE, DrivenClient
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from server_peer import ServerPeer

from mqlight._machine.states import State
from mqlight._machine.subscriptions import Subscription
from mqlight_core.errors import StoppedError, SubscribedError, UnsubscribedError
from mqlight_core.topics import Destination

if TYPE_CHECKING:
    from collections.abc import Callable

TOPICS = st.sampled_from(["a", "b"])
PATTERNS = st.sampled_from(["p", "q"])
CONDITIONS = st.sampled_from(
    [
        "amqp:link:detach-forced",
        "amqp:link:message-size-exceeded",
        "amqp:resource-limit-exceeded",
        "amqp:not-allowed",
    ]
)


class Histories(RuleBasedStateMachine):
    """Calls of an application, doings of a server and of the network, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.client = DrivenClient(ServerPeer)
        self.accepted = 0
        self.sent: Counter[object] = Counter()
        self.subscribing = 0
        self.subscribed: Counter[int] = Counter()
        self.unsubscribing = 0
        self.unsubscribed: Counter[int] = Counter()

    @initialize(connected=st.booleans())
    def begin(self, *, connected: bool) -> None:
        self.client.start()
        if connected:
            self.client.reconnect()

    # The application.

    @rule()
    def start(self) -> None:
        self.client.control.start(None)

    @rule()
    def stop(self) -> None:
        self.client.control.stop(None)

    @rule(topic=TOPICS, qos=st.integers(0, 1), size=st.sampled_from([1, 3000]))
    def send(self, topic: str, qos: int, size: int) -> None:
        if self.client.control.muted:
            return
        number = self.accepted
        self.accepted += 1

        def on_sent(*_: object) -> None:
            self.sent[number] += 1

        self.client.send("x" * size, qos, topic)
        *encoded, _, data, options = self.client.control.inbox.pop()
        sent: Any = (*encoded, on_sent, data, options)
        self.client.control.inbox.append(sent)

    @rule(pattern=PATTERNS, ttl=st.sampled_from([0, 9]), told=st.booleans())
    def subscribe(self, pattern: str, ttl: int, *, told: bool) -> None:
        number = self.subscribing

        def on_subscribed(*_: object) -> None:
            self.subscribed[number] += 1

        subscription = Subscription(
            Destination(pattern), qos=1, ttl=ttl, on_subscribed=on_subscribed if told else None
        )
        try:
            self.client.control.subscribe(subscription)
        except (StoppedError, SubscribedError):
            return
        if told:
            self.subscribing += 1

    @rule(pattern=PATTERNS, delete=st.booleans())
    def unsubscribe(self, pattern: str, *, delete: bool) -> None:
        number = self.unsubscribing

        def on_unsubscribed(*_: object) -> None:
            self.unsubscribed[number] += 1

        try:
            self.client.control.unsubscribe(
                Destination(pattern), delete=delete, on_unsubscribed=on_unsubscribed
            )
        except (StoppedError, UnsubscribedError):
            return
        self.unsubscribing += 1

    # The driver.

    @rule(how=st.sampled_from([DrivenClient.step, DrivenClient.run_calls, DrivenClient.turn]))
    def go_on(self, how: Callable[[DrivenClient], object]) -> None:
        how(self.client)

    @rule()
    def turn(self) -> None:
        self.client.turn()

    @rule(seconds=st.sampled_from([0.1, 3.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.client.now += seconds

    @rule()
    def reconnect(self) -> None:
        """As far as that is what the client wants."""
        self.client.turn()
        if self.client.control.state is State.RETRYING and not self.client.host.resolving:
            self.client.now += 60
            self.client.turn()
        if self.client.control.state in (State.STARTING, State.RETRYING):
            self.look_up(1)
            self.client.turn()
            self.connect(100)

    # The network.

    @rule(services=st.integers(1, 2))
    def look_up(self, services: int) -> None:
        if self.client.host.resolving:
            self.client.control.resolved(self.client.host.resolving.pop(), (SERVICE,) * services)

    @rule(handles=st.sampled_from([1, 2, 100]))
    def connect(self, handles: int) -> None:
        if not self.client.host.dialling:
            return
        attempt, _ = self.client.host.dialling.pop()
        if self.client.engine.stream_open(attempt, None):
            self.client.peer = ServerPeer()
            self.client.connected = True
            assert self.client.engine.connection is not None
            self.client.turn()
            if self.client.engine.connection is not None:
                self.client.engine.connection._handle_max = handles - 1

    @rule()
    def fail_the_attempt(self) -> None:
        host = self.client.host
        attempts = [attempt for attempt, _ in host.dialling[-1:]] or host.resolving[-1:]
        host.dialling.clear()
        host.resolving.clear()
        for attempt in attempts:
            self.client.engine.attempt_failed(attempt, BROKEN, self.client.now)

    @rule()
    def lose_the_connection(self) -> None:
        self.client.connected = False
        self.client.engine.stream_broken(BROKEN, self.client.now)

    # The server.

    @rule()
    def settle(self) -> None:
        self.client.peer.settle_all()

    @rule(data=st.data(), condition=CONDITIONS)
    def end_a_link(self, data: st.DataObject, condition: str) -> None:
        names = sorted(self.client.peer.links)
        if names:
            name = data.draw(st.sampled_from(names))
            self.client.peer.end(self.client.peer.links.pop(name), condition, "no more")

    @rule(refuse=st.booleans())
    def refuse_links(self, *, refuse: bool) -> None:
        self.client.peer.refuse = ("amqp:resource-limit-exceeded", "no") if refuse else None

    @invariant()
    def nothing_is_told_twice(self) -> None:
        for told in (self.sent, self.subscribed, self.unsubscribed):
            assert max(told.values(), default=0) <= 1

    @invariant()
    def the_backlog_is_what_is_accepted_and_not_finished(self) -> None:
        assert 0 <= self.client.backlog.messages <= self.accepted - len(self.sent)
        assert self.client.backlog.size >= self.client.backlog.messages

    def teardown(self) -> None:
        """A stop, and time enough for it."""
        client = self.client
        client.control.stop(client.on_stopped)
        for _ in range(5):
            client.turn()
            client.now += 100
        client.turn()
        try:
            assert client.control.state is State.STOPPED
            assert client.log[-1][0] == "on_stopped"
            assert len(self.sent) == self.accepted
            assert len(self.subscribed) == self.subscribing
            assert len(self.unsubscribed) == self.unsubscribing
            assert (client.backlog.messages, client.backlog.size) == (0, 0)
            assert client.engine.connection is None
            assert client.engine.deadline() is None
        finally:
            client.engine.drop()


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
