"""The other end of a connection, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import proton

from mqlight._amqp import _binding as pn

if TYPE_CHECKING:
    from mqlight._amqp.connection import AmqpConnection
    from mqlight._amqp.events import Event


@dataclass
class Transferred:
    """A message that the client has transferred."""

    topic: str
    encoded: bytes
    settled: bool
    delivery: proton.Delivery


@dataclass
class ServerPeer:
    """An AMQP 1.0 server, without sockets, made with python-qpid-proton's own engine classes.

    It accepts what the client attaches and keeps what the client sends; everything else is up to
    the test.
    """

    credit: int = 100
    """What each link of the client's that sends is granted once attached."""
    max_message_size: int = 0
    settle_mode: int | None = None
    """The snd-settle-mode that attaches are answered with; None: the client's."""
    refuse: tuple[str, str] | None = None
    """The condition and description that links are refused with; None: they are accepted."""
    answering: bool = True
    """Attaches and detaches are answered."""
    transferred: list[Transferred] = field(default_factory=list)
    links: dict[str, proton.Link] = field(default_factory=dict)
    ended: list[tuple[str, bool]] = field(default_factory=list)
    """Links that the client has ended: name, and whether closed."""
    outcomes: dict[str, int] = field(default_factory=dict)
    """The states that the client has given the deliveries sent to it, by tag."""

    def __post_init__(self) -> None:
        self.transport = proton.Transport(proton.Transport.SERVER)
        self.transport.sasl().allowed_mechs("ANONYMOUS")
        self.connection = proton.Connection()
        self._collector = proton.Collector()
        self.connection.collect(self._collector)
        self.transport.bind(self.connection)
        self._buffer = pn.Buffer(64 * 1024)
        self._tags = 0

    def talk(self, client: AmqpConnection) -> list[Event]:
        """Exchange bytes until both ends are silent; return what the client says has happened."""
        events: list[Event] = []
        while self.exchange(client) | bool(more := client.process()):
            events += more
        return events

    def exchange(self, client: AmqpConnection) -> bool:
        """Exchange bytes that the client has not processed; tell whether there were any."""
        moved = False
        while self.hear(client) or self.transport.pending() > 0:
            moved = True
            pending = min(self.transport.pending(), self._buffer.size)
            if pending > 0:
                self._buffer.view[:pending] = self.transport.peek(pending) or b""
                self.transport.pop(pending)
                client.receive(self._buffer, pending)
        return moved

    def hear(self, client: AmqpConnection) -> bool:
        """Take what the client says, a buffer at a time; tell whether it said anything."""
        size = client.output(self._buffer)
        data = self._buffer.take(size)
        while data:
            room = self.transport.capacity()
            if room <= 0:
                break
            self.transport.push(data[:room])
            data = data[room:]
        self._handle_events()
        return size > 0

    def _handle_events(self) -> None:
        while event := self._collector.peek():
            handle = self._handlers.get(event.type)
            if handle is not None:
                handle(self, event)
            self._collector.pop()

    def _on_open(self, _event: proton.Event) -> None:
        self.connection.container = "server"
        self.connection.open()

    def _on_begin(self, event: proton.Event) -> None:
        session = event.session
        assert session is not None
        session.open()

    def _on_attach(self, event: proton.Event) -> None:
        link = event.link
        assert link is not None
        if self.answering:
            self.answer(link)

    def answer(self, link: proton.Link) -> None:
        """Answer a link that the client has attached."""
        if self.refuse is not None:
            link.open()
            self.end(link, *self.refuse)
            return
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        mode = link.remote_snd_settle_mode
        link.snd_settle_mode = mode if self.settle_mode is None else self.settle_mode
        link.max_message_size = self.max_message_size
        link.open()
        self.links[link.name] = link
        if isinstance(link, proton.Receiver) and self.credit:
            link.flow(self.credit)

    def _on_detach(self, event: proton.Event) -> None:
        link = event.link
        assert link is not None
        closed = event.type == proton.Event.LINK_REMOTE_CLOSE
        self.ended.append((link.name, closed))
        if self.answering:
            self.end(link, closed=closed)

    def _on_close(self, _event: proton.Event) -> None:
        if self.answering:
            self.connection.close()

    def _on_delivery(self, event: proton.Event) -> None:
        delivery = event.delivery
        assert delivery is not None
        link = delivery.link
        if isinstance(link, proton.Receiver):
            if delivery.readable and not delivery.partial:
                encoded = link.recv(delivery.pending) or b""
                link.advance()
                sent = Transferred(link.name, bytes(encoded), delivery.settled, delivery)
                self.transferred.append(sent)
        elif delivery.updated:
            self.outcomes[delivery.tag] = int(delivery.remote_state)
            if delivery.settled:
                delivery.settle()

    _handlers = {  # noqa: RUF012 - of functions, for all instances
        proton.Event.CONNECTION_REMOTE_OPEN: _on_open,
        proton.Event.CONNECTION_REMOTE_CLOSE: _on_close,
        proton.Event.SESSION_REMOTE_OPEN: _on_begin,
        proton.Event.LINK_REMOTE_OPEN: _on_attach,
        proton.Event.LINK_REMOTE_DETACH: _on_detach,
        proton.Event.LINK_REMOTE_CLOSE: _on_detach,
        proton.Event.DELIVERY: _on_delivery,
    }

    def sender(self, name: str) -> proton.Sender:
        """Return our end of the link of a subscription."""
        link = self.links[name]
        assert isinstance(link, proton.Sender)
        return link

    def grant(self, name: str, credit: int) -> None:
        """Grant credit to the link of a topic."""
        link = self.links[name]
        assert isinstance(link, proton.Receiver)
        link.flow(credit)

    def send(self, name: str, encoded: bytes, *, settled: bool = False) -> str:
        """Send a message to a subscription; return its delivery tag."""
        self._tags += 1
        tag = str(self._tags)
        link = self.sender(name)
        delivery = link.delivery(tag)
        link.stream(encoded)
        if settled:
            delivery.settle()
        else:
            link.advance()
        return tag

    def settle(self, which: Transferred, state: int | None = proton.Disposition.ACCEPTED) -> None:
        """Settle a message of the client's; state None says nothing of it."""
        if state is not None:
            which.delivery.update(state)
        which.delivery.settle()

    def settle_all(self) -> None:
        """Accept every message of the client's that is not settled."""
        for which in self.transferred:
            if not which.settled:
                self.settle(which)
                which.settled = True

    def end(
        self, link: proton.Link, condition: str = "", description: str = "", *, closed: bool = True
    ) -> None:
        """End a link, with an error if there is a condition."""
        if condition:
            link.condition = proton.Condition(condition, description)
        if closed:
            link.close()
        else:
            link._update_cond()
            link.detach()
