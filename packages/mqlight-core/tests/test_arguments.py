from __future__ import annotations

import pickle
from types import MappingProxyType
from typing import Annotated, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field, PlainValidator, SecretStr, model_validator

from mqlight_core import (
    Arguments,
    InvalidArgumentError,
    MQLightError,
    RangeError,
    Reported,
    unknown_names,
    validate,
)
from mqlight_core.errors import InvalidArgumentTypeError, RangeTypeError


def no_seven(value: int) -> int:
    if value == 7:
        message = "seven is taken"
        raise ValueError(message)
    if value == 8:
        message = "eight is not documented"
        raise InvalidArgumentError(message)
    return value


def not_none(value: object) -> object:
    if value is None:
        message = "payload must not be None"
        raise TypeError(message)
    return value


class Options(Arguments):
    qos: Annotated[
        int,
        Field(ge=0, le=1),
        Reported(RangeError, "{name} value {value} is not 0 or 1", RangeTypeError),
    ] = 0
    credit: Annotated[int, Field(ge=0)] = 1024
    ratio: Annotated[float, Field(lt=1)] = 0.5
    number: Annotated[
        int, AfterValidator(no_seven), Reported(RangeError, "{name} is bad: {reason} ({type})")
    ] = 0
    word: Annotated[str, Field(min_length=1)] = "word"
    password: Annotated[SecretStr, Reported(TypeError, "{name} cannot be {value}")] = SecretStr("")
    payload: Annotated[object, PlainValidator(not_none)] = ""
    words: dict[str, str] | None = None

    @model_validator(mode="after")
    def _check(self) -> Options:
        if self.qos and not self.credit:
            message = "qos 1 needs credit"
            raise ValueError(message)
        if self.word == self.payload:
            message = "word is the payload"
            raise RangeError(message)
        return self


class StrictOptions(Arguments):
    reported_unknown: ClassVar[Reported] = Reported(InvalidArgumentError, "{name} is unknown")

    self: int = 0
    prefix: int = 0
    needed: int


def error_of(values: object, model: type[Arguments] = Options) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the callers look at it
        validate(model, "options", values)
    error = caught.value
    assert isinstance(error, MQLightError | TypeError)
    assert error.__context__ is None
    assert error.__cause__ is None
    return error


def test_values_become_a_model() -> None:
    options = validate(Options, "options", {"qos": 1, "credit": 10, "payload": b"x"})
    assert (options.qos, options.credit, options.ratio, options.payload) == (1, 10, 0.5, b"x")


@pytest.mark.parametrize("values", [None, {}, MappingProxyType({})])
def test_no_values_are_the_defaults(values: object) -> None:
    assert validate(Options, "options", values) == Options()


def test_a_model_is_taken_as_it_is() -> None:
    options = Options(qos=1)
    assert validate(Options, "options", options) is options


@pytest.mark.parametrize("values", [[], "qos", 1, [("qos", 1)], StrictOptions(needed=1)])
def test_anything_but_a_dict_is_a_type_error(values: object) -> None:
    error = error_of(values)
    assert type(error) is TypeError
    assert str(error) == f"options must be a dict, not {type(values).__name__}"


@pytest.mark.parametrize("qos", [-1, 2, 10**30])
def test_a_wrong_value_is_what_its_field_reports(qos: int) -> None:
    error = error_of({"qos": qos})
    assert type(error) is RangeError
    assert str(error) == f"options['qos'] value {qos} is not 0 or 1"


@pytest.mark.parametrize("qos", [True, 1.0, "1", None, [1]])
def test_a_wrong_kind_is_the_error_for_kinds(qos: object) -> None:
    error = error_of({"qos": qos})
    assert type(error) is RangeTypeError
    assert str(error) == f"options['qos'] value {qos!r} is not 0 or 1"


def test_without_an_error_for_kinds_a_wrong_kind_is_the_error_for_values() -> None:
    error = error_of({"number": "1"})
    assert type(error) is RangeError
    assert str(error).startswith("options['number'] is bad: ")
    assert str(error).endswith("(str)")


def test_without_a_prefix_a_field_goes_by_its_own_name() -> None:
    with pytest.raises(RangeError, match=r"^qos value 2"):
        validate(Options, "", {"qos": 2})


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"credit": "1"}, TypeError),
        ({"credit": True}, TypeError),
        ({"credit": -1}, RangeError),
        ({"ratio": 1.0}, RangeError),
        ({"ratio": float("nan")}, RangeError),
        ({"word": ""}, InvalidArgumentError),
        ({"word": b"x"}, TypeError),
        ({"words": []}, TypeError),
        ({"words": {"a": 1}}, TypeError),
    ],
)
def test_a_field_that_reports_nothing_follows_the_general_rule(
    values: dict[str, object], error: type[Exception]
) -> None:
    (name,) = values
    raised = error_of(values)
    assert type(raised) is error
    assert str(raised).startswith(f"options[{name!r}] value ")


