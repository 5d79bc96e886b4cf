"""A subscription whose application asks for one message after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from driven_client import ADDRESS, NEWS

from mqlight._drivers.control import Take
from mqlight._drivers.pulled import Pulled
from mqlight_core.errors import NetworkError, SubscribedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from driven_client import DrivenClient


def pulled(client: DrivenClient, **options: Any) -> Pulled:
    defaults = {"qos": 1, "ttl": 0, "credit": 4, "auto_confirm": True}
    subscription = Pulled(
        client.control,
        NEWS,
        finish=lambda subscription, message: client.control.post(Take(subscription, message)),
        wake=lambda: None,
        **defaults | options,
    )
    subscription.subscribe(client.on_subscribed)
    client.turn()
    return subscription


def take(subscription: Pulled) -> tuple[object, Callable[[], None]]:
    taken = subscription.take()
    assert taken is not None
    return taken[0].data, taken[1]


def test_the_server_sends_no_more_than_the_credit_while_nobody_asks(client: DrivenClient) -> None:
    pulled(client)
    client.deliver("one", "two", "three", "four")
    client.turn()
    assert client.peer.sender(ADDRESS).credit == 0


@pytest.mark.parametrize("qos", [0, 1])
def test_asking_for_messages_gives_credit_back(client: DrivenClient, qos: int) -> None:
    subscription = pulled(client, qos=qos)
    client.deliver("one", "two", "three", "four")
    client.turn()
    for text in ("one", "two", "three", "four"):
        subscription.finish_last()
        assert take(subscription)[0] == text
    client.turn()
    assert client.peer.sender(ADDRESS).credit >= 2


def test_a_message_is_confirmed_when_the_next_one_is_asked_for(client: DrivenClient) -> None:
    subscription = pulled(client)
    tags = client.deliver("one", "two")
    client.turn()
    take(subscription)
    client.turn()
    assert client.peer.outcomes == {}
    subscription.finish_last()
    client.turn()
    assert client.peer.outcomes.keys() == {tags[0]}


def test_a_message_may_be_confirmed_before(client: DrivenClient) -> None:
    subscription = pulled(client)
    tags = client.deliver("one", "two")
    client.turn()
    _, confirm = take(subscription)
    confirm()
    confirm()
    subscription.finish_last()
    client.turn()
    assert client.peer.outcomes.keys() == {tags[0]}
    assert subscription.subscription.unsettled == 1


def test_by_hand_nothing_is_confirmed_and_no_credit_comes_back_of_itself(
    client: DrivenClient,
) -> None:
    subscription = pulled(client, auto_confirm=False)
    tags = client.deliver("one", "two", "three", "four")
    client.turn()
    confirms = [take(subscription)[1] for _ in range(4)]
    subscription.finish_last()
    client.turn()
    assert client.peer.outcomes == {}
    assert client.peer.sender(ADDRESS).credit == 0
    for confirm in confirms[1:]:
        confirm()
    client.turn()
    assert client.peer.outcomes.keys() == set(tags[1:])
    assert client.peer.sender(ADDRESS).credit == 2


def test_a_confirmation_says_that_the_client_has_reconnected(client: DrivenClient) -> None:
    subscription = pulled(client, auto_confirm=False)
    client.deliver("one")
    client.turn()
    _, confirm = take(subscription)
    client.lose()
    client.reconnect()
    with pytest.raises(NetworkError, match="reconnected"):
        confirm()


def test_a_confirmation_says_that_the_client_has_unsubscribed(client: DrivenClient) -> None:
    subscription = pulled(client, auto_confirm=False)
    client.deliver("one")
    client.turn()
    _, confirm = take(subscription)
    subscription.unsubscribe(delete=False, on_unsubscribed=client.on_unsubscribed)
    with pytest.raises(NetworkError, match="unsubscribed"):
        confirm()


def test_a_confirmation_says_that_the_client_is_stopped(client: DrivenClient) -> None:
    subscription = pulled(client, auto_confirm=False)
    client.deliver("one")
    client.turn()
    _, confirm = take(subscription)
    client.stop()
    with pytest.raises(NetworkError, match="not started"):
        confirm()


@pytest.mark.parametrize("options", [{"qos": 0}, {"qos": 1}], ids=["qos 0", "ttl 0"])
def test_what_the_server_forgets_is_still_there_after_a_reconnection(
    client: DrivenClient, options: dict[str, Any]
) -> None:
    subscription = pulled(client, **options)
    client.deliver("one", "two")
    client.turn()
    client.lose()
    client.reconnect()
    assert client.peer.sender(ADDRESS).credit == 2
    assert [take(subscription)[0] for _ in range(2)] == ["one", "two"]
    client.turn()
    assert client.peer.sender(ADDRESS).credit == 4


def test_what_the_server_sends_again_is_dropped_at_the_loss(client: DrivenClient) -> None:
    subscription = pulled(client, ttl=60)
    client.deliver("one", "two")
    client.turn()
    client.lose()
    assert subscription.take() is None
    client.reconnect()
    assert client.peer.sender(ADDRESS).credit == 4
    client.deliver("one")
    client.turn()
    assert take(subscription)[0] == "one"


def test_a_message_taken_before_a_loss_costs_the_next_link_no_credit(client: DrivenClient) -> None:
    subscription = pulled(client)
    client.deliver("one")
    client.turn()
    take(subscription)
    client.lose()
    client.reconnect()
    subscription.finish_last()
    client.turn()
    assert client.peer.sender(ADDRESS).credit == 4
    assert client.peer.outcomes == {}


def test_what_waits_is_dropped_by_unsubscribe(client: DrivenClient) -> None:
    subscription = pulled(client)
    client.deliver("one")
    client.turn()
    client.taken_log()
    subscription.unsubscribe(delete=False, on_unsubscribed=client.on_unsubscribed)
    client.turn()
    assert subscription.take() is None
    assert client.taken_log() == [("unsubscribed", "news", None, None)]


def test_a_destination_can_be_subscribed_to_once(client: DrivenClient) -> None:
    pulled(client)
    with pytest.raises(SubscribedError):
        pulled(client)
