"""The engine attaches subscriptions, and again after a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from driven_client import ADDRESS, BROKEN

from mqlight._machine.states import State
from mqlight_core.errors import NotPermittedError, SecurityError, StoppedError, SubscribedError
from mqlight_core.topics import Destination

if TYPE_CHECKING:
    from driven_client import DrivenClient


def test_a_subscription_is_told_and_gets_messages(client: DrivenClient) -> None:
    client.subscribe()
    client.turn()
    assert client.taken_log() == [("subscribed", "news", None, None)]
    client.deliver("hello")
    client.turn()
    assert client.taken_log() == [("message", "hello")]


def test_a_subscription_waits_for_a_connection(idle: DrivenClient) -> None:
    idle.start()
    idle.subscribe()
    idle.turn()
    assert idle.taken_log() == [("starting", None)]
    idle.dial()
    idle.turn()
    assert idle.taken_log() == [("started", None), ("subscribed", "news", None, None)]


@pytest.mark.parametrize("connected", [True, False])
def test_a_subscription_is_refused_twice(client: DrivenClient, *, connected: bool) -> None:
    if not connected:
        client.lose()
    client.subscribe()
    with pytest.raises(SubscribedError):
        client.subscribe()
    client.turn()
    with pytest.raises(SubscribedError):
        client.subscribe()


def test_subscriptions_are_attached_again_and_told_once(client: DrivenClient) -> None:
    client.subscribe()
    client.subscribe(Destination("news", "readers"), qos=1)
    client.turn()
    client.lose()
    client.taken_log()
    client.reconnect()
    assert client.taken_log() == [("started", None)]
    assert list(client.peer.links) == [ADDRESS, "share:readers:news"]
    assert client.peer.sender(ADDRESS).credit == 1024


def test_a_subscription_that_is_lost_before_it_is_accepted_is_attached_again(
    client: DrivenClient,
) -> None:
    client.peer.answering = False
    client.subscribe()
    client.turn()
    client.lose()
    assert client.taken_log() == [("retrying", BROKEN)]
    client.reconnect()
    assert client.taken_log() == [("started", None), ("subscribed", "news", None, None)]


def test_a_refused_subscription_is_told_and_can_be_asked_for_again(client: DrivenClient) -> None:
    client.peer.refuse = ("amqp:not-allowed", "not yours")
    client.subscribe()
    client.turn()
    ((what, pattern, share, error),) = client.taken_log()
    assert (what, pattern, share) == ("subscribed", "news", None)
    assert type(error) is NotPermittedError
    assert client.control.state is State.STARTED
    client.peer.refuse = None
    client.subscribe()
    client.turn()
    assert client.taken_log() == [("subscribed", "news", None, None)]


@pytest.mark.parametrize(
    ("condition", "state"),
    [("amqp:not-found", State.RETRYING), ("amqp:not-allowed", State.STOPPED)],
)
def test_a_refusal_that_nobody_would_be_told_of_is_an_error_of_the_client(
    client: DrivenClient, condition: str, state: State
) -> None:
    client.peer.refuse = (condition, "no")
    client.subscribe(on_subscribed=None)
    client.turn()
    assert client.control.state is state


@pytest.mark.parametrize(
    ("condition", "state"),
    [("amqp:not-found", State.RETRYING), ("amqp:not-allowed", State.STOPPED)],
)
def test_a_refused_re_attach_is_an_error_of_the_client(
    client: DrivenClient, condition: str, state: State
) -> None:
    client.subscribe()
    client.turn()
    client.lose()
    client.taken_log()
    client.reconnect(client.make_peer(refuse=(condition, "gone")))
    assert client.control.state is state
    assert "gone" in str(client.taken_log()[-1][1])


@pytest.mark.parametrize(
    ("condition", "state"),
    [("amqp:link:detach-forced", State.RETRYING), ("amqp:unauthorized-access", State.STOPPED)],
)
def test_a_subscription_that_the_server_ends_is_never_silently_dead(
    client: DrivenClient, condition: str, state: State
) -> None:
    client.subscribe()
    client.turn()
    client.taken_log()
    client.peer.end(client.peer.links[ADDRESS], condition, "deleted")
    client.turn()
    ((_, error),) = client.taken_log()
    assert "deleted" in str(error)
    assert client.control.state is state
    if state is State.STOPPED:
        assert type(error) is SecurityError


def allow(client: DrivenClient, links: int) -> None:
    """Let the server allow so many links."""
    assert client.engine.connection is not None
    client.engine.connection._handle_max = links - 1


def test_links_of_idle_topics_make_room_for_subscriptions(client: DrivenClient) -> None:
    allow(client, 3)
    for topic in ("a", "b", "c"):
        client.send("one", topic=topic)
        client.turn()
    for pattern in ("p", "q"):
        client.subscribe(Destination(pattern))
    client.turn()
    assert [name for name, _ in client.peer.ended] == ["a", "b"]
    log = [entry for entry in client.taken_log() if entry[0] == "subscribed"]
    assert log == [("subscribed", "p", None, None), ("subscribed", "q", None, None)]
    client.send("two", topic="a")
    client.turn()
    assert [name for name, _ in client.peer.ended] == ["a", "b", "c"]
    assert client.arrived[-1] == "two"


def test_a_subscription_waits_for_a_topic_to_be_idle(client: DrivenClient) -> None:
    allow(client, 1)
    client.send("one", qos=1)
    client.turn()
    client.subscribe(Destination("p"))
    client.turn()
    assert client.peer.ended == []
    client.peer.settle_all()
    client.turn()
    assert ("subscribed", "p", None, None) in client.taken_log()


def test_a_subscription_that_waits_for_room_can_be_taken_back(client: DrivenClient) -> None:
    allow(client, 1)
    client.send("one", qos=1)
    client.turn()
    client.taken_log()
    client.subscribe(Destination("p"))
    client.turn()
    client.unsubscribe(Destination("p"))
    client.turn()
    assert client.taken_log() == [
        ("subscribed", "p", None, None),
        ("unsubscribed", "p", None, None),
    ]
    client.peer.settle_all()
    client.send("two", topic="b")
    client.turn()
    assert list(client.peer.links) == ["news", "b"]


def test_a_subscription_that_ends_makes_room_for_one_that_waits(client: DrivenClient) -> None:
    allow(client, 2)
    client.subscribe(Destination("a"))
    client.turn()
    client.send("one", qos=1)
    client.turn()
    client.subscribe(Destination("b"))
    client.turn()
    client.unsubscribe(Destination("a"))
    client.turn()
    assert ("subscribed", "b", None, None) in client.taken_log()


def test_one_that_is_ending_makes_room_too(client: DrivenClient) -> None:
    allow(client, 1)
    client.subscribe(Destination("a"))
    client.turn()
    client.taken_log()
    client.unsubscribe(Destination("a"))
    client.subscribe(Destination("b"), on_subscribed=None)
    client.turn()
    assert client.taken_log() == [("unsubscribed", "a", None, None)]
    assert list(client.peer.links) == ["private:a", "private:b"]


@pytest.mark.parametrize("links", [0, 1])
def test_a_subscription_made_while_the_client_gets_started_is_attached_once(
    idle: DrivenClient, links: int
) -> None:
    idle.start()
    idle.dial()
    while idle.control.state is not State.STARTED:
        idle.step()
    allow(idle, links)
    idle.subscribe()
    idle.turn()
    ((_, _, _, error),) = [entry for entry in idle.taken_log() if entry[0] == "subscribed"]
    assert (error is None) == bool(links)
    assert len(idle.peer.links) == links
    assert idle.control.state is State.STARTED


def test_without_room_a_subscription_is_refused(client: DrivenClient) -> None:
    allow(client, 1)
    client.subscribe(Destination("p"))
    client.subscribe(Destination("q"))
    client.turn()
    errors = {pattern: error for _, pattern, _, error in client.taken_log()}
    assert errors["p"] is None
    assert "allows no more links" in str(errors["q"])
    assert client.control.state is State.STARTED


def test_a_stop_ends_subscriptions(client: DrivenClient) -> None:
    client.peer.answering = False
    client.subscribe()
    client.turn()
    client.stop()
    client.now += 10
    client.turn()
    log = client.taken_log()
    ((_, _, _, error),) = (entry for entry in log if entry[0] == "subscribed")
    assert type(error) is StoppedError
    assert client.control.registered() == []
    with pytest.raises(StoppedError):
        client.subscribe()
    with pytest.raises(StoppedError):
        client.unsubscribe()
