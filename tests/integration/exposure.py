"""All that can be seen of an error, of a record of the log, and of an object: what tools print."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from collections.abc import Iterator, Mapping
from functools import partial
from types import MethodType

from pydantic import SecretStr

_LEAVES = (str, bytes, bytearray, int, float, type(None), SecretStr)
"""What is not looked into; pydantic's `SecretStr` is there to be asked by name."""
_OURS = "mqlight"


def of_error(error: BaseException) -> Iterator[object]:
    """Return what is shown of an error and of all that it is chained to or made of."""
    yield "".join(traceback.format_exception(error))
    for one in _chain(error, []):
        yield from (str(one), repr(one), repr(one.args), repr(vars(one)))
        yield getattr(one, "__notes__", "")
        yield _pickled(one)


def of_record(record: logging.LogRecord) -> Iterator[object]:
    """Return what handlers may show of a record."""
    yield logging.Formatter().format(record)
    yield repr(vars(record))


def of_object(root: object) -> Iterator[object]:
    """Return what is shown of an object of ours and of all objects that it leads to.

    A str that is an attribute in a slot is shown by nobody who does not ask for it by name; one in
    a `__dict__` or a container is.
    """
    for one in _reachable(root):
        yield from (repr(one), str(one), f"{one}")
        yield getattr(one, "__dict__", "")
        if type(one).__module__.startswith(_OURS):
            yield _pickled(one)
            yield _copied(one)


def _chain(error: BaseException | None, seen: list[BaseException]) -> list[BaseException]:
    if error is not None and error not in seen:
        seen.append(error)
        inside = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
        for one in (error.__cause__, error.__context__, *inside):
            _chain(one, seen)
    return seen


def _pickled(one: object) -> object:
    try:
        return pickle.dumps(one)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is all that comes out
        return "".join(traceback.format_exception(error))


def _copied(one: object) -> object:
    try:
        return copy.copy(one)
    except TypeError as error:
        return str(error)


def _reachable(root: object) -> Iterator[object]:
    waiting, seen = [root], {id(root): root}
    while waiting:
        one = waiting.pop()
        yield one
        for found in _attributes(one):
            if id(found) not in seen and not isinstance(found, _LEAVES):
                seen[id(found)] = found
                waiting.append(found)


def _attributes(one: object) -> Iterator[object]:
    if isinstance(one, Mapping):
        yield from one.values()
    elif isinstance(one, list | tuple | set | frozenset):
        yield from one
    elif isinstance(one, MethodType):
        yield one.__self__
    elif isinstance(one, partial):
        yield from (one.func, *one.args)
    elif type(one).__module__.startswith(_OURS):
        yield from getattr(one, "__dict__", {}).values()
        for kind in type(one).__mro__:
            slots = kind.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                yield getattr(one, name, None)
