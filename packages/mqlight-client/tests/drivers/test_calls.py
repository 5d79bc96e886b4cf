"""Batches of callbacks: who is called with what, and what an exception does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from mqlight._amqp.links import Arrived
from mqlight._drivers.calls import Internal, Messages, Notice, Sent
from mqlight._drivers.control import Control
from mqlight._machine.subscriptions import Subscription
from mqlight_core.topics import Destination

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENT = object()


class Failures(list[tuple[str, BaseException]]):
    def __call__(self, name: str, error: BaseException) -> None:
        self.append((name, error))


@pytest.fixture
def failures() -> Failures:
    return Failures()


def raising(error: BaseException) -> Callable[..., None]:
    def callback(*_: object) -> None:
        raise error

    return callback


def test_a_notice_passes_the_client_and_its_arguments(failures: Failures) -> None:
    given: list[tuple[object, ...]] = []
    Notice("on_stopped", lambda *arguments: given.append(arguments), None).run(CLIENT, failures)
    Notice("on_drain", lambda *arguments: given.append(arguments)).run(CLIENT, failures)

    assert given == [(CLIENT, None), (CLIENT,)]
    assert failures == []


def test_a_notice_that_nobody_asked_for_is_none(failures: Failures) -> None:
    Notice("on_drain", None).run(CLIENT, failures)
    assert failures == []


@pytest.mark.parametrize("error", [ValueError(), SystemExit(3), KeyboardInterrupt()])
def test_whatever_a_notice_raises_is_told_by_name(failures: Failures, error: BaseException) -> None:
    Notice("on_stopped", raising(error), None).run(CLIENT, failures)
    assert failures == [("on_stopped", error)]


def test_a_step_of_our_own_is_taken_in_its_place(failures: Failures) -> None:
    taken: list[str] = []
    Internal(lambda: taken.append("step")).run(CLIENT, failures)
    assert taken == ["step"]


def test_every_message_sent_is_told_whatever_one_callback_raises(failures: Failures) -> None:
    told: list[tuple[object, ...]] = []
    problem, refused = ValueError("on purpose"), ValueError("refused")
    data, options = object(), object()

    def on_sent(*arguments: object) -> None:
        told.append(arguments)

    Sent(
        [
            (("a", b"", 1, on_sent, data, options), None),
            (("a", b"", 0, None, data, options), None),
            (("a", b"", 1, raising(problem), data, options), None),
            (("b", b"", 1, on_sent, data, options), refused),
        ]
    ).run(CLIENT, failures)

    assert told == [(CLIENT, None, "a", data, options), (CLIENT, refused, "b", data, options)]
    assert failures == [("on_sent", problem)]


class Receiving:
    """Three messages for a subscription of a client that is started."""

    def __init__(self, on_message: Callable[..., object] | None) -> None:
        self.control = Control(lambda: None)
        self.control.start(None)
        self.subscription = Subscription(Destination("t"), on_message=on_message)
        receiver: Any = SimpleNamespace(subscription=self.subscription)
        messages: list[tuple[str, object, dict[str, Any]]] = [
            ("message", text, {}) for text in ("one", "two", "three")
        ]
        self.calls = Messages(Arrived(receiver, messages), self.control)


def test_messages_are_handed_over_in_order(failures: Failures) -> None:
    got: list[object] = []
    receiving = Receiving(lambda kind, data, delivery: got.append((kind, data, delivery)))
    receiving.calls.run(CLIENT, failures)

    assert got == [("message", text, {}) for text in ("one", "two", "three")]
    assert receiving.calls.done == 3


def test_messages_that_nobody_wants_count_as_handed_over(failures: Failures) -> None:
    receiving = Receiving(None)
    receiving.calls.run(CLIENT, failures)
    assert receiving.calls.done == 3


def test_a_message_whose_callback_raises_is_not_done_and_the_last(failures: Failures) -> None:
    problem = ValueError("on purpose")

    def on_message(_kind: str, data: object, _delivery: object) -> None:
        if data == "two":
            raise problem

    receiving = Receiving(on_message)
    receiving.calls.run(CLIENT, failures)

    assert receiving.calls.done == 1
    assert failures == [("on_message", problem)]


def test_messages_say_which_one_is_being_handed_over(failures: Failures) -> None:
    seen: list[object] = []

    def on_message(*_: object) -> None:
        seen.append(receiving.calls.current())

    receiving = Receiving(on_message)
    receiving.calls.run(CLIENT, failures)
    assert seen == [(left, "on_message", on_message) for left in (2, 1, 0)]
    assert Receiving(None).calls.current() is None


def test_no_message_follows_a_stop_or_an_unsubscribe(failures: Failures) -> None:
    stopped = Receiving(lambda *_: stopped.control.stop(None))
    stopped.calls.run(CLIENT, failures)
    assert stopped.calls.done == 1

    unsubscribed = Receiving(lambda *_: setattr(unsubscribed.subscription, "live", False))
    unsubscribed.calls.run(CLIENT, failures)
    assert unsubscribed.calls.done == 1
    assert failures == []
