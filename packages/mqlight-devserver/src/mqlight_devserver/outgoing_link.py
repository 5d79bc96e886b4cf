"""A link over which a client receives from one destination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mqlight_devserver import _binding as pn
from mqlight_devserver import attach, conditions
from mqlight_devserver.conditions import Refused

if TYPE_CHECKING:
    from mqlight_devserver.broker import Account, Broker, Identity
    from mqlight_devserver.message import Message
    from mqlight_devserver.output import Output

__all__ = ["OutgoingLink"]

# The engine looks at every delivery that it has not sent yet each time it makes output, so no more
# than these are in it at a time.
_AHEAD: Final = 500
_OUTCOMES: Final = (pn.PN_ACCEPTED, pn.PN_REJECTED, pn.PN_RELEASED, pn.PN_MODIFIED)


class OutgoingLink:
    """A broker's consumer: sends within credit, holds what is not settled, gives it back."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a link consists of
        self,
        link: pn.Link,
        client_id: str,
        identity: Identity,
        ttl: float,
        broker: Broker,
        account: Account,
        output: Output,
    ) -> None:
        """Attach to the destination; if the client had a link to it, that is now `former`."""
        self.pointer = link
        self.client_id = client_id
        self.delivered: int = 0
        """Messages sent and not come back."""
        self.session: pn.Session = pn.pn_link_session(link)
        self._broker = broker
        self._account = account
        self._entered = 0
        self._output = output
        self._tags = pn.TagCounter()
        self._unsettled: dict[pn.Delivery, Message] = {}
        # Only an explicit wish for settled transfers is qos 0: Node's client leaves the mode open
        # and takes unsettled ones at either quality of service (mqlight-protocol.md §4.6).
        self._settled = pn.pn_link_remote_snd_settle_mode(link) == pn.PN_SND_SETTLED
        attach.accept(link)
        self._destination, former = broker.attach(identity, ttl, self)
        self.former: OutgoingLink | None = former if isinstance(former, OutgoingLink) else None

    @property
    def identity(self) -> Identity:
        """Of the destination."""
        return self._destination.identity

    @property
    def unsettled(self) -> int:
        """How many messages the client has not settled."""
        return len(self._unsettled)

    def room(self) -> int:
        """How many messages the client's credit and the engine leave room for."""
        credit = pn.pn_link_credit(self.pointer)
        ahead = 0 if self._output.blocked else _AHEAD - pn.pn_link_queued(self.pointer)
        if credit > ahead:
            self._output.limit(self)
            return max(ahead, 0)
        return max(credit, 0)

    def deliver(self, messages: list[Message], now: float) -> None:
        """Send: settled at qos 0, else to be held until the client settles."""
        self.delivered += len(messages)
        link, unsettled, settled = self.pointer, self._unsettled, self._settled
        tag, tag_number = self._tags.tag, self._tags.number
        number = tag_number[0]
        if not settled:
            held = sum([len(message.encoded) for message in messages])
            self._destination.unsettled_bytes += held
        for message in messages:
            if message.expires_at is None and not message.failed:
                encoded = message.encoded
            else:
                encoded = message.for_delivery(now)
            tag_number[0] = number = number + 1
            delivery = pn.pn_delivery(link, tag)
            pn.pn_link_send(link, encoded, len(encoded))
            if settled:
                pn.pn_delivery_settle(delivery)
            else:
                unsettled[delivery] = message
                pn.pn_link_advance(link)
        if settled and self._destination.journal is not None:
            self._destination.journal.gone(self._destination, messages)
        self._output.wake()

    def held(self) -> tuple[Message, ...]:
        """What the client has not settled."""
        return tuple(self._unsettled.values())

    def resume(self) -> None:
        """The output has been written: there is room for more."""
        self._broker.wake(self._destination)

    def on_flow(self) -> None:
        """The client's credit has changed, or it asks for a drain."""
        if pn.pn_link_get_drain(self.pointer):
            self._output.drain(self)
        self._broker.wake(self._destination)

    def finish_drain(self) -> bool:
        """Use up the credit that is left once nothing waits, and tell the client; whether it is so.

        AMQP 1.0 part 2.6.7.
        """
        if self._destination.messages and pn.pn_link_credit(self.pointer) > 0:
            return False
        pn.pn_link_drained(self.pointer)
        return True

    def on_delivery(self, event: pn.Event, _now: float) -> None:
        """The client has settled, or wants to; one that did so before is not known any more.

        Settled without a state is accepted (mqlight-protocol.md §4.6).
        """
        delivery = pn.pn_event_delivery(event)
        message = self._unsettled.get(delivery)
        if message is None:
            return
        state = pn.pn_delivery_remote_state(delivery)
        if state not in _OUTCOMES and not pn.pn_delivery_settled(delivery):
            return
        del self._unsettled[delivery]
        self._destination.unsettled_bytes -= len(message.encoded)
        if state == pn.PN_RELEASED:
            self.delivered -= 1
            self._broker.give_back(self._destination, [message])
        elif state == pn.PN_MODIFIED:
            failed = pn.pn_disposition_is_failed(pn.pn_delivery_remote(delivery))
            self.delivered -= 1
            returned = message.after_failed_delivery() if failed else message
            self._broker.give_back(self._destination, [returned])
        elif self._destination.journal is not None:
            self._destination.journal.gone(self._destination, (message,))
        pn.pn_delivery_settle(delivery)

    def tally(self) -> None:
        """Enter into the counts what has been delivered since the last time."""
        messages = self.delivered - self._entered
        if messages:
            self._account.deliver(messages)
            self._destination.delivered += messages
            self._entered = self.delivered

    def detached(self, now: float, *, closed: bool) -> None:
        """The client detached: answer in kind."""
        self._leave(now, closed=closed)
        attach.detach(self.pointer, closed=closed)

    def lost(self, now: float) -> None:
        """The session or connection is gone, and this link with it: as a DETACH without closed."""
        self._leave(now, closed=False)

    def replaced(self) -> None:
        """The same client has attached to the destination by another link: this one ends."""
        unsettled = self._forget_unsettled()
        self._broker.give_back(self._destination, [m.after_failed_delivery() for m in unsettled])
        reason = Refused(conditions.STOLEN, "the same client attached to this destination again")
        attach.detach(self.pointer, reason)
        self._output.wake()

    def _leave(self, now: float, *, closed: bool) -> None:
        unsettled = self._forget_unsettled()
        self._broker.detach(self._destination, self, unsettled, now, closed=closed)

    def _forget_unsettled(self) -> tuple[Message, ...]:
        """The messages that are to go back; their deliveries mean nothing any more."""
        unsettled = self.held()
        self._unsettled.clear()
        self._destination.unsettled_bytes -= sum(len(message.encoded) for message in unsettled)
        self._output.forget(self)
        self.delivered -= len(unsettled)
        self.tally()
        return unsettled
