from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight._machine.backoff import LONGEST, delay


@pytest.mark.parametrize(
    ("failed_rounds", "shortest", "longest"),
    [
        (1, 1.5, 2.0),
        (2, 3.0, 4.0),
        (3, 6.0, 8.0),
        (4, 12.0, 16.0),
        (5, 24.0, 32.0),
        (6, 48.0, 60.0),
        (7, 60.0, 60.0),
        (8, 60.0, 60.0),
        (1000, 60.0, 60.0),
    ],
)
def test_each_wait_is_about_twice_the_one_before(
    failed_rounds: int, shortest: float, longest: float
) -> None:
    assert delay(failed_rounds, 0.0) == shortest
    assert delay(failed_rounds, 1.0) == longest


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_wait_lies_between_its_bounds(failed_rounds: int, random: float) -> None:
    wait = delay(failed_rounds, random)
    assert delay(failed_rounds, 0.0) <= wait <= delay(failed_rounds, 1.0) <= LONGEST
