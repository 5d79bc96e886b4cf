from __future__ import annotations

from collections import deque
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mqlight._machine.prefetch import Prefetch, Prefetched
from mqlight._machine.subscriptions import Subscription
from mqlight_core.topics import Destination


class Link:
    def __init__(self) -> None:
        self.alive = True


def prefetch(*, kept_by_server: bool = False) -> Prefetch[Link]:
    return Prefetch(kept_by_server=kept_by_server, wake=lambda: None)


def messages(*data: str) -> list[tuple[str, object, dict[str, Any]]]:
    return [("message", one, {}) for one in data]


def taken(waiting: Prefetch[Link]) -> list[object]:
    found: list[object] = []
    while (message := waiting.take()) is not None:
        found.append(message.data)
    return found


def test_messages_are_taken_in_the_order_in_which_they_came() -> None:
    waiting, link = prefetch(), Link()
    waiting.put(link, messages("one", "two"), [1, 2])
    waiting.put(link, messages("three"), [3])
    assert taken(waiting) == ["one", "two", "three"]
    assert waiting.take() is None


def test_each_message_knows_what_settles_it() -> None:
    waiting, link = prefetch(), Link()
    waiting.put(link, messages("one", "two"), [7, 8])
    first, second = waiting.take(), waiting.take()
    assert first is not None
    assert second is not None
    assert [(first.link, first.token), (second.link, second.token)] == [(link, 7), (link, 8)]


def test_a_settled_message_has_no_token() -> None:
    waiting = prefetch()
    waiting.put(Link(), messages("one"), [])
    message = waiting.take()
    assert message is not None
    assert message.token == 0


def test_the_application_is_woken_once_for_what_came_together() -> None:
    woken: list[int] = []
    waiting = Prefetch[Link](kept_by_server=False, wake=lambda: woken.append(len(waiting)))
    waiting.put(Link(), messages("one", "two"), [])
    assert woken == [2]


def test_what_the_server_will_send_again_is_not_taken_from_a_dead_link() -> None:
    waiting, old, new = prefetch(kept_by_server=True), Link(), Link()
    waiting.put(old, messages("one", "two"), [1, 2])
    old.alive = False
    assert waiting.take() is None
    waiting.put(old, messages("three"), [3])
    assert waiting.restart(new) == 0
    assert len(waiting) == 0


def test_what_would_be_lost_is_kept_and_uses_credit_of_the_new_link() -> None:
    waiting, old, new = prefetch(), Link(), Link()
    waiting.put(old, messages("one", "two"), [1, 2])
    old.alive = False
    assert waiting.restart(new) == 2
    message = waiting.take()
    assert message is not None
    assert (message.data, message.link, message.credited) == ("one", old, new)


def test_nothing_waits_after_the_end() -> None:
    waiting = prefetch()
    waiting.put(Link(), messages("one"), [1])
    waiting.clear()
    assert waiting.take() is None


class Credit(RuleBasedStateMachine):
    """Credit never goes beyond what was asked for, and always comes back in the end."""

    CREDIT = 4

    def __init__(self) -> None:
        super().__init__()
        self.waiting = prefetch()
        self.subscription = Subscription(
            Destination("news"), credit=self.CREDIT, prefetch=self.waiting
        )
        self.link = Link()
        self.credit = self.subscription.restart_credit(self.link)
        self.held: deque[Prefetched[Link]] = deque()

    @precondition(lambda self: self.credit)
    @rule(count=st.integers(1, 4))
    def messages_come(self, count: int) -> None:
        count = min(count, self.credit)
        self.credit -= count
        self.credit += self.subscription.arrived(count)
        self.waiting.put(self.link, messages(*"x" * count), [])

    @rule()
    def one_is_taken(self) -> None:
        message = self.waiting.take()
        if message is not None:
            self.held.append(message)

    @precondition(lambda self: self.held)
    @rule()
    def one_is_finished(self) -> None:
        message = self.held.popleft()
        if message.credited is self.link:
            self.credit += self.subscription.finished(1)

    @rule()
    def the_link_is_made_again(self) -> None:
        self.link.alive = False
        self.link = Link()
        self.credit = self.subscription.restart_credit(self.link)

    @invariant()
    def no_more_is_under_way_than_the_credit(self) -> None:
        held = sum(message.credited is self.link for message in self.held)
        assert 0 <= self.credit <= self.CREDIT
        assert self.credit + len(self.waiting) + held <= self.CREDIT

    def teardown(self) -> None:
        while (message := self.waiting.take()) is not None:
            self.held.append(message)
        while self.held:
            self.one_is_finished()
        assert self.credit > self.CREDIT // 2


TestCredit = Credit.TestCase
