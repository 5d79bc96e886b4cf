"""Whatever happens in whatever order: nothing is lost, told twice, reordered or left behind.

`MQLIGHT_HISTORIES` says how many histories to try.
"""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

import proton
from application import Application
from driven_driver import BROKEN, DrivenDriver
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from ledger import ACCEPTED, Ledger
from server_peer import ServerPeer

from mqlight._amqp.message import TEXT, encode_prefix, encode_text
from mqlight._machine.states import State
from mqlight_core.errors import ReplacedError, StoppedError
from mqlight_core.service import parse_service_url

if TYPE_CHECKING:
    from collections.abc import Callable

ONE, TWO = map(parse_service_url, ("amqp://one.example.com", "amqp://two.example.com"))
TOPICS = st.sampled_from(["a", "b", "c"])
CREDITS = {"p": 4, "q": 1, "r": 0}
"""What the application grants, by pattern."""
PATTERNS = st.sampled_from(sorted(CREDITS))
OUTCOMES = st.sampled_from(
    [
        *[ACCEPTED] * 5,
        proton.Disposition.REJECTED,
        proton.Disposition.RELEASED,
        proton.Disposition.MODIFIED,
    ]
)
PASSING = ["amqp:link:detach-forced", "amqp:resource-limit-exceeded", "amqp:connection:forced"]
TOO_LARGE = "amqp:link:message-size-exceeded"
FATAL = ["amqp:not-allowed", "amqp:link:stolen"]
OPEN = proton.Endpoint.LOCAL_ACTIVE | proton.Endpoint.REMOTE_ACTIVE


