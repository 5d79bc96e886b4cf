"""One AMQP connection with one session, over proton's engine, without IO (AMQP 1.0 part 2).

The driver owns the socket: it puts what it reads into `receive`, writes what `output` gives, calls
`tick` when the deadline has come, and asks `process` for what happened.  Not thread-safe: one
thread owns a connection at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._amqp import _binding as pn
from mqlight._amqp._binding import (
    PN_DELIVERY,
    pn_collector_peek,
    pn_collector_pop,
    pn_delivery_link,
    pn_event_delivery,
    pn_event_type,
)
from mqlight._amqp.begin import UNLIMITED, handle_max
from mqlight._amqp.conditions import MESSAGE_TOO_LARGE, documented_error
from mqlight._amqp.connection_log import ConnectionLog
from mqlight._amqp.events import Ended, Opened, Ready, ReceiverEnded, ReceiverOpened, SenderEnded
from mqlight._amqp.links import Arrived, Receiver, Sender
from mqlight._amqp.unread import Unread
from mqlight_core.errors import MQLightError, NetworkError, SecurityError

if TYPE_CHECKING:
    from mqlight._amqp.events import Event
    from mqlight._amqp.identity import Identity
    from mqlight._machine.outbox import Lane
    from mqlight._machine.subscriptions import Subscription

MAX_FRAME = 32 * 1024
"""Bytes of the largest frame that a peer may send us."""

SESSION_WINDOW = 1024 * MAX_FRAME
"""Bytes that a peer may send us while we do not read; messages smaller than a frame count less."""

LARGEST_BATCH = 128
"""What one call of `process` may cost: messages, and 2 KiB of payload count as one more."""

_SHORTEST_WAIT = 10
"""ms between two heartbeats at least, however short the idle-time-out that a server asks for."""

_LONGEST_HEAD = 64 * 1024
"""Bytes of a connection's beginning that are kept to read the server's begin."""

_NOT_AMQP = ("protocol header", "header mismatch")
"""What proton says when the peer's first bytes are not AMQP's."""

IS_IT_AMQP = "(is there an AMQP 1.0 server at this port, and is the scheme right?)"


_WHO = {
    "ANONYMOUS": "anonymous client",
    "EXTERNAL": "client certificate",
    "PLAIN": "user and password",
}
"""Who was to be authenticated, by SASL's mechanism."""


