"""The engine ends subscriptions in whatever state they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import proton
import pytest
from driven_client import ADDRESS, BROKEN

from mqlight._machine.states import State
from mqlight._machine.subscriptions import Progress
from mqlight_core.errors import UnsubscribedError

if TYPE_CHECKING:
    from driven_client import DrivenClient


@pytest.mark.parametrize(
    ("ttl", "delete", "closed"),
    [(0, False, True), (0, True, True), (60, True, True), (60, False, False)],
)
def test_unsubscribing_ends_the_link_and_tells(
    client: DrivenClient, ttl: int, *, delete: bool, closed: bool
) -> None:
    client.subscribe(ttl=ttl)
    client.turn()
    client.taken_log()
    client.unsubscribe(delete=delete)
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]
    assert client.peer.ended == [(ADDRESS, closed)]


def test_only_what_is_subscribed_to_can_be_unsubscribed(client: DrivenClient) -> None:
    with pytest.raises(UnsubscribedError):
        client.unsubscribe()
    client.subscribe()
    client.unsubscribe()
    with pytest.raises(UnsubscribedError):
        client.unsubscribe()


def test_a_queued_pair_cancels_with_success_on_both(idle: DrivenClient) -> None:
    idle.start()
    idle.subscribe()
    idle.unsubscribe()
    idle.turn()
    assert idle.taken_log() == [
        ("starting", None),
        ("subscribed", "news", None, None),
        ("unsubscribed", "news", None, None),
    ]
    idle.dial()
    idle.turn()
    assert idle.peer.links == {}


def test_a_pair_without_a_turn_between_cancels_while_connected_too(client: DrivenClient) -> None:
    client.subscribe()
    client.unsubscribe()
    client.turn()
    assert [entry[0] for entry in client.taken_log()] == ["subscribed", "unsubscribed"]
    assert client.peer.ended in ([], [(ADDRESS, True)])


def test_unsubscribing_while_the_link_is_being_attached_ends_it_then(client: DrivenClient) -> None:
    client.peer.answering = False
    client.subscribe()
    client.turn()
    client.unsubscribe()
    client.turn()
    assert client.taken_log() == []
    client.peer.answering = True
    link = client.peer.connection.link_head(0)
    assert link is not None
    client.peer.answer(link)
    client.turn()
    assert client.taken_log() == [
        ("subscribed", "news", None, None),
        ("unsubscribed", "news", None, None),
    ]
    assert client.peer.ended == [(ADDRESS, True)]


def test_a_refusal_overtaken_by_unsubscribing_is_told_as_it_is(client: DrivenClient) -> None:
    client.peer.refuse = ("amqp:not-allowed", "no")
    client.subscribe()
    while not isinstance(client.peer.connection.link_head(0), proton.Sender):
        client.step()
    client.unsubscribe()
    client.turn()
    (subscribed, unsubscribed) = client.taken_log()
    assert subscribed[0] == "subscribed"
    assert unsubscribed == ("unsubscribed", "news", None, None)
    assert client.control.state is State.STARTED


def test_unsubscribing_what_has_just_been_refused_is_told(client: DrivenClient) -> None:
    subscription = client.subscribe()
    client.turn()
    client.taken_log()
    client.unsubscribe()
    subscription.progress = Progress.ENDED
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]


def test_messages_that_still_arrive_are_dropped(client: DrivenClient) -> None:
    client.subscribe(qos=1)
    client.turn()
    client.taken_log()
    client.deliver("late")
    client.unsubscribe()
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]
    assert client.peer.outcomes == {}


def test_unsubscribing_does_not_wait_for_messages_to_be_confirmed(client: DrivenClient) -> None:
    client.subscribe(qos=1, auto_confirm=False)
    client.turn()
    client.deliver("one", "two")
    client.turn()
    client.taken_log()
    client.unsubscribe()
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]
    assert client.peer.ended == [(ADDRESS, True)]
    assert client.peer.outcomes == {}


def test_subscribing_again_waits_for_the_old_link_to_end(client: DrivenClient) -> None:
    client.subscribe()
    client.turn()
    client.peer.answering = False
    client.unsubscribe()
    client.subscribe(qos=1)
    client.turn()
    assert client.peer.ended == [(ADDRESS, True)]
    client.taken_log()
    client.peer.answering = True
    client.peer.end(client.peer.links[ADDRESS])
    client.turn()
    assert client.taken_log() == [
        ("unsubscribed", "news", None, None),
        ("subscribed", "news", None, None),
    ]
    assert client.peer.links[ADDRESS].remote_snd_settle_mode == proton.Link.SND_UNSETTLED


def test_a_waiting_successor_that_is_unsubscribed_is_never_attached(client: DrivenClient) -> None:
    client.subscribe()
    client.turn()
    client.peer.answering = False
    client.unsubscribe()
    client.subscribe()
    client.turn()
    client.taken_log()
    client.unsubscribe()
    client.turn()
    assert client.taken_log() == [
        ("subscribed", "news", None, None),
        ("unsubscribed", "news", None, None),
    ]
    client.peer.answering = True
    client.peer.end(client.peer.links[ADDRESS])
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]
    assert client.peer.ended == [(ADDRESS, True)]


def test_unsubscribing_without_a_connection_is_done_at_once(client: DrivenClient) -> None:
    client.subscribe()
    client.turn()
    client.lose()
    client.taken_log()
    client.unsubscribe()
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]
    client.reconnect()
    assert client.peer.links == {}


@pytest.mark.parametrize("again", [False, True])
def test_a_destination_that_outlives_its_link_is_deleted_once_connected(
    client: DrivenClient, *, again: bool
) -> None:
    client.subscribe(ttl=60)
    client.turn()
    client.lose()
    client.taken_log()
    client.unsubscribe(delete=True)
    if again:
        client.subscribe(qos=1)
    client.turn()
    assert client.taken_log() == []
    client.reconnect()
    expected: list[tuple[object, ...]] = [
        ("started", None),
        ("unsubscribed", "news", None, None),
    ]
    if again:
        expected.append(("subscribed", "news", None, None))
        assert client.peer.sender(ADDRESS).credit == 1024
    assert client.taken_log() == expected
    assert client.peer.ended == [(ADDRESS, True)]


def test_a_destination_that_is_to_be_deleted_gets_no_credit(client: DrivenClient) -> None:
    client.subscribe(ttl=60)
    client.turn()
    client.lose()
    client.unsubscribe(delete=True)
    client.turn()
    client.reconnect()
    assert client.peer.links[ADDRESS].credit == 0


def test_a_connection_that_is_lost_while_a_link_ends_has_ended_it(client: DrivenClient) -> None:
    client.subscribe()
    client.turn()
    client.peer.answering = False
    client.unsubscribe()
    client.turn()
    client.taken_log()
    client.lose()
    assert client.taken_log() == [
        ("unsubscribed", "news", None, None),
        ("retrying", BROKEN),
    ]


def test_unsubscribing_that_the_loss_of_the_connection_overtakes_is_done(
    client: DrivenClient,
) -> None:
    subscription = client.subscribe()
    client.turn()
    client.taken_log()
    client.unsubscribe()
    client.connected = False
    client.engine.stream_broken(BROKEN, client.now)
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None), ("retrying", BROKEN)]
    assert subscription.progress is Progress.ENDED
    client.reconnect()
    assert client.peer.links == {}


def test_unsubscribing_what_the_server_has_ended_is_done(client: DrivenClient) -> None:
    client.subscribe()
    client.turn()
    client.peer.end(client.peer.links[ADDRESS], "amqp:link:detach-forced", "moved")
    client.turn()
    client.taken_log()
    client.unsubscribe()
    client.turn()
    assert client.taken_log() == [("unsubscribed", "news", None, None)]
    client.reconnect()
    assert client.peer.links == {}


def test_a_stop_completes_what_is_being_unsubscribed(client: DrivenClient) -> None:
    client.subscribe()
    client.turn()
    client.peer.answering = False
    client.unsubscribe()
    client.turn()
    client.taken_log()
    client.stop()
    client.now += 10
    client.turn()
    assert [entry[0] for entry in client.taken_log()] == [
        "stopping",
        "unsubscribed",
        "stopped",
        "on_stopped",
    ]