class Histories(RuleBasedStateMachine):
    """Calls of an application, doings of a server and of the network, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.application = Application()
        self.driver = self.application.driver
        self.numbers = count()
        self.sent: list[tuple[proton.Link, int]] = []
        """Messages that a server has sent, with the link: a later one may have its name."""
        self.tags: dict[tuple[int, str], int] = {}
        """The number of each message, by connection and delivery tag."""
        self.finished: set[int] = set()
        """Messages of the application's that had been finished before the last rule."""
        self.sizes_refused = False

    @initialize(connected=st.booleans(), good=st.booleans())
    def begin(self, *, connected: bool, good: bool) -> None:
        self.good_end = good
        if connected:
            self.reconnect(10_000)

    # The application.

    @rule()
    def start(self) -> None:
        self.application.start()

    @rule(seldom=st.sampled_from([False, False, False, True]))
    def stop(self, *, seldom: bool) -> None:
        if seldom:
            self.application.stop()

    @rule(topic=TOPICS, qos=st.integers(0, 1), size=st.sampled_from([9, 9, 3000, 600_000]))
    def send(self, topic: str, qos: int, size: int) -> None:
        self.application.send(topic, qos, size)

    @rule(topic=TOPICS, qos=st.integers(0, 1), messages=st.sampled_from([3, 60]))
    def send_many(self, topic: str, qos: int, messages: int) -> None:
        for _ in range(messages):
            self.application.send(topic, qos, 9)

    @rule(
        pattern=PATTERNS,
        qos=st.integers(0, 1),
        ttl=st.sampled_from([0, 9000]),
        auto=st.booleans(),
        told=st.booleans(),
    )
    def subscribe(self, pattern: str, qos: int, ttl: int, *, auto: bool, told: bool) -> None:
        credit = CREDITS[pattern]
        self.application.subscribe(
            pattern, told=told, qos=qos, ttl=ttl, credit=credit, auto_confirm=auto
        )

    @rule(pattern=PATTERNS, delete=st.booleans())
    def unsubscribe(self, pattern: str, *, delete: bool) -> None:
        self.application.unsubscribe(pattern, delete=delete)

    @precondition(lambda self: self.application.unconfirmed)
    @rule(index=st.integers(0, 99))
    def confirm(self, index: int) -> None:
        self.application.confirm(index)

    @rule(
        what=st.sampled_from(
            ["nothing", "raise", "exit", "start", "stop"]
            + ["send", "confirm", "subscribe", "unsubscribe"] * 4
        ),
        topic=TOPICS,
        pattern=PATTERNS,
    )
    def do_more_in_a_callback(self, what: str, topic: str, pattern: str) -> None:
        application = self.application

        def fail() -> None:
            raise ValueError(what)

        def leave() -> None:
            raise SystemExit

        more: dict[str, Callable[[], object]] = {
            "nothing": lambda: None,
            "raise": fail,
            "exit": leave,
            "start": application.start,
            "stop": application.stop,
            "send": lambda: application.send(topic, 1, 9),
            "confirm": application.confirm_oldest,
            "subscribe": lambda: application.subscribe(
                pattern, told=True, qos=1, ttl=0, credit=CREDITS[pattern], auto_confirm=True
            ),
            "unsubscribe": lambda: application.unsubscribe(pattern, delete=False),
        }
        application.next.append(more[what])

    # The driver's threads.

    @rule(
        how=st.sampled_from([DrivenDriver.turn, DrivenDriver.call_back, DrivenDriver.call_started])
    )
    def go_on(self, how: Callable[[DrivenDriver], object]) -> None:
        how(self.driver)

    @rule()
    def settle_down(self) -> None:
        self.driver.settle_down()

    @rule(seconds=st.sampled_from([0.1, 3.0, 12.0, 35.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        """Enough for some time-outs, or for all: stop 10 s, connect 30 s, idle 60 s."""
        self.driver.now += seconds

    # The network.

    @precondition(lambda self: self.driver.resolving)
    @rule(services=st.sampled_from([(ONE,), (ONE, TWO), (TWO, ONE)]))
    def look_up(self, services: tuple[object, ...]) -> None:
        self.driver.answer(services)  # type: ignore[arg-type]

    @precondition(lambda self: self.driver.dialling)
    @rule(credit=st.sampled_from([0, 1, 3, 100]), handles=st.sampled_from([1, 2, 4, 100]))
    def connect(self, credit: int, handles: int) -> None:
        if self.driver.connect(peer := ServerPeer(credit=credit)):
            self.ledger.open(peer)
            self.driver.turn()
            if self.driver.engine.connection is not None:
                self.driver.engine.connection._handle_max = handles - 1

    @precondition(lambda self: self.driver.resolving or self.driver.dialling)
    @rule(fatal=st.sampled_from([False, False, True]))
    def refuse_the_attempt(self, *, fatal: bool) -> None:
        self.driver.refuse(ReplacedError("another client") if fatal else BROKEN)

    @precondition(lambda self: self.driver.peer)
    @rule()
    def stall(self) -> None:
        self.driver.stalled = True

    @precondition(lambda self: self.driver.peer)
    @rule(written=st.booleans())
    def lose_the_connection(self, *, written: bool) -> None:
        self.driver.lose(written=written)

    @precondition(lambda self: not self.driver.peer)
    @rule(credit=st.sampled_from([1, 100, 10_000]))
    def reconnect(self, credit: int) -> None:
        """As far as that is what the client wants."""
        driver = self.driver
        driver.settle_down()
        if driver.control.state is State.STOPPED:
            self.application.start()
        for seconds in (0, 60):
            driver.settle_down()
            if driver.control.state in (State.STARTING, State.RETRYING) and not driver.dialling:
                driver.now += seconds
                driver.settle_down()
                driver.answer((ONE,))
                driver.settle_down()
        self.connect(credit, 100)
        driver.settle_down()

    # The server.

    @precondition(lambda self: self.ledger.unsettled())
    @rule(index=st.integers(0, 9), state=OUTCOMES)
    def settle_one(self, index: int, state: int) -> None:
        unsettled = self.ledger.unsettled()
        self.ledger.settle(unsettled[index % len(unsettled)], state)

    @precondition(lambda self: self.ledger.unsettled())
    @rule()
    def settle_all(self) -> None:
        for message in self.ledger.unsettled():
            self.ledger.settle(message)

    @precondition(lambda self: self.driver.peer and self.open_links(proton.Receiver))
    @rule(index=st.integers(0, 9), credit=st.integers(1, 5))
    def grant(self, index: int, credit: int) -> None:
        links = self.open_links(proton.Receiver)
        self.ledger.peers[-1].grant(links[index % len(links)].name, credit)

    def open_links(self, kind: type[proton.Link]) -> list[proton.Link]:
        """Return the links of the newest server's that are open on both sides."""
        links = [link for peer in self.ledger.peers[-1:] for link in peer.links.values()]
        return [link for link in links if isinstance(link, kind) and link.state == OPEN]

    @precondition(lambda self: self.driver.peer and self.open_links(proton.Sender))
    @rule(index=st.integers(0, 9), messages=st.integers(1, 3), at_once=st.booleans())
    def deliver(self, index: int, messages: int, *, at_once: bool) -> None:
        """Send as much as there is credit for."""
        links = self.open_links(proton.Sender)
        self.deliver_to(links[index % len(links)], messages, at_once=at_once)

    def deliver_to(self, link: proton.Link, messages: int, *, at_once: bool) -> None:
        index, peer, name = len(self.ledger.peers) - 1, self.ledger.peers[-1], link.name
        pattern = name.removeprefix("private:")
        settled = link.remote_snd_settle_mode == proton.Link.SND_SETTLED
        for _ in range(min(messages, link.credit)):
            number = next(self.numbers)
            encoded = encode_text(encode_prefix(pattern, TEXT), str(number))
            tag = peer.send(name, encoded, settled=settled)
            self.tags[index, tag] = number
            self.sent.append((peer.links[name], number))
        if at_once:
            self.driver.settle_down()

    @precondition(lambda self: self.driver.peer and self.open_links(proton.Link))
    @rule(
        index=st.integers(0, 9),
        condition=st.sampled_from([*PASSING, *PASSING, TOO_LARGE, *FATAL]),
        closed=st.booleans(),
    )
    def end_a_link(self, index: int, condition: str, *, closed: bool) -> None:
        links = self.open_links(proton.Link)
        self.sizes_refused |= condition == TOO_LARGE
        peer = self.ledger.peers[-1]
        link = peer.links.pop(links[index % len(links)].name)
        peer.end(link, condition, "no more", closed=closed)

    @precondition(lambda self: self.driver.peer)
    @rule(condition=st.sampled_from([*PASSING, *FATAL]))
    def end_the_connection(self, condition: str) -> None:
        connection = self.ledger.peers[-1].connection
        connection.condition = proton.Condition(condition, "no more")
        connection.close()

    @precondition(lambda self: self.driver.peer)
    @rule(refuse=st.booleans(), answering=st.booleans())
    def refuse_links(self, *, refuse: bool, answering: bool) -> None:
        peer = self.ledger.peers[-1]
        peer.refuse = ("amqp:resource-limit-exceeded", "no") if refuse else None
        peer.answering = answering

    # What must hold.

    @invariant()
    def what_the_server_got_is_in_order(self) -> None:
        self.ledger.read(self.finished)
        self.finished = set(self.application.finished)

    @invariant()
    def what_is_told_is_true(self) -> None:
        for number, error in self.application.finished.items():
            said = self.ledger.outcomes.get(number, set())
            _, qos = self.application.accepted[number]
            if error is None:
                assert not qos or ACCEPTED in said
            elif not isinstance(error, StoppedError):
                assert said - {ACCEPTED} or self.sizes_refused

    @invariant()
    def only_what_is_done_is_confirmed(self) -> None:
        done = self.application.done
        for index, peer in enumerate(self.ledger.peers):
            for tag, state in peer.outcomes.items():
                assert state == ACCEPTED
                assert self.tags[index, tag] in done

    @invariant()
    def no_more_is_under_way_than_the_application_grants(self) -> None:
        done = self.application.done
        for peer in self.ledger.peers[-1:]:
            for name, link in peer.links.items():
                if isinstance(link, proton.Sender):
                    sent = [number for sender, number in self.sent if sender is link]
                    under_way = sum(number not in done for number in sent)
                    assert link.credit + under_way <= CREDITS[name.removeprefix("private:")]

    @invariant()
    def the_backlog_is_what_is_accepted_and_not_finished(self) -> None:
        backlog = self.driver.backlog
        unfinished = len(self.application.accepted) - len(self.application.finished)
        assert 0 <= backlog.messages <= unfinished
        assert backlog.size >= backlog.messages

    def teardown(self) -> None:
        """All is well again, or not; then a stop, and time enough for it."""
        try:
            if self.good_end:
                self.end_well()
            self.end()
        finally:
            self.driver.engine.drop()

    def end_well(self) -> None:
        application, driver = self.application, self.driver
        application.next.clear()
        for _ in range(3):
            driver.settle_down()
            if driver.control.state is State.STOPPING:
                driver.now += 100
            driver.lose(written=False)
            if driver.control.state is not State.STOPPED:
                self.reconnect(10_000)
            driver.settle_down()
        while driver.peer is not None and self.ledger.unsettled():
            self.settle_all()
            driver.settle_down()
        if driver.control.state is State.STOPPED:
            return
        assert driver.control.state is State.STARTED
        assert application.finished.keys() == application.accepted.keys()
        assert not application.owed
        assert not application.subscribing | application.unsubscribing | application.confirming
        assert driver.engine.connection is not None
        assert len(driver.engine.connection._links) == len(self.open_links(proton.Link))
        for link in self.open_links(proton.Sender):
            self.keeps_receiving(link)

    def keeps_receiving(self, link: proton.Link) -> None:
        """Whatever has happened, the link has its credit, and gets it back."""
        application, pattern = self.application, link.name.removeprefix("private:")
        for _ in range(2 * CREDITS[pattern] + 1):
            while application.unconfirmed:
                application.confirm(0)
            self.driver.settle_down()
            before = application.newest[pattern]
            self.deliver_to(link, 1, at_once=True)
            self.no_more_is_under_way_than_the_application_grants()
            assert (application.newest[pattern] > before) == (CREDITS[pattern] > 0)

    def end(self) -> None:
        application, driver = self.application, self.driver
        application.next.clear()
        application.stop()
        driver.settle_down()
        if not driver.stopped_for_good:
            driver.now += 100
            driver.settle_down()
        assert application.state is State.STOPPED
        assert (application.quiet, application.stops) == (True, 0)
        assert driver.stopped_for_good
        assert application.finished.keys() == application.accepted.keys()
        assert not application.owed
        assert not application.subscribing | application.unsubscribing | application.confirming
        self.nothing_is_left()

    def nothing_is_left(self) -> None:
        driver, engine, traffic = self.driver, self.driver.engine, self.driver.engine.traffic
        assert engine.connection is None
        assert engine.deadline() is None
        assert not driver.peer
        assert not driver.dialling
        assert not driver.control.registered()
        assert (driver.backlog.messages, driver.backlog.size) == (0, 0)
        assert not traffic._outbox.lanes
        assert traffic.attachments.idle
        assert traffic.wants_messages
        assert traffic._unfinished == 0


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=int(os.environ.get("MQLIGHT_HISTORIES", "150")),
    stateful_step_count=50,
    deadline=None,
)
