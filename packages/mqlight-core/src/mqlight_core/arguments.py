"""Validation of options by pydantic models, with the documented exceptions instead of pydantic's.

A model says which options there are; each field carries the exception and the message that the
documentation promises for it::

    class SubscribeOptions(Arguments):
        qos: Annotated[
            int,
            Field(ge=0, le=1),
            Reported(RangeError, "{name} value {value} is not 0 or 1", RangeTypeError),
        ] = 0
        auto_confirm: Annotated[
            bool, Reported(TypeError, "{name} must be True or False, not {value}")
        ] = True

    validate(SubscribeOptions, "options", {"qos": 2})
    # RangeError: options['qos'] value 2 is not 0 or 1

Models are strict: True is not a qos, 1.0 and "1" are not either. Never use a `Literal` of ints: it
accepts True even so. The first problem in the order of the fields is the one reported, so that
order is the documented order of the checks. This is the one module that loads pydantic.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from mqlight_core.errors import InvalidArgumentError, MQLightError, RangeError
from mqlight_core.redact import describe_value, redact_options

__all__ = ["Arguments", "Reported", "unknown_names", "validate"]


@dataclass(frozen=True, slots=True)
class Reported:
    """The documented exception that a rejected value becomes, with its message.

    The message may hold ``{name}`` (of the argument: ``options['qos']``), ``{value}`` (shortened;
    hidden where `redact_options` hides it), ``{type}`` (the value's) and ``{reason}`` (pydantic's,
    or the text of a ValueError that a validator of the field raised).
    """

    error: type[Exception]
    message: str
    wrong_kind: type[Exception] | None = None
    """The exception for a value of a wrong type; None: `error` as well."""


class Arguments(BaseModel):
    """The base of every model of options: strict, frozen, and reporting documented exceptions.

    A subclass is made by `validate`, or by its constructor with keyword arguments; both raise what
    its fields report. A validator of a field, or of the whole model, may raise an `MQLightError`
    or TypeError itself: it arrives as it is.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        strict=True, frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False
    )

    reported_unknown: ClassVar[Reported | None] = None
    """What an unknown name is refused with; None: unknown names are ignored."""

    def __init__(self, prefix: str = "", /, **values: object) -> None:
        """Validate `values`; `prefix` is for `validate`, which names options by it."""
        _refuse_unknown(type(self), prefix, values)
        try:
            super().__init__(**values)
        except ValidationError as error:
            problem = _documented(type(self), prefix, values, error)
        else:
            return
        # Outside the except block, so that no chained ValidationError shows what it keeps: secrets.
        raise problem


_UNREPORTED = "{name} value {value} is invalid: {reason}"
# pydantic's names for what is wrong (pydantic_core.core_schema.ErrorType).
_WRONG_KIND = re.compile(r"_type$|^is_(instance|subclass)_of$|^missing|^none_required$")
_OUT_OF_BOUNDS = re.compile(r"^(greater|less)_than|^multiple_of$|^finite_number$")

ModelT = TypeVar("ModelT", bound=Arguments)


def validate(model: type[ModelT], prefix: str, values: object) -> ModelT:
    """Make a `model` of `values`, which a caller gave for the argument called `prefix`.

    Args:
        model: which names there are, and what their values may be.
        prefix: the argument's name, as in ``options``; fields are called ``options['qos']``. Where
            it is empty they go by their own names.
        values: a mapping, None (every field has its default) or a `model` already.

    Raises:
        TypeError: `values` is something else.
        Exception: a value is refused: what its field reports; where it reports nothing, TypeError
            for a wrong type, RangeError for a number out of bounds, else InvalidArgumentError.
    """
    if isinstance(values, model):
        return values
    if values is None:
        values = {}
    if not isinstance(values, Mapping):
        message = f"{prefix or model.__name__} must be a dict, not {type(values).__name__}"
        raise TypeError(message)
    _refuse_unknown(model, prefix, values)
    return model(prefix, **{name: values[name] for name in model.model_fields if name in values})


def unknown_names(model: type[Arguments], values: object) -> tuple[str, ...]:
    """Return the names in a mapping that `model` does not have, in its order; else nothing.

    For the warning about options that are ignored. A key that is not a str is shown by its `repr`.
    """
    if not isinstance(values, Mapping):
        return ()
    return tuple(
        name if isinstance(name, str) else describe_value(name)
        for name in values
        if not (isinstance(name, str) and name in model.model_fields)
    )


def _refuse_unknown(model: type[Arguments], prefix: str, values: Mapping[Any, object]) -> None:
    if model.reported_unknown is None:
        return
    name = next(iter(unknown_names(model, values)), None)
    if name is not None:
        raise _problem(model.reported_unknown, prefix, name, values.get(name), "unknown name")


def _documented(
    model: type[Arguments], prefix: str, values: Mapping[str, object], error: ValidationError
) -> Exception:
    """Turn the first problem that pydantic found into the exception that is documented for it."""
    first = error.errors(include_url=False)[0]
    raised = first.get("ctx", {}).get("error")
    if isinstance(raised, MQLightError):
        return raised
    reason = str(raised) if isinstance(raised, Exception) else first["msg"]
    if not first["loc"]:
        return InvalidArgumentError(f"{prefix or model.__name__} is invalid: {reason}")
    name = str(first["loc"][0])
    wrong_kind = bool(_WRONG_KIND.search(first["type"]))
    reported = _report_of(model, name, first["type"])
    if wrong_kind and reported.wrong_kind is not None:
        reported = Reported(reported.wrong_kind, reported.message)
    return _problem(reported, prefix, name, values.get(name), reason)


def _report_of(model: type[Arguments], name: str, kind: str) -> Reported:
    for mark in model.model_fields[name].metadata:
        if isinstance(mark, Reported):
            return mark
    if _WRONG_KIND.search(kind):
        return Reported(TypeError, _UNREPORTED)
    if _OUT_OF_BOUNDS.search(kind):
        return Reported(RangeError, _UNREPORTED)
    return Reported(InvalidArgumentError, _UNREPORTED)


def _problem(reported: Reported, prefix: str, name: str, value: object, reason: str) -> Exception:
    message = reported.message.format(
        name=f"{prefix}[{name!r}]" if prefix else name,
        value=describe_value(redact_options({name: value})[name]),
        type=type(value).__name__,
        reason=reason,
    )
    return reported.error(message)
