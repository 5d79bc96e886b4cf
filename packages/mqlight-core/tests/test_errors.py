from __future__ import annotations

import pickle

import pytest

import mqlight_core
from mqlight_core import errors

DOCUMENTED = [getattr(errors, name) for name in errors.__all__]
DOUBLES = [errors.InvalidArgumentTypeError, errors.RangeTypeError]


@pytest.mark.parametrize("error", DOCUMENTED + DOUBLES)
def test_every_exception_is_an_mqlight_error(error: type[Exception]) -> None:
    assert issubclass(error, errors.MQLightError)


@pytest.mark.parametrize("error", DOCUMENTED)
def test_the_package_exports_the_same_objects(error: type[Exception]) -> None:
    assert getattr(mqlight_core, error.__name__) is error
    assert error.__name__ in mqlight_core.__all__


@pytest.mark.parametrize("error", [errors.InvalidArgumentError, errors.RangeError])
def test_an_argument_error_is_a_value_error(error: type[Exception]) -> None:
    assert issubclass(error, ValueError)
    assert not issubclass(error, TypeError)


@pytest.mark.parametrize(
    ("double", "documented"),
    [
        (errors.InvalidArgumentTypeError, errors.InvalidArgumentError),
        (errors.RangeTypeError, errors.RangeError),
    ],
)
def test_a_private_double_is_the_documented_error_and_a_type_error(
    double: type[Exception], documented: type[Exception]
) -> None:
    assert issubclass(double, documented)
    assert issubclass(double, TypeError)
    assert double.__name__ not in errors.__all__
    assert double.__name__ not in mqlight_core.__all__


@pytest.mark.parametrize("error", DOCUMENTED + DOUBLES)
def test_an_exception_survives_pickling(error: type[Exception]) -> None:
    copy = pickle.loads(pickle.dumps(error("why")))  # noqa: S301 - made here
    assert type(copy) is error
    assert str(copy) == "why"
