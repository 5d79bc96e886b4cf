"""The engine takes messages back that nobody waits for, and lets others pass the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server_peer import ServerPeer

from mqlight._amqp.message import TEXT, encode_prefix, encode_text
from mqlight._drivers.control import Withdraw

if TYPE_CHECKING:
    from driven_client import DrivenClient

    from mqlight._machine.outbox import Send


def withdraw(client: DrivenClient, send: Send) -> bool:
    answers: list[bool] = []
    client.control.post(Withdraw(send, answers.append))
    client.turn()
    return answers[0]


def without_credit(client: DrivenClient) -> None:
    client.lose()
    client.reconnect(ServerPeer(credit=0))
    client.taken_log()


def small(text: str, topic: str = "news") -> Send:
    return (topic, encode_text(encode_prefix(topic, TEXT), text), 0, None, None, None)


def test_a_message_that_waits_is_taken_back_and_not_told(client: DrivenClient) -> None:
    without_credit(client)
    client.send("one", 1)
    client.send("two", 1)
    send = client.control.inbox[0]
    assert withdraw(client, send)
    assert client.taken_log() == []
    assert client.backlog.messages == 1
    client.peer.transferred.clear()
    client.peer.links["news"].flow(10)
    client.turn()
    assert client.arrived == ["two"]


def test_a_message_that_is_transferred_stays(client: DrivenClient) -> None:
    client.send("one", 1)
    send = client.control.inbox[0]
    client.turn()
    assert not withdraw(client, send)
    client.peer.settle_all()
    client.turn()
    assert client.taken_log() == [("sent", "news", "one", None)]


def test_a_message_is_taken_back_once(client: DrivenClient) -> None:
    without_credit(client)
    client.send("one", 1)
    send = client.control.inbox[0]
    assert withdraw(client, send)
    assert not withdraw(client, send)
    assert client.backlog.messages == 0


def test_a_message_can_be_taken_back_without_a_connection(client: DrivenClient) -> None:
    client.lose()
    client.send("one", 1)
    assert withdraw(client, client.control.inbox[0])
    client.reconnect()
    assert client.peer.links == {}
    assert (client.backlog.messages, client.backlog.size) == (0, 0)


def test_a_topic_whose_message_is_taken_back_keeps_no_other_from_the_last_handle(
    client: DrivenClient,
) -> None:
    assert client.engine.connection is not None
    client.engine.connection._handle_max = 0
    client.peer.answering = False
    client.send("one", 1, "a")
    send = client.control.inbox[0]
    client.turn()
    client.send("two", 1, "b")
    assert withdraw(client, send)
    client.peer.answering = True
    link = client.peer.connection.link_head(0)
    assert link is not None
    client.peer.answer(link)
    client.turn()
    assert client.arrived == ["two"]


def test_a_drain_that_is_owed_comes_with_what_is_taken_back(client: DrivenClient) -> None:
    without_credit(client)
    client.send("x" * 1024 * 1024, 1)
    client.backlog.drain_owed = True
    assert withdraw(client, client.control.inbox[0])
    assert client.taken_log() == [("drain",)]


def test_a_message_passes_an_empty_queue_at_once(client: DrivenClient) -> None:
    client.send("one")
    client.turn()
    assert client.engine.traffic.transfer_at_once(small("two"))
    client.turn()
    assert client.arrived == ["one", "two"]


def test_no_message_passes_others_of_its_topic(client: DrivenClient) -> None:
    client.send("one")
    client.turn()
    client.send("two")
    assert not client.engine.traffic.transfer_at_once(small("three"))


def test_without_a_link_or_credit_or_for_its_size_no_message_passes(client: DrivenClient) -> None:
    traffic = client.engine.traffic
    assert not traffic.transfer_at_once(small("one"))
    client.lose()
    assert not traffic.transfer_at_once(small("one"))
    client.reconnect(ServerPeer(credit=1, max_message_size=100))
    client.send("two")
    client.turn()
    assert not traffic.transfer_at_once(small("three"))
    client.peer.links["news"].flow(10)
    client.turn()
    assert not traffic.transfer_at_once(small("x" * 200))
    assert traffic.transfer_at_once(small("four"))
