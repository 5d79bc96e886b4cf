from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from mqlight._machine import machine as machine_module
from mqlight._machine.effects import (
    Abandon,
    Connect,
    FailAll,
    Finish,
    Report,
    Resolve,
    Restart,
    SettleIn,
    TellStarted,
    TellStopped,
    WaitUntil,
)
from mqlight._machine.machine import ClientMachine
from mqlight._machine.states import State
from mqlight_core.errors import (
    InternalError,
    InvalidArgumentError,
    NetworkError,
    ReplacedError,
    SecurityError,
)
from mqlight_core.service import Service, parse_service_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight._machine.effects import Effect

ONE: Service = parse_service_url("amqp://one.example.com")
TWO: Service = parse_service_url("amqp://two.example.com")
REFUSED = NetworkError("connection refused")
REPLACED = ReplacedError("another client has connected with this id")


def on_started(_client: object) -> NoReturn:
    raise AssertionError("the machine calls nobody")


def on_stopped(_client: object, _error: object) -> NoReturn:
    raise AssertionError("the machine calls nobody")


def attempt_of(effects: list[Effect]) -> int:
    """Return the attempt that the effects wait for."""
    (attempt,) = (effect.attempt for effect in effects if isinstance(effect, Resolve | Connect))
    return attempt


def told(effects: list[Effect]) -> TellStopped:
    (stopped,) = (effect for effect in effects if isinstance(effect, TellStopped))
    return stopped


def fail(machine: ClientMachine, attempt: int, error: Exception = REFUSED) -> list[Effect]:
    return machine.failed(attempt, error, now=100.0, random=1.0)


def starting() -> tuple[ClientMachine, int]:
    """Return a machine that asks for its services, and the attempt."""
    machine = ClientMachine()
    return machine, attempt_of(machine.start(None))


def connecting(*services: Service) -> tuple[ClientMachine, int]:
    """Return a machine that connects to the first of its services, and the attempt."""
    machine, attempt = starting()
    return machine, attempt_of(machine.resolved(attempt, services or (ONE,)))


def started() -> ClientMachine:
    machine, attempt = connecting()
    machine.opened(attempt, ONE)
    return machine


def retrying() -> ClientMachine:
    machine, attempt = connecting()
    fail(machine, attempt)
    return machine


def stopping() -> ClientMachine:
    machine = started()
    machine.stop(None)
    return machine


def stopped() -> ClientMachine:
    machine = stopping()
    machine.closed()
    return machine


IN_STATE: dict[State, Callable[[], ClientMachine]] = {
    State.STARTING: lambda: starting()[0],
    State.STARTED: started,
    State.RETRYING: retrying,
    State.STOPPING: stopping,
    State.STOPPED: stopped,
}


@pytest.mark.parametrize("state", State)
def test_the_states_of_these_tests_are_reached(state: State) -> None:
    assert IN_STATE[state]().state is state


def test_a_new_machine_is_stopped() -> None:
    machine = ClientMachine()
    assert machine.state is State.STOPPED
    assert machine.service is None


def test_starting_reports_it_and_asks_for_the_services() -> None:
    machine = ClientMachine()
    assert machine.start(on_started) == [Report(State.STARTING, None), Resolve(1)]


def test_the_services_are_connected_to_in_their_order() -> None:
    machine, attempt = starting()
    (first,) = machine.resolved(attempt, (ONE, TWO))
    assert isinstance(first, Connect)
    assert first.service is ONE
    (second,) = fail(machine, first.attempt)
    assert isinstance(second, Connect)
    assert second.service is TWO
    assert second.attempt != first.attempt
    assert machine.state is State.STARTING


def test_an_opened_connection_is_started_then_settled_in_then_told() -> None:
    machine = ClientMachine()
    attempt = attempt_of(machine.start(on_started))
    attempt = attempt_of(machine.resolved(attempt, (ONE,)))
    assert machine.opened(attempt, ONE) == [
        Report(State.STARTED, None),
        SettleIn(),
        TellStarted((on_started,)),
    ]
    assert machine.service is ONE


def test_when_every_service_failed_there_is_one_report_and_a_wait() -> None:
    machine, attempt = connecting(ONE, TWO)
    attempt = attempt_of(fail(machine, attempt, NetworkError("the first one's")))
    last = NetworkError("the last one's")
    assert fail(machine, attempt, last) == [Report(State.RETRYING, last), WaitUntil(102.0)]


