"""Sender and receiver links: the hot paths between the outbox, proton's engine and the batches.

Handles into proton are borrowed: a settled delivery's address is the next delivery's
(`performance.md` §8).  Each link therefore keeps the handles it still owns and forgets them all
when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqlight._amqp import _binding as pn
from mqlight._amqp._binding import (
    PN_ACCEPTED,
    pn_delivery,
    pn_delivery_partial,
    pn_delivery_readable,
    pn_delivery_remote_state,
    pn_delivery_settle,
    pn_delivery_settled,
    pn_delivery_update,
    pn_link_advance,
    pn_link_credit,
    pn_link_recv,
    pn_link_send,
)
from mqlight._amqp.conditions import documented_error
from mqlight._amqp.message import MessageReader
from mqlight_core.errors import MQLightError, NetworkError, NotPermittedError, SecurityError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from mqlight._amqp.events import Event
    from mqlight._machine.outbox import Lane, Outcome, Send
    from mqlight._machine.subscriptions import Subscription

MOST_TRANSFERS = 500
MOST_TRANSFER_BYTES = 1024 * 1024
"""What a link hands to proton at a time; more only makes its output pass slower."""

LARGEST_MESSAGE = 100 * 1024 * 1024
"""Bytes of the largest message that is received, as encoded: the most that IBM MQ carries.

Without a limit a message that never ends would take all memory.
"""

_BYTES_A_UNIT = 2048
"""A received message counts for one in a batch, and for one more with each so many bytes."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The server has said what became of messages of this link: `Sender.complete` has them."""

    sender: Sender


@dataclass(slots=True)
class Arrived:
    """Messages of one subscription, in order: (type, data, delivery) for `on_message`."""

    receiver: Receiver
    messages: list[tuple[str, object, dict[str, Any]]] = field(default_factory=list)
    deliveries: list[pn.Delivery] = field(default_factory=list)
    """At quality of service 1 with automatic confirmation: what to settle, in the same order."""
    tokens: list[int] = field(default_factory=list)
    """With manual confirmation: what `Receiver.confirm` takes, in the same order."""
    large: int = 0
    """What large messages among them count for beside one each: one for each 2 KiB."""

    @property
    def cost(self) -> int:
        """What the messages count for: one each, and one more for each 2 KiB."""
        return len(self.messages) + self.large


@dataclass(frozen=True, slots=True)
class Misused:
    """The server has broken a rule of a subscription's link; what follows on it is not read."""

    error: MQLightError


class Sender:
    """The link that carries one topic's messages, both qualities of service."""

    def __init__(self, session: pn.Session, lane: Lane) -> None:
        self.lane = lane
        self.attached: bool = False
        name = pn.c_string(lane.topic)
        self.link: pn.Link = pn.pn_sender(session, name)
        pn.pn_terminus_set_address(pn.pn_link_source(self.link), name)
        pn.pn_terminus_set_address(pn.pn_link_target(self.link), name)
        pn.pn_link_set_snd_settle_mode(self.link, pn.PN_SND_MIXED)
        pn.pn_link_set_rcv_settle_mode(self.link, pn.PN_RCV_FIRST)
        pn.pn_link_open(self.link)
        self._tags = pn.DeliveryTags()
        self._largest = 0
        self.largest_settled: int = 0
        """Bytes of the largest message transferred at quality of service 0."""
        self._outcomes: dict[Hashable, MQLightError | None] = {}
        """What the server has said in this batch."""

    @property
    def label(self) -> str:
        """What errors and the log call it."""
        return f"topic {self.lane.topic!r}"

    def on_attached(self) -> None:
        """The server's attach has arrived."""
        self.attached = True
        self._largest = pn.pn_link_remote_max_message_size(self.link)

    def transfer(self, written: list[Send], failed: list[Outcome]) -> int:
        """Hand over what credit allows, in order; return how many messages.

        Messages at quality of service 0 go to `written`; one that is larger than the server takes
        fails at once, into `failed`.
        """
        link, lane, tags = self.link, self.lane, self._tags
        waiting, in_flight = lane.waiting, lane.in_flight
        credit = min(pn_link_credit(link), MOST_TRANSFERS)
        budget = MOST_TRANSFER_BYTES
        largest, largest_settled = self._largest, self.largest_settled
        count = 0
        while waiting and count < credit and budget > 0:
            send = waiting.popleft()
            encoded = send[1]
            size = len(encoded)
            if largest and size > largest:
                failed.append((send, _too_large(lane, size, largest)))
                continue
            count += 1
            budget -= size
            tags.advance()
            delivery = pn_delivery(link, tags.value)
            pn_link_send(link, encoded, size)
            if send[2]:
                pn_link_advance(link)
                in_flight[delivery] = send
            else:
                pn_delivery_settle(delivery)
                written.append(send)
                if size > largest_settled:
                    self.largest_settled = largest_settled = size
        return count

    def transfer_at_once(self, send: Send) -> bool:
        """Hand one message over at quality of service 0; False where credit or size forbid it."""
        encoded = send[1]
        size = len(encoded)
        if pn_link_credit(self.link) <= 0 or (self._largest and size > self._largest):
            return False
        self._tags.advance()
        delivery = pn_delivery(self.link, self._tags.value)
        pn_link_send(self.link, encoded, size)
        pn_delivery_settle(delivery)
        self.largest_settled = max(self.largest_settled, size)
        return True

    def on_delivery(self, delivery: pn.Delivery, events: list[Event]) -> int:
        """The server said something of a message in flight; `complete` follows in the batch.

        It costs the batch nothing: credit bounds how much of it there can be.
        """
        state = pn_delivery_remote_state(delivery)
        if state < PN_ACCEPTED and not pn_delivery_settled(delivery):
            return 0
        if delivery in self.lane.in_flight:
            if not self._outcomes:
                events.append(Settled(self))
            error = _outcome(delivery, state, self.lane) if state > PN_ACCEPTED else None
            self._outcomes[delivery] = error
            pn_delivery_settle(delivery)
        return 0

    def complete(self) -> list[Outcome]:
        """Take the messages with an outcome out of those in flight, in the order of sending.

        Proton reports the deliveries of one disposition in the order of a hash table.
        """
        outcomes, in_flight = self._outcomes, self.lane.in_flight
        self._outcomes = {}
        if len(outcomes) == len(in_flight):
            completed: list[Outcome] = [
                (send, outcomes[delivery]) for delivery, send in in_flight.items()
            ]
            in_flight.clear()
            return completed
        found: list[Hashable] = []
        completed = []
        for delivery, send in in_flight.items():
            if delivery in outcomes:
                found.append(delivery)
                completed.append((send, outcomes[delivery]))
                if len(found) == len(outcomes):
                    break
        for delivery in found:
            del in_flight[delivery]
        return completed


