from __future__ import annotations

from itertools import product

import pytest

from mqlight._machine.states import IGNORED, TRANSITIONS, Action, Event, State

PAIRS = list(product(State, Event))
ENDING = (Action.FAIL_ALL, Action.TELL_STOPPED, Action.RESTART)


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State.STARTING, "starting"),
        (State.STARTED, "started"),
        (State.STOPPING, "stopping"),
        (State.STOPPED, "stopped"),
        (State.RETRYING, "retrying"),
    ],
)
def test_a_state_is_the_documented_word(state: State, word: str) -> None:
    assert state == word
    assert str(state) == word


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_event_has_one_rule_in_every_state(state: State, event: Event) -> None:
    assert ((state, event) in TRANSITIONS) != ((state, event) in IGNORED)


def test_the_tables_name_nothing_else() -> None:
    assert TRANSITIONS.keys() | IGNORED == set(PAIRS)


@pytest.mark.parametrize(
    ("state", "event", "follows"),
    [
        (State.STOPPED, Event.START, State.STARTING),
        (State.STARTING, Event.OPENED, State.STARTED),
        (State.STARTING, Event.EXHAUSTED, State.RETRYING),
        (State.STARTING, Event.FATAL, State.STOPPED),
        (State.STARTING, Event.STOP, State.STOPPING),
        (State.STARTED, Event.LOST, State.RETRYING),
        (State.STARTED, Event.LOST_AGAIN, State.RETRYING),
        (State.STARTED, Event.FATAL, State.STOPPED),
        (State.STARTED, Event.STOP, State.STOPPING),
        (State.RETRYING, Event.OPENED, State.STARTED),
        (State.RETRYING, Event.FATAL, State.STOPPED),
        (State.RETRYING, Event.STOP, State.STOPPING),
        (State.STOPPING, Event.CLOSED, State.STOPPED),
        (State.STOPPING, Event.LOST, State.STOPPED),
        (State.STOPPING, Event.LOST_AGAIN, State.STOPPED),
        (State.STOPPING, Event.FATAL, State.STOPPED),
    ],
)
def test_the_changes_of_state_are_those_of_the_diagram(
    state: State, event: Event, follows: State
) -> None:
    assert TRANSITIONS[state, event].state is follows


def test_there_are_no_other_changes_of_state() -> None:
    changes = [pair for pair, transition in TRANSITIONS.items() if transition.state is not pair[0]]
    assert len(changes) == 16


@pytest.mark.parametrize("pair", TRANSITIONS)
def test_whatever_stops_a_client_ends_everything_in_order(pair: tuple[State, Event]) -> None:
    transition = TRANSITIONS[pair]
    if pair[0] is not State.STOPPED and transition.state is State.STOPPED:
        assert transition.actions == (Action.ABANDON, *ENDING)
    elif pair != (State.STOPPED, Event.STOP):
        assert not set(ENDING) & set(transition.actions)


@pytest.mark.parametrize("state", [State.STARTING, State.RETRYING])
def test_an_opened_connection_settles_in_before_on_started(state: State) -> None:
    assert TRANSITIONS[state, Event.OPENED].actions == (Action.SETTLE_IN, Action.TELL_STARTED)


@pytest.mark.parametrize("state", [State.STARTING, State.STARTED, State.RETRYING])
def test_a_stop_finishes_what_is_accepted(state: State) -> None:
    assert TRANSITIONS[state, Event.STOP].actions == (Action.FINISH,)


def test_a_lost_connection_is_given_up_and_tried_again_at_once() -> None:
    lost = TRANSITIONS[State.STARTED, Event.LOST]
    assert lost.actions == (Action.ABANDON, Action.RESOLVE)


@pytest.mark.parametrize("state", [State.STARTING, State.RETRYING])
def test_a_failed_round_is_followed_by_a_wait(state: State) -> None:
    assert TRANSITIONS[state, Event.EXHAUSTED].actions == (Action.WAIT,)


def test_a_round_begins_with_asking_for_the_services() -> None:
    assert TRANSITIONS[State.STOPPED, Event.START].actions == (Action.RESOLVE,)
    assert TRANSITIONS[State.RETRYING, Event.RETRY_DUE].actions == (Action.RESOLVE,)


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        (State.STARTING, ()),
        (State.RETRYING, ()),
        (State.STOPPING, ()),
        (State.STARTED, (Action.TELL_STARTED,)),
    ],
)
def test_a_start_out_of_season_changes_nothing(state: State, actions: tuple[Action, ...]) -> None:
    assert TRANSITIONS[state, Event.START] == (state, actions)


def test_a_stop_of_a_stopped_client_only_tells() -> None:
    assert TRANSITIONS[State.STOPPED, Event.STOP] == (State.STOPPED, (Action.TELL_STOPPED,))
    assert TRANSITIONS[State.STOPPING, Event.STOP] == (State.STOPPING, ())
