from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass

import pytest

from mqlight_core.secret import HoldsSecret


@dataclass(frozen=True, slots=True)
class Login(HoldsSecret):
    user: str
    password: str


LOGIN = Login("ann", "S3CRET")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_and_does_not_show_it(protocol: int) -> None:
    with pytest.raises(TypeError, match="Login cannot be pickled") as caught:
        pickle.dumps(LOGIN, protocol)
    assert "S3CRET" not in str(caught.value)


def test_a_copy_is_the_value_itself() -> None:
    assert copy.copy(LOGIN) is LOGIN
    assert copy.deepcopy({"login": [LOGIN]})["login"][0] is LOGIN


def test_it_adds_no_dict_to_values_with_slots() -> None:
    assert not hasattr(LOGIN, "__dict__")
