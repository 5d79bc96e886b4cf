from __future__ import annotations

from typing import TYPE_CHECKING

import proton
import pytest

from mqlight._amqp import _binding as pn
from mqlight._amqp.connection import AmqpConnection
from mqlight._amqp.events import (
    Ended,
    Event,
    Opened,
    Ready,
    ReceiverEnded,
    ReceiverOpened,
    SenderEnded,
)
from mqlight._amqp.identity import Identity
from mqlight._amqp.links import Arrived
from mqlight._machine.outbox import Lane
from mqlight._machine.subscriptions import Subscription
from mqlight_core.errors import (
    MQLightError,
    NetworkError,
    NotPermittedError,
    ReplacedError,
    SecurityError,
)
from mqlight_core.topics import Destination
from mqlight_devserver.sasl import SaslServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from server_peer import ServerPeer

SASL_HEADER = b"AMQP\x03\x01\x00\x00"
ADDRESS = "private:news"


def new_connection(
    user: str | None = None, password: str | None = None, idle_timeout: int = 0
) -> AmqpConnection:
    mechanisms = ("ANONYMOUS" if user is None else "PLAIN",)
    identity = Identity("client-1", "host", "amqp://host:5672", user, password, mechanisms)
    return AmqpConnection(identity, idle_timeout)


@pytest.fixture
def client() -> Iterator[AmqpConnection]:
    connection = new_connection()
    yield connection
    connection.free()


@pytest.fixture
def opened(client: AmqpConnection, peer: ServerPeer) -> AmqpConnection:
    assert peer.talk(client) == [Opened()]
    return client


def put(client: AmqpConnection, data: bytes) -> None:
    buffer = pn.Buffer(max(len(data), 1))
    buffer.view[: len(data)] = data
    client.receive(buffer, len(data))


def taken(client: AmqpConnection) -> bytes:
    buffer = pn.Buffer(64 * 1024)
    return buffer.take(client.output(buffer))


