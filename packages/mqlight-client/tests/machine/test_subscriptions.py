from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight._machine.subscriptions import Progress, Subscription, Subscriptions
from mqlight_core.errors import SubscribedError, UnsubscribedError
from mqlight_core.topics import Destination

NEWS = Destination("news/#")
SHARED_NEWS = Destination("news/#", "readers")


def test_subscriptions_are_kept_in_the_order_of_the_calls() -> None:
    registry = Subscriptions()
    first, second = Subscription(SHARED_NEWS), Subscription(NEWS)
    registry.add(first)
    registry.add(second)
    assert list(registry) == [first, second]


def test_a_destination_can_be_subscribed_to_once() -> None:
    registry = Subscriptions()
    registry.add(Subscription(NEWS))
    with pytest.raises(SubscribedError, match=r"already subscribed to pattern 'news/#'$"):
        registry.add(Subscription(NEWS))


def test_the_error_names_the_share() -> None:
    registry = Subscriptions()
    registry.add(Subscription(SHARED_NEWS))
    with pytest.raises(SubscribedError, match="pattern 'news/#' with share 'readers'"):
        registry.add(Subscription(SHARED_NEWS))


def test_a_removed_subscription_can_be_made_again() -> None:
    registry = Subscriptions()
    first, second = Subscription(NEWS), Subscription(NEWS)
    registry.add(first)
    assert registry.remove(NEWS) is first
    registry.add(second)
    assert list(registry) == [second]


@pytest.mark.parametrize("other", [SHARED_NEWS, Destination("news"), Destination("news/#", "x")])
def test_only_what_is_subscribed_to_can_be_removed(other: Destination) -> None:
    registry = Subscriptions()
    registry.add(Subscription(NEWS))
    with pytest.raises(UnsubscribedError, match=other.pattern):
        registry.remove(other)
    assert len(list(registry)) == 1


def test_discarding_leaves_the_successor_of_a_subscription_alone() -> None:
    registry = Subscriptions()
    first, second = Subscription(NEWS), Subscription(NEWS)
    registry.add(first)
    registry.remove(NEWS)
    registry.add(second)
    registry.discard(first)
    assert list(registry) == [second]
    registry.discard(second)
    registry.discard(second)
    assert list(registry) == []


def test_clearing_returns_all() -> None:
    registry = Subscriptions()
    both = [Subscription(NEWS), Subscription(SHARED_NEWS)]
    for subscription in both:
        registry.add(subscription)
    assert registry.clear() == both
    assert registry.clear() == list(registry) == []


def test_the_registry_may_change_while_it_is_walked() -> None:
    registry = Subscriptions()
    registry.add(Subscription(NEWS))
    registry.add(Subscription(SHARED_NEWS))
    for subscription in registry:
        registry.discard(subscription)
    assert list(registry) == []


def test_a_new_subscription_is_queued_and_wants_messages() -> None:
    subscription = Subscription(NEWS)
    assert subscription.progress is Progress.QUEUED
    assert subscription.live
    assert not subscription.established


class Link:
    """A server that sends all that credit allows, and an application that takes its time."""

    def __init__(self, credit: int) -> None:
        self.subscription = Subscription(NEWS, credit=credit)
        self.credit = self.subscription.restart_credit(object())

    def deliver(self, messages: int) -> None:
        self.credit += self.subscription.arrived(messages) - messages

    def finish(self, messages: int) -> int:
        granted = self.subscription.finished(messages)
        self.credit += granted
        return granted


@given(st.sampled_from([0, 1, 2, 3, 7, 1024, 2**31 - 1]), st.data())
def test_credit_is_never_exceeded_and_never_stuck(credit: int, data: st.DataObject) -> None:
    link = Link(credit)
    assert link.credit == credit
    for _ in range(30):
        if link.credit and data.draw(st.booleans(), label="the server sends"):
            link.deliver(data.draw(st.integers(1, link.credit), label="messages"))
        elif link.subscription.unsettled:
            unsettled = link.subscription.unsettled
            link.finish(data.draw(st.integers(0, unsettled), label="finished"))
        assert link.credit >= 0
        assert link.credit + link.subscription.unsettled <= credit
        if link.subscription.unsettled < credit:
            assert link.credit > 0, "credit is free, and the server has none of it"


@pytest.mark.parametrize(("credit", "at_once"), [(1, 1), (2, 1), (4, 2), (1024, 512)])
def test_credit_goes_back_in_halves(credit: int, at_once: int) -> None:
    link = Link(credit)
    link.deliver(at_once)
    for _ in range(at_once - 1):
        assert link.finish(1) == 0
    assert link.finish(1) == at_once


def test_unconfirmed_messages_hold_their_credit() -> None:
    link = Link(10)
    link.deliver(10)
    assert link.finish(1) == 1
    assert link.credit + link.subscription.unsettled == 10


def test_without_credit_nothing_is_granted() -> None:
    assert Link(0).credit == 0


def test_a_new_link_starts_with_all_the_credit() -> None:
    link = Link(8)
    link.deliver(8)
    link.finish(1)
    assert link.subscription.restart_credit(object()) == 8
    assert link.subscription.unsettled == 0


def test_a_link_that_is_only_attached_to_be_deleted_gets_no_credit() -> None:
    subscription = Subscription(NEWS)
    subscription.live = False
    assert subscription.restart_credit(object()) == 0