def test_a_fatal_error_of_one_service_does_not_keep_the_others_from_being_tried() -> None:
    machine, attempt = connecting(ONE, TWO)
    attempt = attempt_of(fail(machine, attempt, REPLACED))
    assert fail(machine, attempt) == [Report(State.RETRYING, REFUSED), WaitUntil(102.0)]


def test_the_last_error_of_a_round_decides() -> None:
    machine, attempt = connecting(ONE, TWO)
    fail(machine, attempt_of(fail(machine, attempt)), REPLACED)
    assert machine.state is State.STOPPED


def test_services_that_can_not_be_found_out_are_a_failed_round() -> None:
    machine, attempt = starting()
    assert fail(machine, attempt) == [Report(State.RETRYING, REFUSED), WaitUntil(102.0)]


def test_a_further_failed_round_is_not_reported_and_waits_longer() -> None:
    machine = retrying()
    waits = []
    for _ in range(3):
        attempt = attempt_of(machine.retry_due())
        attempt = attempt_of(machine.resolved(attempt, (ONE,)))
        (wait,) = fail(machine, attempt)
        waits.append(wait)
    assert waits == [WaitUntil(104.0), WaitUntil(108.0), WaitUntil(116.0)]
    assert machine.state is State.RETRYING


def test_each_round_asks_for_the_services_anew_and_begins_with_the_first() -> None:
    machine, attempt = connecting(ONE, TWO)
    fail(machine, attempt_of(fail(machine, attempt)))
    (resolve,) = machine.retry_due()
    assert isinstance(resolve, Resolve)
    (connect,) = machine.resolved(resolve.attempt, (TWO, ONE))
    assert isinstance(connect, Connect)
    assert connect.service is TWO


def test_a_success_forgets_the_failed_rounds() -> None:
    machine = retrying()
    attempt = attempt_of(machine.retry_due())
    attempt = attempt_of(machine.resolved(attempt, (ONE,)))
    machine.opened(attempt, ONE)
    attempt = attempt_of(machine.lost(REFUSED))
    attempt = attempt_of(machine.resolved(attempt, (ONE,)))
    assert fail(machine, attempt) == [WaitUntil(102.0)]


def test_a_lost_connection_is_reported_and_made_again_at_once() -> None:
    machine = started()
    report, abandon, resolve = machine.lost(REFUSED)
    assert (report, abandon) == (Report(State.RETRYING, REFUSED), Abandon())
    assert isinstance(resolve, Resolve)
    assert machine.service is None


def connected_again(machine: ClientMachine, resolve: Effect) -> None:
    """Bring a machine that looks for its services back to `started`."""
    attempt = attempt_of(machine.resolved(attempt_of([resolve]), (ONE,)))
    machine.opened(attempt, ONE)


def test_connections_that_are_of_no_use_are_made_again_ever_more_slowly() -> None:
    machine = started()
    report, abandon, resolve = machine.lost_early(REFUSED, 100.0, 1.0)
    assert (report, abandon) == (Report(State.RETRYING, REFUSED), Abandon())
    waits = []
    for _ in range(3):
        connected_again(machine, resolve)
        report, abandon, wait = machine.lost_early(REFUSED, 100.0, 1.0)
        assert (report, abandon) == (Report(State.RETRYING, REFUSED), Abandon())
        waits.append(wait)
        (resolve,) = machine.retry_due()
    assert waits == [WaitUntil(102.0), WaitUntil(104.0), WaitUntil(108.0)]


def test_a_connection_that_was_of_use_forgets_those_that_were_not() -> None:
    machine = started()
    for _ in range(3):
        connected_again(machine, machine.lost_early(REFUSED, 100.0, 1.0)[-1])
        connected_again(machine, machine.lost(REFUSED)[-1])
    assert machine.state is State.STARTED


def test_a_stop_forgets_them_too() -> None:
    machine = started()
    connected_again(machine, machine.lost_early(REFUSED, 100.0, 1.0)[-1])
    machine.stop(None)
    machine.closed()
    machine.restart()
    connected_again(machine, machine.start(None)[-1])
    assert isinstance(machine.lost_early(REFUSED, 100.0, 1.0)[-1], Resolve)


def test_an_early_loss_for_a_reason_that_will_not_pass_stops() -> None:
    machine = started()
    machine.lost_early(REPLACED, 100.0, 1.0)
    assert machine.state is State.STOPPED


