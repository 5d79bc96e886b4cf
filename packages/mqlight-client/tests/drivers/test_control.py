"""The door for the application's threads: what changes at once, and what is left as tasks."""

from __future__ import annotations

import sys
import threading

import pytest

from mqlight._drivers.control import Attach, Control, Detach, Forget, Invoke
from mqlight._machine import effects
from mqlight._machine.states import State
from mqlight._machine.subscriptions import Subscription
from mqlight_core.errors import (
    NetworkError,
    ReplacedError,
    StoppedError,
    SubscribedError,
    UnsubscribedError,
)
from mqlight_core.service import parse_service_url
from mqlight_core.topics import Destination

SERVICE = parse_service_url("amqp://host")
NEWS = Destination("news")


class Woken:
    """Counts how often the engine's owner is woken."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def control(woken: Woken) -> Control:
    return Control(woken)


def taken(control: Control) -> list[type]:
    kinds = [type(task) for task in control.tasks]
    control.tasks.clear()
    return kinds


def start(control: Control) -> None:
    """Bring a control to `started`."""
    control.start(None)
    control.resolved(1, (SERVICE,))
    control.opened(2, SERVICE)
    control.tasks.clear()


def test_a_start_changes_the_state_at_once_and_leaves_the_rest(
    control: Control, woken: Woken
) -> None:
    control.start(None)

    assert control.state is State.STARTING
    assert not control.muted
    assert taken(control) == [effects.Report, effects.Resolve]
    assert woken.times == 1


def test_the_service_is_known_while_started(control: Control) -> None:
    start(control)
    assert control.service is SERVICE
    control.lost(NetworkError("broken"))
    assert control.service is None
    assert control.state is State.RETRYING
    assert not control.muted


def test_what_changes_nothing_wakes_nobody(control: Control, woken: Woken) -> None:
    start(control)
    before = woken.times
    control.retry_due()
    control.failed(1, NetworkError("late"), 0.0, 0.0)
    assert woken.times == before
    assert taken(control) == []


def test_a_subscription_is_registered_at_once(control: Control) -> None:
    control.start(None)
    control.tasks.clear()
    subscription = Subscription(NEWS)
    control.subscribe(subscription)

    assert control.registered() == [subscription]
    assert list(control.tasks) == [Attach(subscription)]
    with pytest.raises(SubscribedError):
        control.subscribe(Subscription(NEWS))


@pytest.mark.parametrize(
    ("ttl", "delete", "deletes"), [(0, False, True), (9, False, False), (9, True, True)]
)
def test_an_unsubscribed_one_is_dead_at_once(
    control: Control, *, ttl: int, delete: bool, deletes: bool
) -> None:
    start(control)
    subscription = Subscription(NEWS, ttl=ttl)
    control.subscribe(subscription)
    control.tasks.clear()
    control.unsubscribe(NEWS, delete=delete, on_unsubscribed=None)

    assert not subscription.live
    assert subscription.delete is deletes
    assert control.registered() == []
    assert list(control.tasks) == [Detach(subscription)]
    with pytest.raises(UnsubscribedError):
        control.unsubscribe(NEWS, delete=False, on_unsubscribed=None)


def test_nothing_is_taken_on_from_the_stop_on(control: Control) -> None:
    def assert_refused() -> None:
        with pytest.raises(StoppedError, match=f"the client is {control.state}"):
            control.subscribe(Subscription(NEWS))
        with pytest.raises(StoppedError):
            control.unsubscribe(NEWS, delete=False, on_unsubscribed=None)
        with pytest.raises(StoppedError):
            control.check_not_stopped()

    assert_refused()
    start(control)
    control.check_not_stopped()
    control.stop(None)
    assert control.muted
    assert_refused()
    control.closed()
    assert control.state is State.STOPPED
    assert_refused()


def test_subscriptions_end_with_the_stop_and_later_ones_are_of_the_next_start(
    control: Control,
) -> None:
    start(control)
    old = Subscription(NEWS)
    control.subscribe(old)
    control.stop(None)
    control.tasks.clear()
    control.closed()
    kinds = [type(task) for task in control.tasks]
    forgotten = next(task for task in control.tasks if isinstance(task, Forget))

    assert forgotten.subscriptions == (old,)
    assert kinds.index(Forget) == kinds.index(effects.FailAll) - 1
    assert control.registered() == []


def test_only_the_very_subscription_is_discarded(control: Control) -> None:
    start(control)
    old, new = Subscription(NEWS), Subscription(NEWS)
    control.subscribe(old)
    control.unsubscribe(NEWS, delete=False, on_unsubscribed=None)
    control.subscribe(new)
    control.discard(old)
    assert control.registered() == [new]
    control.discard(new)
    assert control.registered() == []


def test_a_task_of_another_thread_wakes_the_owner(control: Control, woken: Woken) -> None:
    task = Invoke(lambda: None)
    control.post(task)
    assert list(control.tasks) == [task]
    assert woken.times == 1


def test_in_a_child_of_fork_everything_is_over(control: Control) -> None:
    start(control)
    control.subscribe(Subscription(NEWS))
    control.inbox.append(("t", b"", 0, None, "", None))
    with control._lock:  # as a thread that the child does not have
        control.disown()
        assert control.state is State.STOPPED
        assert control.service is None
        assert (control.registered(), control.take_inbox(), taken(control)) == ([], [], [])
        for refused in (
            control.check_not_inherited,
            control.check_not_stopped,
            lambda: control.subscribe(Subscription(NEWS)),
            lambda: control.unsubscribe(NEWS, delete=False, on_unsubscribed=None),
        ):
            with pytest.raises(StoppedError, match="before the fork"):
                refused()


def test_a_replacement_is_told_when_the_stream_is_given_up(control: Control) -> None:
    start(control)
    told: list[bool] = []
    control.replaced(ReplacedError("another"), lambda: told.append(True))
    *_, last = control.tasks

    assert control.state is State.STOPPED
    assert effects.Abandon() in control.tasks
    assert isinstance(last, Invoke)
    assert told == []
    last.step()
    assert told == [True]


def test_a_replaced_client_is_gone_when_its_stream_is(control: Control) -> None:
    start(control)
    control.replaced(ReplacedError("another"), lambda: None)
    kinds = taken(control)
    assert kinds.index(effects.Abandon) < kinds.index(Invoke)


def test_a_client_that_stops_already_is_gone_when_it_has_stopped(control: Control) -> None:
    start(control)
    control.stop(None)
    control.replaced(ReplacedError("another"), lambda: None)
    assert Invoke not in taken(control)
    control.closed()
    kinds = taken(control)
    assert kinds.index(effects.Abandon) < kinds.index(Invoke)
    control.start(None)
    control.stop(None)
    control.closed()
    assert Invoke not in taken(control)


def test_messages_are_taken_once_whoever_takes_them(control: Control) -> None:
    """The engine's owner and a thread that stops the client may do so at the same moment."""
    rounds, messages = 200, 50
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(rounds):
            start_anew(control)
            control.inbox.extend([("news", b"", 0, None, None, None)] * messages)
            stopping = threading.Thread(
                target=control.replaced, args=(ReplacedError("another"), lambda: None)
            )
            stopping.start()
            taken_by_owner = len(control.take_inbox())
            stopping.join()
            [forget] = [task for task in control.tasks if isinstance(task, Forget)]
            assert taken_by_owner + len(forget.sends) == messages
            control.tasks.clear()
    finally:
        sys.setswitchinterval(interval)


def start_anew(control: Control) -> None:
    control.start(None)
    attempt = control.tasks[-1]
    assert isinstance(attempt, effects.Resolve)
    control.resolved(attempt.attempt, (SERVICE,))
    control.opened(attempt.attempt + 1, SERVICE)
    control.tasks.clear()
