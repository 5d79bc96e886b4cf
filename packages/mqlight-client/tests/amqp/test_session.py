"""One session carries all links, and says of each message what counts first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import proton
import pytest

from mqlight._amqp.connection import AmqpConnection
from mqlight._amqp.events import Opened
from mqlight._amqp.identity import Identity
from mqlight._machine.outbox import Lane, Send
from mqlight._machine.subscriptions import Subscription
from mqlight_core.topics import Destination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server_peer import ServerPeer

    from mqlight._machine.outbox import Outcome


@pytest.fixture
def client(peer: ServerPeer) -> Iterator[AmqpConnection]:
    connection = AmqpConnection(Identity("client-1", "host", "amqp://host:5672"), 0)
    assert peer.talk(connection) == [Opened()]
    yield connection
    connection.free()


def test_all_links_are_in_one_session(client: AmqpConnection, peer: ServerPeer) -> None:
    for name in ("a", "b", "c"):
        client.open_sender(Lane(name))
        client.open_receiver(Subscription(Destination(name)))
        peer.talk(client)
    session = peer.connection.session_head(0)
    assert session is not None
    assert session.next(0) is None  # type: ignore[no-untyped-call]
    assert len(peer.links) == 6
    assert [link.name for link in peer.links.values() if link.session != session] == []


@pytest.mark.parametrize("second", [proton.Disposition.REJECTED, proton.Disposition.ACCEPTED, None])
def test_only_the_first_outcome_of_a_message_counts(
    client: AmqpConnection, peer: ServerPeer, second: int | None
) -> None:
    lane = Lane("news")
    sender = client.open_sender(lane)
    peer.talk(client)
    written: list[Send] = []
    failed: list[Outcome] = []
    sent: Send = ("news", b"\x00\x53\x77\xa1\x01x", 1, None, "x", None)
    lane.waiting.append(sent)
    sender.transfer(written, failed)
    peer.talk(client)
    peer.transferred[0].delivery.update(proton.Disposition.ACCEPTED)
    peer.talk(client)
    assert sender.complete() == [(sent, None)]
    peer.settle(peer.transferred[0], second)
    peer.talk(client)
    assert sender.complete() == []
    assert (written, failed) == ([], [])