def test_a_client_is_stopped_for_good_when_every_stop_has_been_told() -> None:
    machine = stopping()
    machine.closed()
    machine.stop(on_stopped)
    assert not machine.told_stopped()
    assert machine.told_stopped()
    machine.stop(on_stopped)
    machine.start(None)
    assert not machine.told_stopped()


def test_on_started_is_for_starts_and_not_for_reconnections() -> None:
    machine = ClientMachine()
    attempt = attempt_of(machine.start(on_started))
    attempt = attempt_of(machine.resolved(attempt, (ONE,)))
    machine.opened(attempt, ONE)
    attempt = attempt_of(machine.lost(REFUSED))
    attempt = attempt_of(machine.resolved(attempt, (ONE,)))
    assert machine.opened(attempt, ONE) == [Report(State.STARTED, None), SettleIn()]


def test_on_started_is_told_even_if_it_took_retries() -> None:
    machine = ClientMachine()
    fail(machine, attempt_of(machine.start(on_started)))
    attempt = attempt_of(machine.retry_due())
    attempt = attempt_of(machine.resolved(attempt, (ONE,)))
    assert TellStarted((on_started,)) in machine.opened(attempt, ONE)


@pytest.mark.parametrize("state", [State.STARTING, State.RETRYING])
def test_a_start_while_connecting_is_remembered(state: State) -> None:
    machine = IN_STATE[state]()
    assert machine.start(on_started) == []
    attempt = attempt_of(machine.retry_due()) if state is State.RETRYING else 1
    attempt = attempt_of(machine.resolved(attempt, (ONE,)))
    assert TellStarted((on_started,)) in machine.opened(attempt, ONE)


def test_a_start_of_a_started_client_is_told_at_once_and_once() -> None:
    machine = started()
    assert machine.start(on_started) == [TellStarted((on_started,))]
    assert machine.start(None) == []


@pytest.mark.parametrize("state", [State.STARTING, State.STARTED, State.RETRYING])
def test_a_stop_finishes_first(state: State) -> None:
    machine = IN_STATE[state]()
    assert machine.stop(on_stopped) == [Report(State.STOPPING, None), Finish()]
    assert machine.service is None


def test_a_stop_ends_in_everything_failed_reported_and_told() -> None:
    machine = started()
    machine.stop(on_stopped)
    assert machine.closed() == [
        Abandon(),
        FailAll(),
        Report(State.STOPPED, None),
        TellStopped((on_stopped,), None),
        Restart(),
    ]
    assert machine.state is State.STOPPED


def test_all_who_stop_are_told_together_and_once() -> None:
    machine = started()
    machine.stop(on_stopped)
    assert machine.stop(on_stopped) == []
    assert told(machine.closed()) == TellStopped((on_stopped, on_stopped), None)
    assert machine.stop(on_stopped) == [TellStopped((on_stopped,), None)]


def test_stopping_a_stopped_client_forgets_the_error_it_stopped_with() -> None:
    machine = started()
    machine.lost(REPLACED)
    assert machine.stop(on_stopped) == [TellStopped((on_stopped,), None)]


def test_a_stop_overtakes_the_starts_before_it() -> None:
    machine, attempt = starting()
    machine.start(on_started)
    machine.stop(None)
    machine.closed()
    attempt = attempt_of(machine.start(None))
    attempt = attempt_of(machine.resolved(attempt, (ONE,)))
    assert machine.opened(attempt, ONE) == [Report(State.STARTED, None), SettleIn()]


def test_a_start_while_stopping_restarts_once_stopped() -> None:
    machine = stopping()
    assert machine.start(on_started) == []
    assert machine.closed() == [
        Abandon(),
        FailAll(),
        Report(State.STOPPED, None),
        TellStopped((), None),
        Restart(),
    ]
    assert machine.state is State.STOPPED
    effects = machine.restart()
    assert effects[0] == Report(State.STARTING, None)
    attempt = attempt_of(machine.resolved(attempt_of(effects), (ONE,)))
    assert machine.opened(attempt, ONE)[-1] == TellStarted((on_started,))


def test_without_a_start_nothing_begins_again() -> None:
    machine = stopped()
    assert machine.restart() == []
    assert machine.state is State.STOPPED


def test_a_restart_happens_once() -> None:
    machine = stopping()
    machine.start(None)
    machine.closed()
    machine.restart()
    machine.stop(None)
    machine.closed()
    assert machine.restart() == []


def test_a_stop_before_the_restart_prevents_it() -> None:
    machine = stopping()
    machine.start(on_started)
    machine.closed()
    assert machine.stop(on_stopped) == [TellStopped((on_stopped,), None)]
    assert machine.restart() == []


