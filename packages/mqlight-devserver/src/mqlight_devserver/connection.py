"""One client's connection, sans-IO: bytes in, bytes out, time as `now`.

The owner of the socket feeds `receive`, asks `fill` for output whenever `wake` was called, and
calls `handle_timer` when `deadline` has come.  Nothing here opens sockets, sleeps or reads a clock.
"""

from __future__ import annotations

import logging
from itertools import islice
from typing import TYPE_CHECKING, Final

from mqlight_core.client_id import check_client_id
from mqlight_core.errors import InvalidArgumentError
from mqlight_core.redact import describe_value
from mqlight_core.topics import Destination
from mqlight_devserver import _binding as pn
from mqlight_devserver import attach, conditions
from mqlight_devserver.broker import Account
from mqlight_devserver.conditions import Refused
from mqlight_devserver.engine import Engine
from mqlight_devserver.incoming_link import IncomingLink
from mqlight_devserver.outgoing_link import OutgoingLink
from mqlight_devserver.output import Output
from mqlight_devserver.refusal import refusal
from mqlight_devserver.sasl import SaslServer
from mqlight_devserver.snapshot import MOST_LINKS, ClientState, Publication, Subscription

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight_devserver.broker import Broker, ClientRegistry
    from mqlight_devserver.settings import Settings

__all__ = ["Connection"]

logger: logging.Logger = logging.getLogger(__name__)

_SCRATCH_BYTES: Final = 32 * 1024
_FRAME_OVERHEAD: Final = 64 * 1024
_LARGEST_BEGINNING: Final = 64 * 1024
"""Bytes before AMQP's open is complete: the engine keeps a frame until it is."""

# Java's client reads the SASL outcome only once AMQP is closed too, and the number is what Python's
# and Ruby's look for (mqlight-protocol.md §1.1, §1.8).
_BAD_CREDENTIALS: Final = Refused(
    conditions.UNAUTHORIZED, "AMQXR0100E: 2035 : the user name or password is not right"
)