def frame(kind: int, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + b"\x02" + bytes((kind,)) + b"\x00\x00" + body


def mechanisms(*offered: str) -> bytes:
    """A frame that offers these mechanisms."""
    symbols = b"".join(bytes((len(name),)) + name.encode() for name in offered)
    array = b"\xe0" + bytes((len(symbols) + 2, len(offered))) + b"\xa3" + symbols
    return frame(1, b"\x00\x53\x40\xc0" + bytes((len(array) + 1, 1)) + array)


def answer_sasl(client: AmqpConnection, code: int) -> None:
    """Offer both mechanisms, and answer what the client chooses with this outcome."""
    taken(client)
    put(client, SASL_HEADER + mechanisms("PLAIN", "ANONYMOUS"))
    taken(client)
    put(client, frame(1, b"\x00\x53\x44\xc0\x03\x01\x50" + bytes((code,))))


def error_of(events: list[Event]) -> MQLightError | None:
    (ended,) = (event for event in events if isinstance(event, Ended))
    return ended.error


def test_an_accepted_connection_is_opened_once(client: AmqpConnection, peer: ServerPeer) -> None:
    assert peer.talk(client) == [Opened()]
    assert peer.talk(client) == []
    assert peer.connection.remote_container == "client-1"
    assert peer.connection.remote_hostname == "host"


def test_without_a_user_the_client_is_anonymous(client: AmqpConnection) -> None:
    server = SaslServer({})
    put(client, server.receive(taken(client)))
    client.process()
    put(client, server.receive(taken(client)))
    assert server.accepted


@pytest.mark.parametrize(("password", "accepted"), [("secret", True), ("wrong", False)])
def test_a_user_is_authenticated_by_plain(password: str, *, accepted: bool) -> None:
    client = new_connection("ann", password)
    server = SaslServer({"ann": "secret"})
    put(client, server.receive(taken(client)))
    put(client, server.receive(taken(client)))
    assert server.accepted is accepted
    events = client.process()
    if accepted:
        assert events == []
    else:
        error = error_of(events)
        assert type(error) is SecurityError
        assert "amqp://host:5672: sasl authentication failed" in str(error)
        assert "user and password" in str(error)
    client.free()


@pytest.mark.parametrize(
    ("user", "code", "kind", "text"),
    [
        (None, 1, SecurityError, "does not accept this anonymous client"),
        ("ann", 1, SecurityError, "does not accept this user and password"),
        ("ann", 2, SecurityError, "sasl negotiation failed: the server failed at PLAIN"),
        (None, 3, SecurityError, "sasl negotiation failed: the server failed at ANONYMOUS"),
        ("ann", 4, NetworkError, "can not authenticate at the moment"),
    ],
)
def test_a_refusal_to_authenticate_is_the_end(
    user: str | None, code: int, kind: type[MQLightError], text: str
) -> None:
    client = new_connection(user, "secret")
    answer_sasl(client, code)
    error = error_of(client.process())
    assert type(error) is kind
    assert text in str(error)
    assert "secret" not in str(error)
    assert client.process() == []
    client.free()


def test_a_server_without_the_mechanism_is_a_security_error() -> None:
    client = new_connection("ann", "secret")
    taken(client)
    put(client, SASL_HEADER + mechanisms("EXTERNAL"))
    error = error_of(client.process())
    assert type(error) is SecurityError
    assert "does not offer PLAIN" in str(error)
    client.free()


@pytest.mark.parametrize(
    ("wanted", "offered", "chosen"),
    [
        (("EXTERNAL", "PLAIN"), ("PLAIN", "EXTERNAL"), "EXTERNAL"),
        (("EXTERNAL", "PLAIN"), ("PLAIN", "ANONYMOUS"), "PLAIN"),
        (("EXTERNAL", "ANONYMOUS"), ("ANONYMOUS", "EXTERNAL"), "EXTERNAL"),
        (("EXTERNAL", "ANONYMOUS"), ("PLAIN", "ANONYMOUS"), "ANONYMOUS"),
        (("PLAIN",), ("EXTERNAL", "ANONYMOUS", "PLAIN"), "PLAIN"),
        (("ANONYMOUS",), ("EXTERNAL", "PLAIN", "ANONYMOUS"), "ANONYMOUS"),
    ],
)
def test_the_strongest_mechanism_of_both_sides_is_used(
    wanted: tuple[str, ...], offered: tuple[str, ...], chosen: str
) -> None:
    user, password = ("ann", "secret") if "PLAIN" in wanted else (None, None)
    client = AmqpConnection(Identity("id", "host", "amqp://host:5672", user, password, wanted), 0)
    taken(client)
    put(client, SASL_HEADER + mechanisms(*offered))
    assert chosen.encode() in taken(client)
    put(client, frame(1, b"\x00\x53\x44\xc0\x03\x01\x50\x01"))
    error = error_of(client.process())
    assert type(error) is SecurityError
    told = {
        "EXTERNAL": "this client certificate",
        "PLAIN": "this user and password",
        "ANONYMOUS": "this anonymous client",
    }
    assert told[chosen] in str(error)
    client.free()


def test_a_server_that_offers_nothing_of_use_is_told_what_would_do() -> None:
    identity = Identity("id", "host", "amqp://host:5672", "ann", "secret", ("EXTERNAL", "PLAIN"))
    client = AmqpConnection(identity, 0)
    taken(client)
    put(client, SASL_HEADER + mechanisms("ANONYMOUS", "SCRAM-SHA-256"))
    error = error_of(client.process())
    assert type(error) is SecurityError
    assert "the server does not offer EXTERNAL or PLAIN" in str(error)
    client.free()


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x46" + bytes(8)]
)
def test_a_server_that_is_not_amqp_is_a_network_error_that_says_so(
    client: AmqpConnection, said: bytes
) -> None:
    taken(client)
    put(client, said)
    error = error_of(client.process())
    assert type(error) is NetworkError
    assert "is there an AMQP 1.0 server at this port" in str(error)


def test_a_password_is_never_shown() -> None:
    identity = Identity("id", "host", "amqp://host:5672", "ann", "secret", ("PLAIN",))
    assert "secret" not in repr(identity)
    assert "ann" not in repr(identity)


@pytest.mark.parametrize(
    ("condition", "description", "kind"),
    [
        ("amqp:connection:forced", "shutting down", NetworkError),
        ("ServerContext_Takeover", "a second client", ReplacedError),
        ("amqp:unauthorized-access", "no", SecurityError),
        ("amqp:not-allowed", "no", NotPermittedError),
    ],
)
def test_a_connection_that_the_server_closes_ends_with_its_error(
    opened: AmqpConnection,
    peer: ServerPeer,
    condition: str,
    description: str,
    kind: type[MQLightError],
) -> None:
    peer.connection.condition = proton.Condition(condition, description)
    peer.connection.close()
    error = error_of(peer.talk(opened))
    assert type(error) is kind
    assert str(error) == f"amqp://host:5672: {condition}: {description}"