def test_the_first_problem_in_the_order_of_the_fields_is_reported() -> None:
    assert "options['qos']" in str(error_of({"credit": -1, "qos": 2}))


def test_a_value_error_of_a_validator_is_the_reason() -> None:
    error = error_of({"number": 7})
    assert type(error) is RangeError
    assert str(error) == "options['number'] is bad: seven is taken (int)"


def test_a_documented_error_of_a_validator_arrives_as_it_is() -> None:
    error = error_of({"number": 8})
    assert type(error) is InvalidArgumentError
    assert str(error) == "eight is not documented"


def test_a_type_error_of_a_validator_arrives_as_it_is() -> None:
    error = error_of({"payload": None})
    assert type(error) is TypeError
    assert str(error) == "payload must not be None"


def test_a_problem_of_the_whole_model_is_an_invalid_argument() -> None:
    error = error_of({"qos": 1, "credit": 0})
    assert type(error) is InvalidArgumentError
    assert str(error) == "options is invalid: qos 1 needs credit"


def test_a_documented_error_of_the_whole_model_arrives_as_it_is() -> None:
    error = error_of({"word": "x", "payload": "x"})
    assert type(error) is RangeError
    assert str(error) == "word is the payload"


def test_a_secret_is_never_in_a_message() -> None:
    error = error_of({"password": b"S3CRET"})
    assert str(error) == "options['password'] cannot be '********'"


def test_a_value_that_cannot_be_written_out_is_still_reported() -> None:
    assert str(error_of({"qos": 10**5000})) == "options['qos'] value <int> is not 0 or 1"


def test_unknown_names_are_ignored_unless_the_model_reports_them() -> None:
    assert validate(Options, "options", {"qso": 1, 2: 3}) == Options()


@pytest.mark.parametrize(("name", "shown"), [("neded", "'neded'"), (2, "'2'")])
def test_a_model_may_report_unknown_names(name: object, shown: str) -> None:
    error = error_of({"needed": 1, name: 1}, StrictOptions)
    assert type(error) is InvalidArgumentError
    assert str(error) == f"options[{shown}] is unknown"


def test_a_missing_value_is_a_type_error() -> None:
    error = error_of({}, StrictOptions)
    assert type(error) is TypeError
    assert "options['needed']" in str(error)


def test_no_name_of_a_field_gets_in_the_way() -> None:
    options = validate(StrictOptions, "options", {"self": 1, "prefix": 2, "needed": 3})
    assert options.model_dump() == {"self": 1, "prefix": 2, "needed": 3}


def test_the_constructor_reports_the_same_errors() -> None:
    with pytest.raises(RangeError, match=r"^qos value 2 is not 0 or 1$") as caught:
        Options(qos=2)
    assert caught.value.__context__ is None
    misspelt = {"needed": 1, "neded": 1}
    with pytest.raises(InvalidArgumentError, match=r"^neded is unknown$"):
        StrictOptions(**misspelt)
    with pytest.raises(InvalidArgumentError, match=r"^Options is invalid: qos 1 needs credit$"):
        Options(qos=1, credit=0)


def test_a_model_is_a_frozen_value() -> None:
    options = Options(qos=1)
    assert options == Options(qos=1)
    assert pickle.loads(pickle.dumps(options)) == options  # noqa: S301 - made here
    for name in Options.model_fields:
        with pytest.raises(ValueError, match="frozen"):
            setattr(options, name, getattr(options, name))


def test_unknown_names_are_told_in_the_order_given() -> None:
    assert unknown_names(Options, {"b": 1, "qos": 1, "a": 1, 3: 1, None: 1}) == (
        "b",
        "a",
        "3",
        "None",
    )


@pytest.mark.parametrize("values", [None, [], "qos", Options()])
def test_what_is_not_a_mapping_has_no_unknown_names(values: object) -> None:
    assert unknown_names(Options, values) == ()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=5,
)


@given(
    anything
    | st.dictionaries(st.sampled_from(list(Options.model_fields)) | st.integers(), anything),
)
def test_every_input_is_a_model_or_a_documented_error(values: object) -> None:
    try:
        options = validate(Options, "options", values)
    except (InvalidArgumentError, RangeError, TypeError) as error:
        assert type(error) in {  # noqa: PT017 - valid input occurs too
            InvalidArgumentError,
            InvalidArgumentTypeError,
            RangeError,
            RangeTypeError,
            TypeError,
        }
    else:
        assert isinstance(options, Options)
