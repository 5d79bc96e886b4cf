"""The engine hands messages over, confirms them and grants credit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from driven_client import ADDRESS, BROKEN

from mqlight._amqp.connection import LARGEST_BATCH, SESSION_WINDOW
from mqlight._drivers.calls import Messages
from mqlight._drivers.traffic import MOST_UNFINISHED
from mqlight_core.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from driven_client import DrivenClient


def test_messages_are_confirmed_when_the_callback_has_returned(client: DrivenClient) -> None:
    client.subscribe(qos=1)
    client.turn()
    tags = client.deliver("one", "two")
    while not client.engine.calls:
        client.step()
    client.step()
    assert client.peer.outcomes == {}
    client.turn()
    assert client.peer.outcomes.keys() == set(tags)


def test_a_message_whose_callback_raised_is_not_confirmed(client: DrivenClient) -> None:
    def on_message(_kind: str, data: object, _delivery: object) -> None:
        client.log.append(("got", data))
        if data == "two":
            raise ValueError(data)

    client.subscribe(qos=1, on_message=on_message)
    client.turn()
    client.taken_log()
    tags = client.deliver("one", "two", "three")
    client.turn()
    log = client.taken_log()
    assert log[:3] == [("got", "one"), ("got", "two"), ("raised", "on_message")]
    assert ("got", "three") not in log
    assert client.peer.outcomes.keys() == {tags[0]}
    assert str(client.control.state) == "stopped"


def test_no_message_is_handed_over_once_a_stop_is_asked_for(client: DrivenClient) -> None:
    def on_message(_kind: str, data: object, _delivery: object) -> None:
        client.log.append(("got", data))
        client.control.stop(None)

    client.subscribe(qos=1, on_message=on_message)
    client.turn()
    client.taken_log()
    client.deliver("one", "two")
    client.turn()
    client.deliver("three")
    client.turn()
    assert client.taken_log() == [("got", "one"), ("stopping", None), ("stopped", None)]


def test_without_a_callback_messages_are_taken(client: DrivenClient) -> None:
    client.subscribe(qos=1, on_message=None)
    client.turn()
    tags = client.deliver("one", "two")
    client.turn()
    assert client.peer.outcomes.keys() == set(tags)


def test_credit_is_granted_again_by_halves(client: DrivenClient) -> None:
    client.subscribe(credit=4)
    client.turn()
    link = client.peer.sender(ADDRESS)
    client.deliver("one")
    client.turn()
    assert link.credit == 3
    client.deliver("two")
    client.turn()
    assert link.credit == 4


class Confirming:
    """A subscription whose messages the application confirms."""

    def __init__(self, client: DrivenClient, credit: int = 1024) -> None:
        self.client = client
        self.confirmations: list[Callable[..., None]] = []
        client.subscribe(qos=1, auto_confirm=False, credit=credit, on_message=self.on_message)
        client.turn()
        client.taken_log()

    def on_message(self, _kind: str, _data: object, delivery: dict[str, Any]) -> None:
        self.confirmations.append(delivery["message"]["confirm_delivery"])

    def on_confirmed(self, _client: object, error: Exception | None) -> None:
        self.client.log.append(("confirmed", error))


def test_a_message_is_confirmed_by_the_application(client: DrivenClient) -> None:
    confirming = Confirming(client)
    one, two = client.deliver("one", "two")
    client.turn()
    assert client.peer.outcomes == {}
    confirming.confirmations[1](confirming.on_confirmed)
    client.turn()
    assert client.peer.outcomes.keys() == {two}
    assert client.taken_log() == [("confirmed", None)]
    confirming.confirmations[0]()
    client.turn()
    assert client.peer.outcomes.keys() == {one, two}


def test_confirming_twice_does_nothing(client: DrivenClient) -> None:
    confirming = Confirming(client)
    client.deliver("one")
    client.turn()
    for _ in range(2):
        confirming.confirmations[0](confirming.on_confirmed)
        client.turn()
    assert client.taken_log() == [("confirmed", None)]


def test_two_threads_that_confirm_one_message_both_succeed(client: DrivenClient) -> None:
    confirming = Confirming(client)
    client.deliver("one")
    client.turn()
    first: Any = confirming.confirmations[0]
    second = type(first)(first._control, first._receiver, first._token)
    for confirm in (first, second):
        confirm(confirming.on_confirmed)
    client.turn()
    assert client.taken_log() == [("confirmed", None), ("confirmed", None)]


def test_confirming_grants_credit(client: DrivenClient) -> None:
    confirming = Confirming(client, credit=2)
    client.deliver("one", "two")
    client.turn()
    link = client.peer.sender(ADDRESS)
    assert link.credit == 0
    confirming.confirmations[0]()
    client.turn()
    assert link.credit == 1


def test_a_message_of_a_lost_connection_can_not_be_confirmed(client: DrivenClient) -> None:
    confirming = Confirming(client)
    client.deliver("one")
    client.turn()
    client.lose()
    with pytest.raises(NetworkError, match="lost its connection since"):
        confirming.confirmations[0]()
    client.reconnect()
    with pytest.raises(NetworkError, match="reconnected since"):
        confirming.confirmations[0]()


def test_a_confirmation_that_the_loss_overtakes_is_told(client: DrivenClient) -> None:
    confirming = Confirming(client)
    client.deliver("one")
    client.turn()
    confirming.confirmations[0](confirming.on_confirmed)
    client.engine.stream_broken(BROKEN, client.now)
    client.connected = False
    client.turn()
    ((error,),) = (entry[1:] for entry in client.taken_log() if entry[0] == "confirmed")
    assert type(error) is NetworkError


def test_a_message_can_not_be_confirmed_after_unsubscribing(client: DrivenClient) -> None:
    confirming = Confirming(client)
    client.deliver("one")
    client.turn()
    client.unsubscribe()
    with pytest.raises(NetworkError, match="unsubscribed since"):
        confirming.confirmations[0]()


def test_a_message_can_not_be_confirmed_after_a_stop(client: DrivenClient) -> None:
    confirming = Confirming(client)
    client.deliver("one")
    client.turn()
    client.stop()
    with pytest.raises(NetworkError, match="not started"):
        confirming.confirmations[0]()


@pytest.mark.parametrize("callback", [1, lambda: None, lambda client: None])
def test_the_callback_of_a_confirmation_is_checked(client: DrivenClient, callback: object) -> None:
    confirming = Confirming(client)
    client.deliver("one")
    client.turn()
    with pytest.raises(TypeError, match="callback must be a function"):
        confirming.confirmations[0](callback)
    confirming.confirmations[0](confirming.on_confirmed)
    client.turn()
    assert client.taken_log() == [("confirmed", None)]


@pytest.mark.parametrize(("qos", "auto_confirm"), [(0, False), (0, True), (1, True)])
def test_only_manual_messages_have_a_confirmation(
    client: DrivenClient, qos: int, *, auto_confirm: bool
) -> None:
    deliveries: list[dict[str, Any]] = []
    client.subscribe(
        qos=qos,
        auto_confirm=auto_confirm,
        on_message=lambda kind, data, delivery: deliveries.append(delivery),
    )
    client.turn()
    client.deliver("one")
    client.turn()
    assert "confirm_delivery" not in deliveries[0]["message"]


def test_a_busy_application_closes_the_window_and_nothing_else(client: DrivenClient) -> None:
    client.subscribe(qos=1, credit=10**6)
    client.turn()
    client.taken_log()
    size, count = 64 * 1024, 1000
    texts = [str(number).rjust(size) for number in range(count)]
    client.deliver(*texts)
    while client.step():
        pass
    handed_over = 0
    for call in client.engine.calls:
        assert isinstance(call, Messages)
        handed_over += len(call.arrived.messages)
    left_at_the_server = client.peer.sender(ADDRESS).queued
    most = MOST_UNFINISHED * 2048 + SESSION_WINDOW + LARGEST_BATCH * 2048
    assert 0 < handed_over * size <= (count - left_at_the_server) * size <= most
    client.send("meanwhile", qos=1)
    while client.step():
        pass
    assert client.arrived == ["meanwhile"]
    client.turn()
    assert client.taken_log() == [("message", text) for text in texts]
    assert len(client.peer.outcomes) == count


def test_messages_that_came_before_a_loss_make_room_when_their_callbacks_return(
    client: DrivenClient,
) -> None:
    client.subscribe(qos=0, credit=10**6)
    client.turn()
    client.taken_log()
    client.deliver(*[str(number) for number in range(MOST_UNFINISHED + 500)])
    while client.step():
        pass
    assert not client.engine.traffic.wants_messages
    client.connected = False
    client.engine.stream_broken(BROKEN, client.now)
    client.turn()
    assert client.engine.traffic.wants_messages
    client.reconnect()
    client.deliver("after")
    client.turn()
    texts = [data for kind, data in client.taken_log() if kind == "message"]
    assert texts == [*map(str, range(MOST_UNFINISHED + 500)), "after"]
