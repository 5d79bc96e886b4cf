"""The engine sends, and finishes every message once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import proton

from mqlight_core.errors import NotPermittedError

if TYPE_CHECKING:
    from driven_client import DrivenClient


def test_at_most_once_is_finished_when_it_is_written(client: DrivenClient) -> None:
    client.send("one")
    client.turn()
    assert client.taken_log() == [("sent", "news", "one", None)]
    assert client.backlog.messages == client.backlog.size == 0
    assert client.engine.traffic.sent_everything


def test_at_most_once_is_not_finished_before_it_is_written(client: DrivenClient) -> None:
    client.send("one")
    client.turn()
    client.taken_log()
    client.connected = False
    client.send("two")
    client.turn()
    assert client.taken_log() == []
    assert not client.engine.traffic.sent_everything


def test_at_least_once_is_finished_when_it_is_settled(client: DrivenClient) -> None:
    client.send("one", qos=1)
    client.turn()
    assert client.taken_log() == []
    assert client.backlog.messages == 1
    client.peer.settle_all()
    client.turn()
    assert client.taken_log() == [("sent", "news", "one", None)]
    assert client.backlog.messages == client.backlog.size == 0


def test_a_message_is_finished_with_the_servers_refusal(client: DrivenClient) -> None:
    client.send("one", qos=1)
    client.turn()
    client.peer.settle(client.peer.transferred[0], proton.Disposition.RELEASED)
    client.turn()
    assert client.taken_log() == [
        ("sent", "news", "one", "the message to topic 'news' was released by the server")
    ]


def test_a_message_that_is_too_large_fails_and_is_never_sent_again(client: DrivenClient) -> None:
    client.peer.max_message_size = 100
    client.send("x" * 200, qos=1)
    client.send("small", qos=1)
    client.turn()
    ((_, _, data, error),) = client.taken_log()
    assert data == "x" * 200
    assert "too large" in str(error)
    assert client.arrived == ["small"]
    client.lose()
    client.reconnect()
    assert client.arrived == ["small"]


def test_a_message_that_the_server_ends_the_link_for_is_never_sent_again(
    client: DrivenClient,
) -> None:
    for text in ("one", "much too large", "two"):
        client.send(text, qos=1)
    client.turn()
    condition = "amqp:link:message-size-exceeded"
    client.peer.end(client.peer.links["news"], condition, "at most 40 bytes")
    client.turn()
    ((_, _, data, error),) = [entry for entry in client.taken_log() if entry[0] == "sent"]
    assert data == "much too large"
    assert "at most 40 bytes" in str(error)
    client.reconnect()
    assert client.arrived == ["one", "two"]


def test_no_message_is_failed_for_the_size_of_one_that_is_not_sent_again_anyway(
    client: DrivenClient,
) -> None:
    client.send("innocent", qos=1)
    client.send("much too large" * 9)
    client.turn()
    condition = "amqp:link:message-size-exceeded"
    client.peer.end(client.peer.links["news"], condition, "at most 40 bytes")
    client.turn()
    client.reconnect()
    client.peer.settle_all()
    client.turn()
    errors = {entry[2]: entry[3] for entry in client.taken_log() if entry[0] == "sent"}
    assert errors == {"much too large" * 9: None, "innocent": None}


def test_topics_without_messages_are_not_attached_again(client: DrivenClient) -> None:
    for topic in ("a", "b", "c"):
        client.send("one", topic=topic)
    client.turn()
    client.send("two", qos=1, topic="b")
    client.turn()
    client.lose()
    client.reconnect()
    assert list(client.peer.links) == ["b"]
    client.send("three", topic="a")
    client.turn()
    assert list(client.peer.links) == ["b", "a"]


def test_messages_wait_for_a_connection(idle: DrivenClient) -> None:
    idle.start()
    idle.send("one")
    idle.send("two", qos=1)
    idle.turn()
    idle.dial()
    idle.turn()
    assert idle.arrived == ["one", "two"]


def test_what_was_in_flight_is_sent_again_before_newer_messages(client: DrivenClient) -> None:
    for number in range(3):
        client.send(str(number), qos=1)
    client.turn()
    client.peer.settle(client.peer.transferred[1])
    client.turn()
    client.lose()
    client.send("3", qos=1)
    client.turn()
    client.taken_log()
    client.reconnect()
    assert client.arrived == ["0", "2", "3"]
    client.peer.settle_all()
    client.turn()
    assert [entry[2] for entry in client.taken_log() if entry[0] == "sent"] == ["0", "2", "3"]
    assert client.backlog.messages == 0


def test_at_most_once_counts_as_sent_when_the_connection_is_lost(client: DrivenClient) -> None:
    client.send("one")
    client.turn()
    client.taken_log()
    client.connected = False
    client.send("two")
    client.turn()
    client.lose()
    assert ("sent", "news", "two", None) in client.taken_log()
    client.reconnect()
    assert client.arrived == []


def test_a_topics_link_that_the_server_ends_is_a_lost_connection(client: DrivenClient) -> None:
    client.send("one", qos=1)
    client.turn()
    client.peer.end(client.peer.links["news"], "amqp:link:detach-forced", "maintenance")
    client.turn()
    ((state, error),) = client.taken_log()
    assert state == "retrying"
    assert "maintenance" in str(error)
    client.reconnect()
    assert client.arrived == ["one"]


def test_a_topics_link_that_is_not_permitted_stops_the_client(client: DrivenClient) -> None:
    client.peer.refuse = ("amqp:not-allowed", "not to you")
    client.send("one", qos=1)
    client.turn()
    log = client.taken_log()
    assert log[0] == ("sent", "news", "one", f"send aborted due to disconnect: {log[1][1]}")
    assert log[1][0] == "stopped"
    assert type(log[1][1]) is NotPermittedError


def test_a_drain_that_is_owed_comes_once_when_enough_is_finished(client: DrivenClient) -> None:
    client.send("one")
    client.backlog.drain_owed = True
    client.turn()
    assert client.taken_log() == [("sent", "news", "one", None), ("drain",)]
    client.send("two")
    client.turn()
    assert client.taken_log() == [("sent", "news", "two", None)]


def test_a_message_is_held_until_its_on_sent_has_returned(client: DrivenClient) -> None:
    client.send("one", 1)
    size = client.backlog.size
    while client.step():
        pass
    client.peer.settle_all()
    while client.step():
        pass
    assert (client.backlog.size, client.backlog.held) == (0, size)
    client.run_calls()
    assert client.backlog.held == 0


def test_messages_that_nobody_is_told_of_are_not_held(client: DrivenClient) -> None:
    client.send("one")
    topic, encoded, qos, _, data, options = client.control.inbox.pop()
    client.control.inbox.append((topic, encoded, qos, None, data, options))
    client.turn()
    assert client.backlog.held == 0


def test_a_drain_waits_for_on_sent_while_too_much_is_held(client: DrivenClient) -> None:
    client.backlog.most_queued_bytes = 100
    client.send("x" * 60, 1)
    client.backlog.drain_owed = True
    while client.step():
        pass
    client.peer.settle_all()
    while client.step():
        pass
    assert len(client.engine.calls) == 1
    client.turn()
    assert [entry[0] for entry in client.taken_log()] == ["sent", "drain"]


def test_a_drain_that_is_owed_comes_with_the_stop_at_the_latest(client: DrivenClient) -> None:
    client.backlog.most_queued_bytes = 100
    client.send("x" * 60, 1)
    client.backlog.drain_owed = True
    client.control.stop(client.on_stopped)
    client.lose()
    log = [entry[0] for entry in client.taken_log()]
    assert log.index("drain") < log.index("stopped") < log.index("on_stopped")
    assert log.count("drain") == 1


def test_a_drain_comes_after_a_reconnect_too(client: DrivenClient) -> None:
    client.lose()
    client.send("one")
    client.backlog.drain_owed = True
    client.turn()
    client.taken_log()
    client.reconnect()
    assert client.taken_log()[-1] == ("drain",)


def test_very_many_topics_share_the_few_links_that_a_server_allows(client: DrivenClient) -> None:
    topics, handles = 1_000, 10
    assert client.engine.connection is not None
    client.engine.connection._handle_max = handles - 1
    for number in range(topics):
        client.send("one", qos=number % 2, topic=f"topic/{number}")
    most = 0
    while client.step() or client.run_calls():
        client.peer.settle_all()
        most = max(most, len(client.peer.links) - len(client.peer.ended))

    assert most == handles
    told = client.taken_log()
    assert len(told) == topics
    assert set(told) == {("sent", f"topic/{number}", "one", None) for number in range(topics)}
    assert len(client.engine.traffic._outbox.lanes) <= handles