def test_a_connection_that_is_closed_without_a_reason_is_a_network_error(
    opened: AmqpConnection, peer: ServerPeer
) -> None:
    peer.connection.close()
    assert str(error_of(peer.talk(opened))) == "amqp://host:5672: the server gave no reason"


def test_a_session_that_the_server_ends_is_the_end(
    opened: AmqpConnection, peer: ServerPeer
) -> None:
    session = peer.connection.session_head(0)
    assert session is not None
    session.condition = proton.Condition("amqp:session:window-violation", "too much")
    session.close()
    error = error_of(peer.talk(opened))
    assert type(error) is NetworkError
    assert "amqp:session:window-violation: too much" in str(error)


def test_closing_ends_without_an_error(opened: AmqpConnection, peer: ServerPeer) -> None:
    opened.close()
    assert peer.talk(opened) == [Ended(None)]
    assert peer.talk(opened) == []


def test_a_server_that_hangs_up_while_closing_is_no_error(
    opened: AmqpConnection, peer: ServerPeer
) -> None:
    peer.answering = False
    opened.close()
    peer.talk(opened)
    opened.receive_eof(NetworkError("gone"))
    assert opened.process() == [Ended(None)]


def test_a_stream_that_breaks_ends_the_connection_with_its_error(opened: AmqpConnection) -> None:
    reason = NetworkError("connection reset by peer")
    opened.receive_eof(reason)
    assert opened.process() == [Ended(reason)]


def test_a_stream_that_ends_before_the_connection_is_opened_asks_whether_it_is_amqp(
    client: AmqpConnection,
) -> None:
    client.receive_eof(NetworkError("the server closed the connection"))
    error = error_of(client.process())
    assert type(error) is NetworkError
    assert "the server closed the connection (is there an AMQP" in str(error)


def test_bytes_that_break_the_protocol_are_the_end(opened: AmqpConnection) -> None:
    put(opened, b"\x00\x00\x00\x02garbage")
    error = error_of(opened.process())
    assert type(error) is NetworkError
    assert "amqp:connection:framing-error" in str(error)


def test_silence_for_the_idle_timeout_is_the_end(peer: ServerPeer) -> None:
    client = new_connection(idle_timeout=10_000)
    peer.talk(client)
    now = 1_000_000
    deadline = client.tick(now)
    assert deadline is not None
    assert deadline <= now + 10_000
    client.tick(now + 9_000)
    assert client.process() == []
    client.tick(now + 21_000)
    assert type(error_of(client.process())) is NetworkError
    client.free()


def test_heartbeats_are_sent_as_the_server_asks(
    client: AmqpConnection, make_peer: Callable[..., ServerPeer]
) -> None:
    peer = make_peer()
    peer.transport.idle_timeout = 10
    peer.talk(client)
    deadline = client.tick(1000)
    assert deadline is not None
    assert taken(client) == b""
    client.tick(deadline)
    assert taken(client) == b"\x00\x00\x00\x08\x02\x00\x00\x00"


def test_without_idle_timeouts_there_is_no_deadline(
    opened: AmqpConnection,
) -> None:
    assert opened.tick(1000) is None


def test_the_links_of_a_topic_and_of_a_subscription_are_told_apart(
    opened: AmqpConnection, peer: ServerPeer
) -> None:
    sender = opened.open_sender(Lane("news"))
    receiver = opened.open_receiver(Subscription(Destination("news")))
    events = peer.talk(opened)
    assert events[0] == Ready(sender)
    assert ReceiverOpened(receiver) in events
    assert sorted(peer.links) == ["news", ADDRESS]


@pytest.mark.parametrize("closed", [True, False])
def test_a_link_that_we_end_ends_without_an_error(
    opened: AmqpConnection, peer: ServerPeer, *, closed: bool
) -> None:
    sender = opened.open_sender(Lane("news"))
    receiver = opened.open_receiver(Subscription(Destination("news")))
    peer.talk(opened)
    opened.end_link(sender, closed=closed)
    opened.end_link(receiver, closed=closed)
    assert peer.talk(opened) == [
        SenderEnded(sender, None),
        ReceiverEnded(receiver, None, refused=False),
    ]
    assert peer.ended == [("news", closed), (ADDRESS, closed)]


