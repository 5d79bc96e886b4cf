"""A link over which a client publishes to one topic."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from mqlight_devserver import _binding as pn
from mqlight_devserver import attach, conditions
from mqlight_devserver.conditions import Refused
from mqlight_devserver.sections import NOTHING_ALIKE, read_sections
from mqlight_devserver.values import DecodeError

if TYPE_CHECKING:
    from mqlight_devserver.broker import Account, Broker
    from mqlight_devserver.output import Output
    from mqlight_devserver.settings import Settings

__all__ = ["IncomingLink"]

logger: logging.Logger = logging.getLogger(__name__)

_FIRST_CREDIT: Final = 10
"""Until the size of a publisher's messages is known."""
_AHEAD_BYTES: Final = 4 * 1024 * 1024
"""What a publisher may send ahead, in messages of the size that it has sent before."""
_TOLERATED: Final = 1
"""Transfers beyond the credit: Node's client counts one too few (mqlight-protocol.md §9.7, 4)."""


class IncomingLink:
    """Takes transfers, hands them to the broker, settles them, and grants credit by halves.

    Credit is for about 4 MiB of messages, at most `Settings.credit` of them.

    A message is settled when the broker has it; the transfer's settled flag alone, not the link's
    settle mode, tells whether the client waits for that (mqlight-protocol.md §9.7, 7).
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a link consists of
        self,
        link: pn.Link,
        topic: str,
        broker: Broker,
        account: Account,
        settings: Settings,
        output: Output,
        buffer: pn.Buffer,
        now: float,
    ) -> None:
        """`buffer` is scratch space that the links of a connection share."""
        self.pointer = link
        self.session: pn.Session = pn.pn_link_session(link)
        self.topic: str = topic
        self.published: int = 0
        """How many messages `tally` has entered."""
        self._broker = broker
        self._account = account
        self._limit = settings.max_message_size
        self._output = output
        self._buffer = buffer
        self._layout = NOTHING_ALIKE
        self._most_credit = settings.credit
        self._credit = 0
        self._window = min(_FIRST_CREDIT, settings.credit)
        self._grant_at = 0
        self._messages = 0
        self._bytes = 0
        self._entered_messages = 0
        self._entered_bytes = 0
        self._gathering = False
        pn.pn_link_set_max_message_size(link, settings.max_message_size)
        attach.accept(link)
        self._replenish(now)

    def on_flow(self) -> None:
        """The client's view of its credit: nothing depends on it."""

    def on_delivery(self, _event: pn.Event, now: float) -> None:
        """Bytes of a transfer have come, perhaps all of them.

        The event's own delivery may be settled already, where one message came in several frames.
        The link's current one is what there is to read, and no message has fewer events than one.

        Raises:
            Refused: the client sends more than it has credit for.
        """
        delivery = pn.pn_link_current(self.pointer)
        if not delivery:
            return
        if pn.pn_delivery_partial(delivery):
            pending = pn.pn_delivery_pending(delivery)
            if pending > self._limit:
                self._reject_as_too_large(delivery, self._limit)
                self._count(self._limit, now)
            elif not self._broker.may_gather(self, pending):
                most = "too many bytes of messages that are not complete"
                raise Refused(conditions.RESOURCE_LIMIT, most)
            self._gathering = True
            return
        if self._gathering:
            self._gathering = False
            self._broker.gathered(self)
        buffer, layout = self._buffer, self._layout
        size = pn.pn_link_recv(self.pointer, buffer.pointer, buffer.size)
        if 0 <= size < buffer.size:
            received = pn.copy(buffer.pointer, size)
        else:
            received = self._read_rest(size)
        encoded = layout.repeated(received) if len(received) <= self._limit else None
        if encoded is not None:
            self._broker.publish(self.topic, encoded, layout.header, now)
            pn.pn_delivery_update(delivery, pn.PN_ACCEPTED)
            pn.pn_delivery_settle(delivery)
        elif size == pn.ABORTED:
            pn.pn_delivery_settle(delivery)
            self._leave_out(len(received))
        else:
            self._take_unlike(delivery, received, now)
        self._count(len(received), now)

    def resume(self) -> None:
        """The broker has room again: grant as many messages as may be on their way."""
        if self._messages:
            self.tally()
            fitting = _AHEAD_BYTES * self._messages // max(self._bytes, 1)
            self._window = min(max(fitting, 1), self._most_credit)
            self._messages = self._bytes = self._entered_messages = self._entered_bytes = 0
        self._grant_at = self._window // 2
        if self._credit < self._window:
            pn.pn_link_flow(self.pointer, self._window - self._credit)
            self._credit = self._window
            self._output.wake()

    def tally(self) -> None:
        """Enter into the counts what has come since the last time: not message by message."""
        messages = self._messages - self._entered_messages
        if messages:
            self.published += messages
            self._account.publish(self.topic, messages, self._bytes - self._entered_bytes)
            self._entered_messages, self._entered_bytes = self._messages, self._bytes

    def detached(self, now: float, *, closed: bool) -> None:
        """The client detached: answer in kind."""
        self.lost(now)
        attach.detach(self.pointer, closed=closed)

    def lost(self, _now: float) -> None:
        """The session or connection is gone, and this link with it."""
        self.tally()
        self._broker.forget(self)

    def _count(self, size: int, now: float) -> None:
        self._messages += 1
        self._bytes += size
        self._credit -= 1
        if self._credit == self._grant_at:
            self._replenish(now)
        elif self._credit < -_TOLERATED:
            raise Refused(conditions.CREDIT_EXCEEDED, "more messages than there was credit for")

    def _leave_out(self, size: int) -> None:
        """A message that has used up credit does not enter into the counts."""
        self._entered_messages += 1
        self._entered_bytes += size

    def _replenish(self, now: float) -> None:
        if self._broker.has_room(now):
            self.resume()
        else:
            self._broker.hold(self)

    def _read_rest(self, size: int) -> bytes:
        """A message that fills the buffer, of which the first `size` bytes are there."""
        buffer = self._buffer
        pieces = []
        while size > 0:
            pieces.append(pn.copy(buffer.pointer, size))
            size = pn.pn_link_recv(self.pointer, buffer.pointer, buffer.size)
        return b"".join(pieces)

    def _take_unlike(self, delivery: pn.Delivery, received: bytes, now: float) -> None:
        """A message that differs from the last in more than its body, or is too large."""
        if len(received) > self._limit:
            self._reject_as_too_large(delivery, len(received))
            return
        try:
            layout = self._layout = read_sections(received, self.topic)
        except DecodeError as error:
            reason = Refused(conditions.DECODE_ERROR, f"this is not an AMQP message: {error}")
            self._reject(delivery, reason, len(received))
            return
        self._broker.publish(self.topic, layout.encoded, layout.header, now)
        pn.pn_delivery_update(delivery, pn.PN_ACCEPTED)
        pn.pn_delivery_settle(delivery)

    def _reject_as_too_large(self, delivery: pn.Delivery, size: int) -> None:
        description = f"the message is larger than the {self._limit} bytes that are allowed"
        self._reject(delivery, Refused(conditions.MESSAGE_TOO_LARGE, description), size)

    def _reject(self, delivery: pn.Delivery, reason: Refused, size: int) -> None:
        logger.warning("message to %s rejected: %s", self.topic, reason)
        reason.describe(pn.pn_disposition_condition(pn.pn_delivery_local(delivery)))
        pn.pn_delivery_update(delivery, pn.PN_REJECTED)
        pn.pn_delivery_settle(delivery)
        self._leave_out(size)
        self._account.reject()
