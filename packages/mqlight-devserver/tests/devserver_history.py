"""Random histories of a broker with a journal, and what of the broker is to outlive it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from mqlight_devserver.broker import Broker, Destination, Identity
from mqlight_devserver.sections import Header, encode_header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqlight_devserver.broker import Journal
    from mqlight_devserver.message import Message

CLIENTS = ("x", "y")
IDENTITIES = (Identity("a/#", "s", None), Identity("a/b", None, "x"), Identity("+/b", "t", None))
HEADER = encode_header(Header(0), None, 0)

State: TypeAlias = "tuple[float, float | None, dict[int, tuple[bytes, float | None, int, bool]]]"
"""Of a destination: ttl, deadline, and of each message what it is, its failures, who has it."""


def state_of(message: Message, *, handed_out: bool) -> tuple[bytes, float | None, int, bool]:
    return message.encoded, message.expires_at, message.failed, handed_out


def durable_state(broker: Broker) -> dict[Identity, State]:
    """What a journal of the broker should know."""
    return {
        identity: (
            destination.ttl,
            destination.deadline,
            {m.order: state_of(m, handed_out=False) for m in destination.messages}
            | {
                m.order: state_of(m, handed_out=True)
                for consumer in destination.consumers
                for m in consumer.held()
            },
        )
        for identity, destination in broker._destinations.items()
        if destination.ttl
    }


class JournalInMemory:
    """Knows what it has been told."""

    def __init__(self) -> None:
        self.told: dict[Destination, State] = {}

    @property
    def state(self) -> dict[Identity, State]:
        assert len({destination.identity for destination in self.told}) == len(self.told)
        return {destination.identity: state for destination, state in self.told.items()}

    def kept(self, destination: Destination) -> None:
        messages = self.told[destination][2] if destination in self.told else {}
        self.told[destination] = (destination.ttl, destination.deadline, messages)

    def deleted(self, destination: Destination) -> None:
        del self.told[destination]

    def put(self, destination: Destination, message: Message) -> None:
        messages = self.told[destination][2]
        assert message.order not in messages
        messages[message.order] = state_of(message, handed_out=False)

    def handed_out(self, destination: Destination, messages: Iterable[Message]) -> None:
        self._change(destination, messages, handed_out=True)

    def returned(self, destination: Destination, messages: Iterable[Message]) -> None:
        self._change(destination, messages, handed_out=False)

    def _change(
        self, destination: Destination, messages: Iterable[Message], *, handed_out: bool
    ) -> None:
        assert messages
        known = self.told[destination][2]
        for message in messages:
            assert known[message.order][3] is not handed_out
            known[message.order] = state_of(message, handed_out=handed_out)

    def gone(self, destination: Destination, messages: Iterable[Message]) -> None:
        assert messages
        for message in messages:
            del self.told[destination][2][message.order]


class Holder:
    """A consumer at either quality of service."""

    def __init__(self, client_id: str, destination: Identity, *, settled: bool) -> None:
        self.client_id = client_id
        self.identity = destination
        self.settled = settled
        self.credit = 0
        self.holding: dict[int, Message] = {}
        self.destination: Destination

    @property
    def unsettled(self) -> int:
        return len(self.holding)

    def room(self) -> int:
        return self.credit

    def held(self) -> list[Message]:
        return list(self.holding.values())

    def deliver(self, messages: list[Message], now: float) -> None:
        self.credit -= len(messages)
        if self.settled:
            self.settle(messages)
        else:
            self.holding |= {message.order: message for message in messages}

    def settle(self, messages: list[Message]) -> None:
        if self.destination.journal is not None:
            self.destination.journal.gone(self.destination, messages)


class History(RuleBasedStateMachine):
    """Destinations with and without a ttl, and clients that come, settle and go."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.holders: dict[tuple[Identity, str], Holder] = {}
        self.broker = Broker(30, self.journal())

    def journal(self) -> Journal:
        raise NotImplementedError

    @rule(
        identity=st.sampled_from(IDENTITIES),
        client_id=st.sampled_from(CLIENTS),
        ttl=st.sampled_from((0, 5, 60)),
        settled=st.booleans(),
    )
    def attach(self, identity: Identity, client_id: str, ttl: float, settled: bool) -> None:  # noqa: FBT001
        holder = Holder(client_id, identity, settled=settled)
        holder.destination, former = self.broker.attach(identity, ttl, holder)
        if former is not None:
            back = [message.after_failed_delivery() for message in former.held()]
            self.broker.give_back(holder.destination, back)
        self.holders[identity, client_id] = holder

    def draw_holder(self, data: st.DataObject, *, unsettled: bool = False) -> Holder | None:
        fitting = [
            h for _, h in sorted(self.holders.items(), key=str) if h.holding or not unsettled
        ]
        return data.draw(st.sampled_from(fitting)) if fitting else None

    @precondition(lambda self: self.holders)
    @rule(data=st.data(), closed=st.booleans())
    def detach(self, data: st.DataObject, closed: bool) -> None:  # noqa: FBT001
        holder = self.draw_holder(data)
        assert holder is not None
        del self.holders[holder.identity, holder.client_id]
        held = holder.held()
        self.broker.detach(holder.destination, holder, held, self.now, closed=closed)

    @rule(
        topic=st.sampled_from(("a/b", "a", "c/b")),
        ttl=st.sampled_from((None, None, 3_000, 30_000)),
    )
    def publish(self, topic: str, ttl: int | None) -> None:
        header = Header(len(HEADER), ttl=ttl)
        self.broker.publish(topic, encode_header(header, ttl, 0) + b"body", header, self.now)

    @precondition(lambda self: self.holders)
    @rule(data=st.data(), credit=st.integers(0, 4))
    def grant(self, data: st.DataObject, credit: int) -> None:
        holder = self.draw_holder(data)
        assert holder is not None
        holder.credit += credit
        self.broker.wake(holder.destination)

    @rule()
    def deliver(self) -> None:
        self.broker.deliver(self.now)

    @precondition(lambda self: any(holder.holding for holder in self.holders.values()))
    @rule(data=st.data(), outcome=st.sampled_from(("accepted", "released", "failed")))
    def settle(self, data: st.DataObject, outcome: str) -> None:
        holder = self.draw_holder(data, unsettled=True)
        assert holder is not None
        message = holder.holding.pop(data.draw(st.sampled_from(sorted(holder.holding))))
        if outcome == "accepted":
            holder.settle([message])
        elif outcome == "released":
            self.broker.give_back(holder.destination, [message])
        else:
            self.broker.give_back(holder.destination, [message.after_failed_delivery()])

    @rule(seconds=st.floats(0, 10))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.broker.expire(self.now)

    @rule()
    def sweep(self) -> None:
        self.broker.has_room(self.now)