@pytest.mark.parametrize("closed", [True, False])
def test_a_link_that_the_server_ends_is_answered_in_kind(
    opened: AmqpConnection, peer: ServerPeer, *, closed: bool
) -> None:
    receiver = opened.open_receiver(Subscription(Destination("news")))
    peer.talk(opened)
    peer.end(peer.links[ADDRESS], "amqp:link:detach-forced", "deleted", closed=closed)
    (ended,) = peer.talk(opened)
    assert isinstance(ended, ReceiverEnded)
    assert ended.receiver is receiver
    assert not ended.refused
    assert type(ended.error) is NetworkError
    assert str(ended.error) == (
        "amqp://host:5672 ended the link of subscription 'private:news': "
        "amqp:link:detach-forced: deleted"
    )
    assert peer.ended == [(ADDRESS, closed)]


def test_a_topics_link_that_the_server_ends_says_which(
    opened: AmqpConnection, peer: ServerPeer
) -> None:
    sender = opened.open_sender(Lane("news"))
    peer.talk(opened)
    peer.end(peer.links["news"], "amqp:not-allowed", "no more")
    (ended,) = peer.talk(opened)
    assert isinstance(ended, SenderEnded)
    assert ended.sender is sender
    assert type(ended.error) is NotPermittedError
    assert "the link of topic 'news'" in str(ended.error)


def test_a_subscription_that_the_server_refuses_is_never_opened(
    opened: AmqpConnection, peer: ServerPeer
) -> None:
    peer.refuse = ("amqp:not-allowed", "not yours")
    receiver = opened.open_receiver(Subscription(Destination("news")))
    (ended,) = peer.talk(opened)
    assert isinstance(ended, ReceiverEnded)
    assert ended.receiver is receiver
    assert ended.refused
    assert type(ended.error) is NotPermittedError


def test_a_refusal_in_two_parts_is_one(opened: AmqpConnection, peer: ServerPeer) -> None:
    peer.answering = False
    opened.open_receiver(Subscription(Destination("news")))
    peer.talk(opened)
    link = peer.connection.link_head(0)
    assert link is not None
    link.open()
    assert peer.talk(opened) == []
    peer.end(link, "amqp:not-found", "no such destination")
    (ended,) = peer.talk(opened)
    assert isinstance(ended, ReceiverEnded)
    assert ended.refused


def test_a_name_can_be_attached_again_after_its_link_has_ended(
    opened: AmqpConnection, peer: ServerPeer
) -> None:
    for _ in range(3):
        receiver = opened.open_receiver(Subscription(Destination("news")))
        assert peer.talk(opened) == [ReceiverOpened(receiver)]
        opened.end_link(receiver, closed=True)
        assert peer.talk(opened) == [ReceiverEnded(receiver, None, refused=False)]


def test_handles_are_counted(opened: AmqpConnection, peer: ServerPeer) -> None:
    before = opened.free_handles
    sender = opened.open_sender(Lane("news"))
    assert opened.free_handles == before - 1
    peer.talk(opened)
    opened.end_link(sender, closed=True)
    peer.talk(opened)
    assert opened.free_handles == before


def test_a_batch_is_bounded_in_messages(opened: AmqpConnection, peer: ServerPeer) -> None:
    opened.open_receiver(Subscription(Destination("news"), credit=100))
    peer.talk(opened)
    for _ in range(100):
        peer.send(ADDRESS, b"\x00\x53\x77\xa1\x01x")
    peer.exchange(opened)
    sizes = []
    while events := opened.process(most=30):
        (arrived,) = events
        assert isinstance(arrived, Arrived)
        sizes.append(len(arrived.messages))
    assert sizes == [30, 30, 30, 10]


def test_a_batch_is_bounded_in_bytes(opened: AmqpConnection, peer: ServerPeer) -> None:
    opened.open_receiver(Subscription(Destination("news"), credit=100))
    peer.talk(opened)
    for _ in range(10):
        peer.send(ADDRESS, b"\x00\x53\x75\xb0" + (20_000).to_bytes(4, "big") + bytes(20_000))
    peer.exchange(opened)
    (arrived,) = opened.process(most=30)
    assert isinstance(arrived, Arrived)
    assert len(arrived.messages) == 3


def test_a_freed_connection_forgets_what_was_delivered(peer: ServerPeer) -> None:
    client = new_connection()
    peer.talk(client)
    receiver = client.open_receiver(Subscription(Destination("news"), qos=1, auto_confirm=False))
    peer.talk(client)
    peer.send(ADDRESS, b"\x00\x53\x77\xa1\x01x")
    peer.talk(client)
    assert len(receiver.held) == 1
    client.free()
    client.free()
    assert not receiver.alive
    assert not receiver.held
    assert not receiver.confirm(1)
    receiver.grant(1)