def test_a_stop_after_a_start_while_stopping_wins() -> None:
    machine = stopping()
    machine.start(on_started)
    machine.stop(None)
    machine.closed()
    assert machine.restart() == []


def test_a_restart_begins_with_short_waits_and_no_error() -> None:
    machine = retrying()
    machine.stop(None)
    machine.start(None)
    machine.closed()
    attempt = attempt_of(machine.restart())
    assert fail(machine, attempt) == [Report(State.RETRYING, REFUSED), WaitUntil(102.0)]


@pytest.mark.parametrize(
    "reach",
    [
        lambda error: fail(*starting(), error),
        lambda error: fail(*connecting(), error),
        lambda error: started().lost(error),
    ],
    ids=["finding the services out", "connecting", "connected"],
)
@pytest.mark.parametrize(
    "error",
    [REPLACED, SecurityError("no"), InvalidArgumentError("no URL"), TypeError("no URL")],
    ids=lambda error: type(error).__name__,
)
def test_a_fatal_error_stops_the_client(
    reach: Callable[[Exception], list[Effect]], error: Exception
) -> None:
    assert reach(error) == [
        Abandon(),
        FailAll(),
        Report(State.STOPPED, error),
        TellStopped((), error),
        Restart(),
    ]


def test_a_fatal_error_while_retrying_stops_the_client() -> None:
    machine = retrying()
    fail(machine, attempt_of(machine.retry_due()), REPLACED)
    assert machine.state is State.STOPPED


@pytest.mark.parametrize(
    "state", [State.STARTING, State.STARTED, State.RETRYING], ids=lambda state: state.value
)
def test_a_replaced_client_stops_with_the_error(state: State) -> None:
    machine = IN_STATE[state]()
    assert machine.replaced(REPLACED) == [
        Abandon(),
        FailAll(),
        Report(State.STOPPED, REPLACED),
        TellStopped((), REPLACED),
        Restart(),
    ]
    assert machine.replaced(REPLACED) == []


def test_a_replaced_client_that_is_stopping_goes_on_with_it() -> None:
    machine = started()
    machine.stop(on_stopped)
    assert machine.replaced(REPLACED) == []
    assert told(machine.closed()) == TellStopped((on_stopped,), None)
    assert machine.restart() == []


@pytest.mark.parametrize("closed_first", [False, True])
def test_a_replaced_client_that_was_to_start_again_says_so_and_is_stopped(
    *, closed_first: bool
) -> None:
    machine = stopping()
    machine.start(on_started)
    if closed_first:
        machine.closed()
        machine.replaced(REPLACED)
    else:
        machine.replaced(REPLACED)
        machine.closed()
    effects = machine.restart()
    assert [effect for effect in effects if isinstance(effect, Report)] == [
        Report(State.STARTING, None),
        Report(State.STOPPED, REPLACED),
    ]
    assert told(effects) == TellStopped((), REPLACED)
    assert machine.restart() == []
    attempt = attempt_of(machine.start(None))
    attempt = attempt_of(machine.resolved(attempt, (ONE,)))
    assert machine.opened(attempt, ONE) == [Report(State.STARTED, None), SettleIn()]


@pytest.mark.parametrize("call", ["start", "stop"])
def test_a_replacement_counts_for_no_later_start(call: str) -> None:
    machine = stopping()
    machine.start(None)
    machine.replaced(REPLACED)
    getattr(machine, call)(None)
    machine.start(None)
    machine.closed()
    assert isinstance(machine.restart()[-1], Resolve)
    assert machine.state is State.STARTING


def test_a_start_that_fails_for_good_is_forgotten() -> None:
    machine = ClientMachine()
    fail(machine, attempt_of(machine.start(on_started)), REPLACED)
    attempt = attempt_of(machine.start(None))
    attempt = attempt_of(machine.resolved(attempt, (ONE,)))
    assert machine.opened(attempt, ONE) == [Report(State.STARTED, None), SettleIn()]


@pytest.mark.parametrize("error", [REFUSED, REPLACED], ids=lambda error: type(error).__name__)
def test_a_connection_that_ends_while_stopping_is_the_end_with_its_error(error: Exception) -> None:
    machine = started()
    machine.stop(on_stopped)
    assert machine.lost(error) == [
        Abandon(),
        FailAll(),
        Report(State.STOPPED, error),
        TellStopped((on_stopped,), error),
        Restart(),
    ]


