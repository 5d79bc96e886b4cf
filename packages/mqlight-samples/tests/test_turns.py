"""Whose turn it is."""

from __future__ import annotations

from itertools import repeat

from mqlight_samples._turns import Turns


def test_each_has_a_turn_after_a_pause_and_again_after_another() -> None:
    pauses = iter([3.0, 1.0, 2.0, 5.0, 4.0, 1.0])
    turns = Turns("abc", lambda: next(pauses), now=100.0)

    assert turns.wait(100.0) == 1
    assert turns.take(101.0) == "b"
    assert turns.wait(101.0) == 1
    assert turns.take(102.0) == "c"
    assert turns.wait(102.5) == 0.5
    assert turns.take(103.0) == "a"


def test_a_turn_that_is_late_is_due_at_once() -> None:
    turns = Turns("a", lambda: 1.0, now=0.0)

    assert turns.wait(5.0) == 0
    turns.take(5.0)
    assert turns.wait(5.0) == 1


def test_those_with_equal_pauses_take_turns() -> None:
    turns = Turns("abc", repeat(1.0).__next__, now=0.0)

    assert [turns.take(now) for now in (1, 2, 3, 4, 5, 6)] == list("abcabc")
