"""What holds whatever happens: found out by hypothesis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devserver_consumers import Recorder
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mqlight_devserver.broker import Broker, Destination, Identity
from mqlight_devserver.sections import Header

if TYPE_CHECKING:
    from mqlight_devserver.message import Message

CLIENTS = ("x", "y", "z")
SHARED = Identity("a/#", "s", None)


class AtLeastOnce(RuleBasedStateMachine):
    """One shared destination, always kept by its ttl, and clients that come, settle and go.

    At quality of service 1 no message is lost, none is in two places, and each client gets them in
    the order of publication, but for those that come back.
    """

    def __init__(self) -> None:
        super().__init__()
        self.broker = Broker(10**9)
        self.now = 0.0
        self.consumers: dict[str, Recorder] = {}
        self.destination: Destination
        self.unsettled: dict[str, dict[int, Message]] = {}
        self.published = 0
        self.settled: set[int] = set()
        self._attach("x")

    def _attach(self, client_id: str) -> None:
        consumer = Recorder(client_id, credit=0)
        self.destination, former = self.broker.attach(SHARED, 1000, consumer)
        if former is not None:
            self.broker.give_back(self.destination, self.unsettled.pop(client_id).values())
        self.consumers[client_id] = consumer
        self.unsettled[client_id] = {}

    @rule(client_id=st.sampled_from(CLIENTS))
    def attach(self, client_id: str) -> None:
        self._attach(client_id)

    @precondition(lambda self: self.consumers)
    @rule(data=st.data())
    def detach(self, data: st.DataObject) -> None:
        client_id = data.draw(st.sampled_from(sorted(self.consumers)))
        held = self.unsettled.pop(client_id).values()
        consumer = self.consumers.pop(client_id)
        self.broker.detach(self.destination, consumer, held, self.now, closed=False)

    @rule(count=st.integers(1, 5))
    def publish(self, count: int) -> None:
        for _ in range(count):
            self.published += 1
            self.broker.publish("a/b", b"1234", Header(0), self.now)

    @precondition(lambda self: self.consumers)
    @rule(data=st.data(), credit=st.integers(0, 4))
    def grant(self, data: st.DataObject, credit: int) -> None:
        client_id = data.draw(st.sampled_from(sorted(self.consumers)))
        self.consumers[client_id].credit += credit
        self.broker.wake(self.destination)

    @rule()
    def deliver(self) -> None:
        self.broker.deliver(self.now)
        for client_id, consumer in self.consumers.items():
            for batch in consumer.batches:
                numbers = [message.order for message in batch]
                assert numbers == sorted(numbers)
                for message in batch:
                    assert message.order not in self.settled
                    self.unsettled[client_id][message.order] = message
            consumer.batches.clear()
        if self.destination.messages:
            assert not any(consumer.credit for consumer in self.consumers.values())

    @precondition(lambda self: any(self.unsettled.values()))
    @rule(data=st.data(), returned=st.booleans())
    def settle_or_release(self, data: st.DataObject, returned: bool) -> None:  # noqa: FBT001
        held = [(c, o) for c, messages in sorted(self.unsettled.items()) for o in messages]
        client_id, order = data.draw(st.sampled_from(held))
        message = self.unsettled[client_id].pop(order)
        if returned:
            self.broker.give_back(self.destination, [message])
        else:
            self.settled.add(order)

    @rule(seconds=st.floats(0, 100))
    def wait(self, seconds: float) -> None:
        if self.consumers:
            self.now += seconds
        self.broker.expire(self.now)

    @invariant()
    def every_message_is_in_one_place(self) -> None:
        waiting = [message.order for message in self.destination.messages]
        held = [order for messages in self.unsettled.values() for order in messages]
        assert waiting == sorted(waiting)
        everywhere = sorted([*waiting, *held, *self.settled])
        assert everywhere == list(range(1, self.published + 1))

    @invariant()
    def the_bytes_that_wait_are_counted(self) -> None:
        assert self.destination.queued_bytes == 4 * len(self.destination.messages)


AtLeastOnce.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAtLeastOnce = AtLeastOnce.TestCase