def test_a_callback_that_raised_is_the_error_of_the_stop() -> None:
    machine = started()
    raised = ValueError("raised by on_message")
    assert machine.stop(None, raised) == [Report(State.STOPPING, raised), Finish()]
    effects = machine.closed()
    assert Report(State.STOPPED, raised) in effects
    assert told(effects) == TellStopped((), raised)


def test_a_callback_that_raises_while_stopping_is_the_error_of_the_stop() -> None:
    machine = stopping()
    raised = ValueError("raised by on_sent")
    assert machine.stop(None, raised) == []
    assert told(machine.closed()) == TellStopped((), raised)


def test_a_stop_by_the_application_has_no_error_of_the_past() -> None:
    machine = retrying()
    machine.stop(None)
    assert told(machine.closed()) == TellStopped((), None)


def test_late_services_are_ignored() -> None:
    machine, attempt = starting()
    machine.stop(None)
    machine.closed()
    machine.start(None)
    assert machine.resolved(attempt, (ONE,)) == []
    assert machine.state is State.STARTING


def test_a_second_answer_about_an_attempt_is_ignored() -> None:
    machine, attempt = starting()
    machine.resolved(attempt, (ONE, TWO))
    assert machine.resolved(attempt, (TWO,)) == []
    assert fail(machine, attempt) == []


def test_a_late_failure_of_an_attempt_is_ignored() -> None:
    machine, attempt = connecting(ONE, TWO)
    fail(machine, attempt)
    assert fail(machine, attempt, REPLACED) == []
    assert machine.opened(attempt, ONE) == []
    assert machine.state is State.STARTING


@pytest.mark.parametrize(
    "state", [State.STARTED, State.STOPPING, State.STOPPED], ids=lambda state: state.value
)
def test_reports_of_attempts_are_ignored_when_nothing_is_attempted(state: State) -> None:
    for attempt in range(10):
        machine = IN_STATE[state]()
        assert machine.resolved(attempt, (ONE,)) == []
        assert machine.opened(attempt, ONE) == []
        assert fail(machine, attempt) == []
        assert machine.state is state


@pytest.mark.parametrize(
    ("state", "report"),
    [
        (State.STOPPED, ClientMachine.closed),
        (State.STOPPED, ClientMachine.retry_due),
        (State.STOPPED, lambda machine: machine.lost(REFUSED)),
        (State.STOPPED, lambda machine: machine.lost_early(REFUSED, 100.0, 1.0)),
        (State.STARTING, ClientMachine.closed),
        (State.STARTING, ClientMachine.retry_due),
        (State.STARTING, lambda machine: machine.lost(REFUSED)),
        (State.STARTED, ClientMachine.closed),
        (State.STARTED, ClientMachine.retry_due),
        (State.RETRYING, ClientMachine.closed),
        (State.RETRYING, lambda machine: machine.lost(REFUSED)),
        (State.RETRYING, lambda machine: machine.lost_early(REFUSED, 100.0, 1.0)),
        (State.STOPPING, ClientMachine.retry_due),
    ],
)
def test_late_news_changes_nothing(
    state: State, report: Callable[[ClientMachine], list[Effect]]
) -> None:
    machine = IN_STATE[state]()
    assert report(machine) == []
    assert machine.state is state


def test_what_no_table_knows_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_module, "IGNORED", frozenset())
    with pytest.raises(InternalError, match="no rule for CLOSED in state stopped"):
        stopped().closed()


def test_a_wait_that_ends_while_an_attempt_is_under_way_begins_no_other() -> None:
    machine = retrying()
    attempt = attempt_of(machine.retry_due())
    assert machine.retry_due() == []
    assert isinstance(machine.resolved(attempt, (ONE,))[0], Connect)


def test_an_attempt_under_way_goes_on_after_a_stop() -> None:
    machine, attempt = starting()
    machine.stop(None)
    attempt = attempt_of(machine.resolved(attempt, (ONE, TWO)))
    (connect,) = fail(machine, attempt)
    assert isinstance(connect, Connect)
    assert machine.opened(connect.attempt, TWO) == [SettleIn()]
    assert machine.state is State.STOPPING
    assert machine.service is None


def test_when_it_fails_the_client_is_stopped() -> None:
    machine, attempt = connecting()
    machine.stop(on_stopped)
    assert fail(machine, attempt) == [
        Abandon(),
        FailAll(),
        Report(State.STOPPED, None),
        TellStopped((on_stopped,), None),
        Restart(),
    ]