class AmqpConnection:
    """A client's connection to one service.

    `idle_timeout` (ms) ends the connection when nothing was heard for so long; the peer is told
    half of it.
    """

    def __init__(self, identity: Identity, idle_timeout: int) -> None:
        self._identity = identity
        self._log = ConnectionLog(identity.container_id, identity.address)
        self._frames = self._log.frames
        self._links: dict[pn.Link, Sender | Receiver] = {}
        self._leaving: set[pn.Link] = set()
        self._unread = Unread()
        self._opened = False
        self._head = bytearray()
        self._handle_max = UNLIMITED
        self._broken: MQLightError | None = None
        self._closing = False
        self._deaf = False
        """Proton takes nothing more in: after a last word, or a frame that it can not read."""
        self._ended = False
        self._freed = False
        self._buffer = pn.Buffer(64 * 1024)
        self._collector = pn.pn_collector()
        self._connection = pn.pn_connection()
        self._transport = pn.pn_transport()
        # What PN_TRACE_FRM and PN_LOG would print has the password in it; our own log has not.
        pn.pn_transport_trace(self._transport, pn.PN_TRACE_OFF)
        pn.pn_connection_collect(self._connection, self._collector)
        pn.pn_connection_set_container(self._connection, pn.c_string(identity.container_id))
        pn.pn_connection_set_hostname(self._connection, pn.c_string(identity.hostname))
        self._authenticate(identity)
        pn.pn_transport_set_max_frame(self._transport, MAX_FRAME)
        pn.pn_transport_set_idle_timeout(self._transport, idle_timeout)
        pn.pn_transport_bind(self._transport, self._connection)
        pn.pn_connection_open(self._connection)
        self._session = pn.pn_session(self._connection)
        pn.pn_session_set_incoming_capacity(self._session, SESSION_WINDOW)
        pn.pn_session_open(self._session)

    def _authenticate(self, identity: Identity) -> None:
        sasl = self._sasl = pn.pn_sasl(self._transport)
        # Of those that the server offers proton takes the strongest: in this order, too.
        pn.pn_sasl_allowed_mechs(sasl, pn.c_string(" ".join(identity.mechanisms)))
        if identity.user is not None:
            pn.pn_connection_set_user(self._connection, pn.c_string(identity.user))
            pn.pn_connection_set_password(self._connection, pn.c_string(identity.password or ""))
            # Proton does not see the TLS around it; whether PLAIN may go in clear is decided above.
            pn.pn_sasl_set_allow_insecure_mechs(sasl, True)  # noqa: FBT003 - a C function

    def receive(self, buffer: pn.Buffer, size: int) -> None:
        """Take in the first `size` bytes of the buffer."""
        if not self._opened and len(self._head) < _LONGEST_HEAD:
            self._head += buffer.view[:size]
        if self._frames is not None:
            self._frames.received(buffer.view[:size])
        at = 0
        while at < size:
            taken = pn.pn_transport_push(self._transport, buffer.pointer + at, size - at)
            if taken <= 0:
                break
            at += taken
        self._deaf = pn.pn_transport_capacity(self._transport) < 0

    def receive_eof(self, reason: MQLightError) -> None:
        """Take in that nothing more will come, and why."""
        self._broken = reason
        pn.pn_transport_close_tail(self._transport)

    def output(self, buffer: pn.Buffer) -> int:
        """Fill the buffer with what is to be written; return how many bytes."""
        size = 0
        while size < buffer.size:
            pending = pn.pn_transport_pending(self._transport)
            if pending <= 0:
                break
            pending = min(pending, buffer.size - size)
            pn.pn_transport_peek(self._transport, buffer.pointer + size, pending)
            pn.pn_transport_pop(self._transport, pending)
            size += pending
        if self._frames is not None:
            self._frames.sent(buffer.view[:size])
        return size

    def tick(self, now: int) -> int | None:
        """Do what is due at `now` (ms): heartbeats, the idle timeout; return the next deadline."""
        deadline = pn.pn_transport_tick(self._transport, now)
        return max(deadline, now + _SHORTEST_WAIT) if deadline else None

    @property
    def free_handles(self) -> int:
        """How many more links the server allows."""
        return self._handle_max + 1 - len(self._links)

    def open_sender(self, lane: Lane) -> Sender:
        """Begin to attach the link of a topic; Ready follows."""
        sender = Sender(self._session, lane)
        self._links[sender.link] = sender
        return sender

    def open_receiver(self, subscription: Subscription) -> Receiver:
        """Begin to attach the link of a subscription; ReceiverOpened or ReceiverEnded follows."""
        receiver = Receiver(self._session, subscription, self._buffer)
        self._links[receiver.link] = receiver
        return receiver

    def end_link(self, which: Sender | Receiver, *, closed: bool) -> None:
        """Begin to end a link; SenderEnded or ReceiverEnded follows.

        `closed` False leaves the destination behind for as long as its ttl says.
        """
        self._leaving.add(which.link)
        if closed:
            pn.pn_link_close(which.link)
        else:
            pn.pn_link_detach(which.link)

    def close(self) -> None:
        """Begin to close; Ended follows."""
        self._closing = True
        pn.pn_connection_close(self._connection)

    def process(self, most: int = LARGEST_BATCH, *, reading: bool = True) -> list[Event]:
        """Return what happened, in order, at most a batch of it; [] when nothing did.

        Without `reading` messages stay where they are, and once they fill the session's window the
        peer sends no more of them; everything else goes on.
        """
        events: list[Event] = []
        collector, links = self._collector, self._links
        budget = self._unread.read(most, events) if reading else most
        while budget > 0 or not events:
            event = pn_collector_peek(collector)
            if not event:
                break
            kind = pn_event_type(event)
            if kind == PN_DELIVERY:
                delivery = pn_event_delivery(event)
                link = links.get(pn_delivery_link(delivery))
                if link is None:
                    pass
                elif reading or type(link) is Sender:
                    budget -= link.on_delivery(delivery, events)
                elif type(link) is Receiver:
                    self._unread.leave(delivery, link)
                    link.check_credit(events)
            else:
                self._control(kind, event, events)
            pn_collector_pop(collector)
        for arrived in [event for event in events if type(event) is Arrived]:
            arrived.receiver.check_credit(events)
        if not self._opened and not self._ended:
            self._look_at_sasl(events)
        if self._deaf and not self._ended and not pn_collector_peek(collector):
            # Of some such frames proton makes no event, and would be silent until the idle timeout.
            message = f"{self._identity.address}: the server sent a frame that can not be read"
            self._over(NetworkError(message), events)
        return events

    def _look_at_sasl(self, events: list[Event]) -> None:
        """Notice a refusal, of which proton makes no event when the peer says nothing more."""
        outcome = pn.pn_sasl_outcome(self._sasl)
        if outcome > pn.PN_SASL_OK:
            self._over(self._sasl_error(outcome), events)

    def _over(self, error: MQLightError | None, events: list[Event]) -> None:
        self._ended = True
        self._log.ended(error)
        self._unread.read_last(events)
        events.append(Ended(error))

    @property
    def _mechanism(self) -> str:
        """The mechanism in use; "" while there is none."""
        return pn.text(pn.pn_sasl_get_mech(self._sasl))

    def _sasl_error(self, outcome: int) -> MQLightError:
        mechanism = self._mechanism
        self._log.sasl(mechanism or "without a mechanism", outcome)
        what = f"{self._identity.address}: sasl negotiation failed"
        if outcome == pn.PN_SASL_AUTH:
            return SecurityError(
                f"{self._identity.address}: sasl authentication failed: the server does not accept "
                f"this {_WHO.get(mechanism, 'client')}"
            )
        if outcome == pn.PN_SASL_TEMP:
            return NetworkError(f"{what}: the server can not authenticate at the moment")
        if mechanism:
            return SecurityError(f"{what}: the server failed at {mechanism}")
        wanted = " or ".join(self._identity.mechanisms)
        hint = "" if self._identity.user else " (it may want a user and password)"
        return SecurityError(f"{what}: the server does not offer {wanted}{hint}")

    def _control(  # noqa: C901 - one branch an event
        self, kind: int, event: pn.Event, events: list[Event]
    ) -> None:
        if kind == pn.PN_LINK_FLOW:
            link = self._links.get(pn.pn_event_link(event))
            if isinstance(link, Sender) and link.attached:
                events.append(Ready(link))
        elif kind == pn.PN_LINK_REMOTE_OPEN:
            self._link_opened(pn.pn_event_link(event), events)
        elif kind in (pn.PN_LINK_REMOTE_CLOSE, pn.PN_LINK_REMOTE_DETACH):
            self._link_ended(
                pn.pn_event_link(event), events, closed=kind == pn.PN_LINK_REMOTE_CLOSE
            )
        elif kind == pn.PN_CONNECTION_REMOTE_OPEN:
            self._log.sasl(self._mechanism, pn.pn_sasl_outcome(self._sasl))
            self._log.opened(self._connection, self._transport)
        elif kind == pn.PN_SESSION_REMOTE_OPEN:
            self._session_opened(pn.pn_event_session(event), events)
        elif kind == pn.PN_SESSION_REMOTE_CLOSE:
            self._end(pn.pn_session_remote_condition(self._session), events)
        elif kind == pn.PN_CONNECTION_REMOTE_CLOSE:
            self._end(pn.pn_connection_remote_condition(self._connection), events)
        elif kind == pn.PN_TRANSPORT_ERROR:
            self._transport_error(events)
        elif kind == pn.PN_TRANSPORT_CLOSED and not self._ended:
            self._over(None if self._closing else self._hung_up(), events)

    def _session_opened(self, session: pn.Session, events: list[Event]) -> None:
        if self._opened or session != self._session:
            self._unasked("began a session", events)
            return
        self._opened = True
        self._handle_max = handle_max(bytes(self._head))
        self._head.clear()
        self._log.begun(self._handle_max)
        events.append(Opened())

    def _unasked(self, what: str, events: list[Event]) -> None:
        """End the connection: of what only the server begins there could be any number."""
        if not self._ended:
            message = f"{self._identity.address}: the server {what} that nobody has asked for"
            self._over(NetworkError(message), events)

    def _link_opened(self, handle: pn.Link, events: list[Event]) -> None:
        link = self._links.get(handle)
        if link is None:
            self._unasked("attached a link", events)
            return
        refused = pn.pn_link_state(handle) & pn.PN_REMOTE_CLOSED
        if refused or handle in self._leaving:
            return
        if isinstance(link, Sender):
            link.on_attached()
            self._log.attached(link)
            events.append(Ready(link))
        elif pn.pn_terminus_get_type(pn.pn_link_remote_source(handle)) != pn.PN_UNSPECIFIED:
            link.on_attached()
            self._log.attached(link)
            events.append(ReceiverOpened(link))

    def _link_ended(self, handle: pn.Link, events: list[Event], *, closed: bool) -> None:
        link = self._links.pop(handle, None)
        if link is None:
            return
        error: MQLightError | None = None
        too_large = False
        if handle in self._leaving:
            self._leaving.discard(handle)
        else:
            condition = pn.pn_link_remote_condition(handle)
            error = self._error(
                condition, f"{self._identity.address} ended the link of {link.label}"
            )
            too_large = pn.text(pn.pn_condition_get_name(condition)) == MESSAGE_TOO_LARGE
            if closed:
                pn.pn_link_close(handle)
            else:
                pn.pn_link_detach(handle)
        self._log.link_ended(link, error)
        if isinstance(link, Receiver):
            self._unread.read_last(events, link)
            link.forget_deliveries()
            events.append(ReceiverEnded(link, error, refused=not link.attached))
        else:
            events.append(SenderEnded(link, error, too_large))
        if isinstance(link, Sender) or not pn.pn_link_unsettled(handle):
            # It would settle what nobody has confirmed, and servers take that for accepted.
            pn.pn_link_free(handle)

    def _transport_error(self, events: list[Event]) -> None:
        if self._broken is not None and pn.pn_sasl_outcome(self._sasl) <= pn.PN_SASL_OK:
            if not self._ended:
                self._over(None if self._closing else self._hung_up(), events)
        else:
            self._end(pn.pn_transport_condition(self._transport), events)

    def _hung_up(self) -> MQLightError:
        reason = self._broken
        if reason is None:
            reason = NetworkError(f"{self._identity.address}: the server closed the connection")
        if self._opened or isinstance(reason, SecurityError):
            return reason
        return NetworkError(f"{reason} {IS_IT_AMQP}")

    def _end(self, condition: pn.Condition, events: list[Event]) -> None:
        if self._ended:
            return
        outcome = pn.pn_sasl_outcome(self._sasl)
        if outcome > pn.PN_SASL_OK:
            self._over(self._sasl_error(outcome), events)
        elif self._closing and not pn.pn_condition_is_set(condition):
            self._over(None, events)
        else:
            self._over(self._error(condition, self._identity.address), events)

    def _error(self, condition: pn.Condition, where: str) -> MQLightError:
        name = pn.text(pn.pn_condition_get_name(condition))
        description = pn.text(pn.pn_condition_get_description(condition))
        if any(part in description for part in _NOT_AMQP):
            description += f" {IS_IT_AMQP}"
        return documented_error(name, description, where)

    def free(self) -> None:
        """Give everything back to proton; the connection is of no use afterwards."""
        if self._freed:
            return
        self._freed = True
        for link in self._links.values():
            if isinstance(link, Receiver):
                link.forget_deliveries()
        self._links.clear()
        self._unread.forget()
        # Any other order leaks (`performance.md` §8).
        pn.pn_transport_unbind(self._transport)
        pn.pn_decref(self._transport)
        pn.pn_decref(self._connection)
        pn.pn_collector_free(self._collector)