class Connection:
    """From the first byte of a client to its end: SASL, then AMQP, sessions and links.

    `deadline` is when `handle_timer` is due, None for never.  `finished` says that the client is to
    be hung up on once `fill` has nothing more.
    """

    def __init__(
        self,
        peer: str,
        settings: Settings,
        broker: Broker,
        clients: ClientRegistry[Connection],
        wake: Callable[[Connection], None],
    ) -> None:
        """`peer` names the other end in logs; `wake` is called when there may be output."""
        self.deadline: float | None = None
        self.finished: bool = False
        self._peer = peer
        self._settings = settings
        self._broker = broker
        self._clients = clients
        self._output = Output(lambda: wake(self))
        self._sasl: SaslServer | None = SaslServer(settings.users)
        self._greeting = b""
        # A frame may hold the largest message: Node's client overruns a limit that makes it split
        # messages by a few bytes, which the engine does not forgive.
        largest_frame = settings.max_message_size + _FRAME_OVERHEAD
        self._engine = Engine(settings.container_id, largest_frame, settings.idle_timeout)
        self._account = Account(broker.traffic)
        self._user: str | None = None
        self._client_id: str | None = None
        self._opened_at = 0.0
        self._closing = False
        self._before_open = 0
        self._links: dict[pn.Link, IncomingLink | OutgoingLink] = {}
        self._buffer = pn.Buffer(_SCRATCH_BYTES)

    def identified(self, name: str) -> None:
        """TLS has verified the client's certificate, which is for `name`."""
        logger.info("%s: certificate of %s", self._peer, describe_value(name))
        if self._sasl is not None:
            self._sasl.certificate = name

    def turned_away(self, why: str) -> None:
        """TLS could not be agreed on."""
        self._give_up(f"the TLS handshake failed: {why}")

    def receive(self, data: bytes | memoryview, now: float) -> None:
        """Take bytes from the client and act on them."""
        if self._sasl is not None:
            data = self._negotiate(self._sasl, bytes(data), now)
            if not data:
                return
            self._user = self._sasl.user
            logger.debug("%s: let in as %s", self._peer, describe_value(self._user))
            self._sasl = None
        self._engine.receive(data)
        self._handle_events(now)
        self._output.wake()
        if self._client_id is None and not self._closing:
            self._before_open += len(data)
            if self._before_open > _LARGEST_BEGINNING:
                self._give_up("it has said too much before its open")
                self.deadline = now + self._settings.closing_timeout
                self._output.wake()

    def receive_eof(self, now: float) -> None:
        """The client will send no more: as if it had closed."""
        if self._sasl is None:
            self._engine.receive_eof()
            self._handle_events(now)
        self._end(now)

    def fill(self, buffer: pn.Buffer) -> int:
        """Move output into `buffer`, of at least 1 KiB: how many bytes; 0 for no more now."""
        if self._greeting:
            size = len(self._greeting)
            buffer.view[:size], self._greeting = self._greeting, b""
            return size
        if self._sasl is not None or self.finished:
            return 0
        self._output.before_output()
        size = self._engine.fill(buffer)
        if not size and self._engine.finished:
            self.finished = True
        return size

    def set_blocked(self, *, blocked: bool) -> None:
        """Whether the client takes its bytes too slowly for more to be made."""
        self._output.blocked = blocked

    def written(self) -> None:
        """All output is on its way: there is room for more messages."""
        self._output.written()

    def handle_timer(self, now: float) -> None:
        """`deadline` has come: heartbeats, or the end of patience with a client."""
        if self._closing or self._client_id is None:
            if not self._closing:
                self._give_up(f"it has not opened within {self._settings.opening_timeout:g} s")
            self.finished = True
            return
        self.deadline = self._engine.tick(now)
        self._handle_events(now)
        self._output.wake()

    def _give_up(self, why: str) -> None:
        logger.warning("%s: refused: %s", self._peer, why)
        self._closing = self.finished = True

    def close(self, refused: Refused, now: float) -> None:
        """Send CLOSE with an error; the client has a few seconds to answer."""
        self._engine.open()
        self._engine.close(refused)
        self._end(now, f"closing: {refused}")

    def free(self, now: float) -> None:
        """The socket is gone: give back what was held, and release the engine."""
        self._leave(now)
        self._engine.free()

    def tally(self) -> None:
        """Enter into the counts what has passed since the last time."""
        for link in self._links.values():
            link.tally()

    def state(self, now: float) -> ClientState | None:
        """Return what is known of the client, as of the last `tally`; None while it has no id."""
        if self._client_id is None or self._closing:
            return None
        links = self._links.values()
        outgoing = [link for link in links if isinstance(link, OutgoingLink)]
        incoming = (link for link in links if isinstance(link, IncomingLink))
        return ClientState(
            client_id=self._client_id,
            user=self._user,
            address=self._peer,
            connected_for=now - self._opened_at,
            tls=self._settings.tls is not None,
            sent=self._account.sent,
            received=self._account.received,
            publications=tuple(
                Publication(link.topic, link.published) for link in islice(incoming, MOST_LINKS)
            ),
            subscriptions=tuple(
                Subscription(link.identity.pattern, link.identity.share, link.delivered)
                for link in outgoing[:MOST_LINKS]
            ),
            subscription_count=len(outgoing),
        )

    @property
    def _name(self) -> str:
        return self._peer if self._client_id is None else f"{self._client_id} ({self._peer})"

    def _negotiate(self, sasl: SaslServer, data: bytes, now: float) -> bytes:
        """SASL's turn, until the client starts with AMQP; the bytes that are AMQP's."""
        if sasl.accepted:
            return data
        if self._closing:
            return b""
        self._greeting += sasl.receive(data)
        self._output.wake()
        if sasl.done and not sasl.accepted:
            logger.warning("%s: refused: %s", self._peer, sasl.failure)
            if sasl.refused_credentials:
                self._greeting += refusal(self._settings.container_id, _BAD_CREDENTIALS)
            self._closing = self.finished = True
            self.deadline = now + self._settings.closing_timeout
        return sasl.rest

    def _handle_events(self, now: float) -> None:
        collector, links = self._engine.collector, self._links
        while event := pn.pn_collector_peek(collector):
            kind = pn.pn_event_type(event)
            if kind == pn.PN_DELIVERY:
                pointer = pn.pn_event_link(event)
                link = links.get(pointer)
                if link is None:
                    attach.discard(pointer)
                else:
                    try:
                        link.on_delivery(event, now)
                    except Refused as refused:
                        self._end_link(link, refused, now)
            elif kind == pn.PN_LINK_FLOW:
                link = links.get(pn.pn_event_link(event))
                if link is not None:
                    link.on_flow()
            elif kind in self._rare_events:
                self._rare_events[kind](self, event, now)
            pn.pn_collector_pop(collector)

    def _on_open(self, _event: pn.Event, now: float) -> None:
        if self._closing:
            return
        if self._client_id is not None:
            self.close(Refused(conditions.ILLEGAL_STATE, "the connection is open already"), now)
            return
        try:
            client_id = check_client_id(self._engine.container_id or "")
        except (InvalidArgumentError, UnicodeDecodeError) as error:
            self.close(Refused(conditions.INVALID_FIELD, f"container-id: {error}"), now)
            return
        former = self._clients.claim(client_id, self)
        if former is not None:
            description = f"ServerContext_Takeover: client id {client_id} has connected again"
            former.close(Refused(conditions.STOLEN, description), now)
        self._client_id = client_id
        self._opened_at = now
        self._engine.open()
        self.deadline = self._engine.tick(now)
        logger.info("%s: connected", self._name)

    def _on_begin(self, event: pn.Event, _now: float) -> None:
        if not self._closing:
            pn.pn_session_open(pn.pn_event_session(event))
            logger.debug("%s: session begun", self._name)

    def _on_attach(self, event: pn.Event, now: float) -> None:
        if self._closing or self._client_id is None:
            return
        pointer = pn.pn_event_link(event)
        try:
            attach.check_count(len(self._links), self._settings)
            if pn.pn_link_is_receiver(pointer):
                self._links[pointer] = self._publisher(pointer, now)
            else:
                self._links[pointer] = self._subscriber(pointer, self._client_id)
        except Refused as refused:
            logger.warning("%s: link refused: %s", self._name, refused)
            attach.refuse(pointer, refused)

    def _publisher(self, pointer: pn.Link, now: float) -> IncomingLink:
        topic = attach.published_topic(pointer, self._settings)
        logger.info("%s: publishes to %s", self._name, topic)
        return IncomingLink(
            pointer,
            topic,
            self._broker,
            self._account,
            self._settings,
            self._output,
            self._buffer,
            now,
        )

    def _subscriber(self, pointer: pn.Link, client_id: str) -> OutgoingLink:
        identity, ttl = attach.subscribed_destination(pointer, client_id, self._settings)
        address = Destination(identity.pattern, identity.share).address
        logger.info("%s: subscribes to %s, kept for %s s", self._name, address, ttl)
        link = OutgoingLink(
            pointer, client_id, identity, ttl, self._broker, self._account, self._output
        )
        if link.former is not None:
            # A client id has one connection, so the former link is one of this connection's.
            del self._links[link.former.pointer]
            link.former.replaced()
        return link

    def _on_detach(self, event: pn.Event, now: float) -> None:
        link = self._links.pop(pn.pn_event_link(event), None)
        if link is not None:
            closed = pn.pn_event_type(event) == pn.PN_LINK_REMOTE_CLOSE
            logger.debug("%s: link %s", self._name, "closed" if closed else "detached")
            link.detached(now, closed=closed)

    def _end_link(self, link: IncomingLink | OutgoingLink, refused: Refused, now: float) -> None:
        logger.warning("%s: link ended: %s", self._name, refused)
        del self._links[link.pointer]
        link.lost(now)
        attach.detach(link.pointer, refused)

    def _on_end(self, event: pn.Event, now: float) -> None:
        session = pn.pn_event_session(event)
        for pointer, link in tuple(self._links.items()):
            if link.session == session:
                del self._links[pointer]
                link.lost(now)
        logger.debug("%s: session ended", self._name)
        pn.pn_session_close(session)
        pn.pn_session_free(session)

    def _on_close(self, _event: pn.Event, now: float) -> None:
        if not self._closing:
            self._engine.close()
        self._end(now, "closed by the client")

    def _on_failure(self, _event: pn.Event, now: float) -> None:
        self._end(now)

    def _end(self, now: float, how: str = "lost") -> None:
        """Nothing is expected of the client any more, but to read what is still to be said."""
        if not self._closing:
            error = self._engine.remote_error()
            logger.info("%s: %s%s", self._name, how, f": {error}" if error else "")
        self._leave(now)
        self._closing = True
        self.deadline = now + self._settings.closing_timeout
        self._output.wake()

    def _leave(self, now: float) -> None:
        """The client's links and id are not this connection's any more."""
        links = tuple(self._links.values())
        self._links.clear()
        for link in links:
            link.lost(now)
        if self._client_id is not None:
            self._clients.release(self._client_id, self)

    _rare_events: Final = {
        pn.PN_CONNECTION_REMOTE_OPEN: _on_open,
        pn.PN_CONNECTION_REMOTE_CLOSE: _on_close,
        pn.PN_SESSION_REMOTE_OPEN: _on_begin,
        pn.PN_SESSION_REMOTE_CLOSE: _on_end,
        pn.PN_LINK_REMOTE_OPEN: _on_attach,
        pn.PN_LINK_REMOTE_DETACH: _on_detach,
        pn.PN_LINK_REMOTE_CLOSE: _on_detach,
        pn.PN_TRANSPORT_ERROR: _on_failure,
        pn.PN_TRANSPORT_CLOSED: _on_failure,
    }