def _too_large(lane: Lane, size: int, largest: int) -> MQLightError:
    return NotPermittedError(
        f"a message of {size} bytes to topic {lane.topic!r} is too large: the server takes at most "
        f"{largest} bytes"
    )


def _outcome(delivery: pn.Delivery, state: int, lane: Lane) -> MQLightError:
    """Return the error of a message that was not accepted (`mqlight-protocol.md` §3.7)."""
    if state == pn.PN_REJECTED:
        condition = pn.pn_disposition_condition(pn.pn_delivery_remote(delivery))
        name = pn.text(pn.pn_condition_get_name(condition))
        description = pn.text(pn.pn_condition_get_description(condition))
        where = f"the message to topic {lane.topic!r} was rejected"
        if not name and not description:
            return MQLightError(where)
        known = documented_error(name, description, where)
        if isinstance(known, NotPermittedError | SecurityError):
            return known
        return MQLightError(str(known))
    what = "released" if state == pn.PN_RELEASED else "modified"
    return MQLightError(f"the message to topic {lane.topic!r} was {what} by the server")


class Receiver:
    """The link of one subscription."""

    def __init__(self, session: pn.Session, subscription: Subscription, buffer: pn.Buffer) -> None:
        destination = subscription.destination
        self.subscription = subscription
        self._buffer = buffer
        self.attached: bool = False
        self.alive: bool = True
        """False once the handles of its deliveries are gone."""
        self.manual: bool = subscription.prefetch is not None or (
            subscription.qos == 1 and not subscription.auto_confirm
        )
        self.held: dict[int, pn.Delivery] = {}
        """With manual confirmation: what can still be confirmed, by token."""
        self.kept_by_server: bool = subscription.qos == 1 and subscription.ttl > 0
        """What is not settled comes again after a reconnection."""
        self._tokens = 0
        self._parts = bytearray()
        """What has come of a message that has not come whole."""
        self._given_up = False
        """The server has broken a rule of this link; the connection's owner has been told."""
        self._qos = subscription.qos
        self._presettled = False
        self._reader = MessageReader(destination.pattern, subscription.qos)
        self._destination: dict[str, object] = {"topic_pattern": destination.pattern}
        if destination.share is not None:
            self._destination["share"] = destination.share
        self.address: str = destination.address
        address = pn.c_string(self.address)
        self.link: pn.Link = pn.pn_receiver(session, address)
        for terminus in (pn.pn_link_source(self.link), pn.pn_link_target(self.link)):
            pn.pn_terminus_set_address(terminus, address)
            if subscription.ttl > 0:
                pn.pn_terminus_set_expiry_policy(terminus, pn.PN_EXPIRE_WITH_LINK)
                pn.pn_terminus_set_timeout(terminus, subscription.ttl)
        pn.pn_link_set_snd_settle_mode(
            self.link, pn.PN_SND_UNSETTLED if subscription.qos else pn.PN_SND_SETTLED
        )
        pn.pn_link_set_rcv_settle_mode(self.link, pn.PN_RCV_FIRST)
        pn.pn_link_open(self.link)

    @property
    def label(self) -> str:
        """What errors and the log call it."""
        return f"subscription {self.address!r}"

    def on_attached(self) -> None:
        """The server's attach has arrived: now, and not before, credit may be granted."""
        self.attached = True
        self._presettled = pn.pn_link_remote_snd_settle_mode(self.link) == pn.PN_SND_SETTLED
        self.grant(self.subscription.restart_credit(self))

    def grant(self, credit: int) -> None:
        """Let the server send so many messages more; not on a link that is being ended."""
        if credit and self.alive and self.subscription.live:
            pn.pn_link_flow(self.link, credit)

    def on_delivery(self, delivery: pn.Delivery, events: list[Event]) -> int:
        """A message, or a part of one, has come; return its cost in the batch."""
        if self._given_up or not pn_delivery_readable(delivery):
            return 1
        if pn_delivery_partial(delivery):
            # A message larger than the session's window would never come whole to proton.
            return 1 + self._take_part(events) // _BYTES_A_UNIT
        raw = self._take()
        if raw is None:
            pn_delivery_settle(delivery)
            self.grant(self.subscription.arrived(1) + self.subscription.finished(1))
            return 1
        data, message, malformed = self._reader.read(raw)
        content: dict[str, Any] = {"message": message, "destination": self._destination.copy()}
        kind = "message"
        if malformed is not None:
            kind = "malformed"
            content["malformed"] = malformed
        arrived = events[-1] if events else None
        if type(arrived) is not Arrived or arrived.receiver is not self:
            arrived = Arrived(self)
            events.append(arrived)
        arrived.messages.append((kind, data, content))
        if self._qos == 0:
            if not self._presettled:
                pn_delivery_update(delivery, PN_ACCEPTED)
            pn_delivery_settle(delivery)
        else:
            pn_link_advance(self.link)
            if self.manual:
                self._tokens += 1
                self.held[self._tokens] = delivery
                arrived.tokens.append(self._tokens)
            else:
                arrived.deliveries.append(delivery)
        large = len(raw) // _BYTES_A_UNIT
        if large:
            arrived.large += large
        return 1 + large

    def _take(self) -> bytes | None:
        """Copy the bytes of the current delivery; None when the sender aborted it."""
        buffer = self._buffer
        size = pn_link_recv(self.link, buffer.pointer, buffer.size)
        if 0 <= size < buffer.size and not self._parts:
            return buffer.take(size)
        parts = self._parts
        while size > 0:
            parts += buffer.view[:size]
            size = pn_link_recv(self.link, buffer.pointer, buffer.size)
        self._parts = bytearray()
        return bytes(parts) if size == pn.PN_EOS else None

    def _take_part(self, events: list[Event]) -> int:
        """Copy what has come of the current delivery since the last time; return how much."""
        buffer, parts, taken = self._buffer, self._parts, 0
        while (size := pn_link_recv(self.link, buffer.pointer, buffer.size)) > 0:
            parts += buffer.view[:size]
            taken += size
        if len(parts) > LARGEST_MESSAGE:
            parts.clear()
            self._give_up(f"a message of more than {LARGEST_MESSAGE} bytes", events)
        return taken

    def check_credit(self, events: list[Event]) -> None:
        """Give the link up if the server has sent more messages than it may."""
        if pn_link_credit(self.link) < pn.pn_link_queued(self.link):
            self._give_up("more messages than it had credit for", events)

    def _give_up(self, sent: str, events: list[Event]) -> None:
        if not self._given_up:
            self._given_up = True
            events.append(Misused(NetworkError(f"{self.label}: the server sent {sent}")))

    def settle(self, deliveries: list[pn.Delivery]) -> None:
        """Accept messages of a batch, in order, so that proton makes one disposition of them."""
        if self.alive:
            for delivery in deliveries:
                pn_delivery_update(delivery, PN_ACCEPTED)
                pn_delivery_settle(delivery)

    def confirm(self, token: int) -> bool:
        """Accept one message that was held for it; False when that was done before."""
        delivery = self.held.pop(token, None)
        if delivery is None or not self.alive:
            return False
        pn_delivery_update(delivery, PN_ACCEPTED)
        pn_delivery_settle(delivery)
        return True

    def forget_deliveries(self) -> None:
        """The link or its connection is gone, and every handle with it."""
        self.alive = False
        self.held.clear()
        self._parts.clear()
