"""Is this a function that can be called back with so many arguments? Asked at every send.

Everything that a code object tells is read from it, which takes less time than to look up what was
found out before; so functions made for each call (closures, lambdas, partials) cost no more than
one that is used again. Only what has no code object goes through `inspect`.
"""

from __future__ import annotations

import functools
import inspect
from types import FunctionType, MethodType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["callback_problem", "check_callback"]

_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_ASYNC_PROBLEM = "must not be 'async def', which only mqlight.aio can await"
# New in Python 3.14: an argument that a partial leaves open.
_PLACEHOLDER: object = getattr(functools, "Placeholder", object())


def check_callback(name: str, callback: object, parameters: int) -> None:
    """Refuse a callback that could not be called with `parameters` positional arguments.

    None is allowed: there is no callback. `name` is the argument's name, for the message.

    Raises:
        TypeError: `callback` is not callable, is `async def`, or takes another number of arguments.
    """
    if callback is None or (type(callback) is FunctionType and _fits(callback, parameters)):
        return
    problem = callback_problem(callback, parameters)
    if problem is not None:
        message = f"{name} {problem}"
        raise TypeError(message)


def callback_problem(callback: object, parameters: int) -> str | None:
    """Say why `callback` cannot be called with `parameters` positional arguments: "must be ...".

    None means that it can, or that it does not tell (some built-in functions have no signature).
    """
    if not callable(callback):
        return f"must be a function, not {type(callback).__name__}"
    if _is_async(callback):
        return _ASYNC_PROBLEM
    if _takes(callback, parameters):
        return None
    plural = "argument" if parameters == 1 else "arguments"
    return f"must be a function that can be called with {parameters} {plural}"


def _is_async(callback: object) -> bool:
    if type(callback) is FunctionType:
        return bool(callback.__code__.co_flags & _ASYNC)
    if type(callback) is MethodType:
        return _is_async(callback.__func__)
    if isinstance(callback, functools.partial):
        return _is_async(callback.func)
    called = getattr(type(callback), "__call__", None)  # noqa: B004 - an object's class is called
    if type(called) is FunctionType and _is_async(called):
        return True
    try:
        return inspect.iscoroutinefunction(callback)  # what says so in its own way
    except TypeError:  # a mock that pretends to be a function
        return False


def _fits(function: FunctionType, given: int) -> bool:
    """Tell whether a function is of the usual kind, and takes so many arguments."""
    code = function.__code__
    most = code.co_argcount
    return (
        most - len(function.__defaults__ or ()) <= given <= most
        and not code.co_kwonlyargcount
        and not code.co_flags & _ASYNC
    )


def _takes(callback: Callable[..., object], given: int, keywords: Collection[str] = ()) -> bool:
    """Tell whether `callback` can be called with so many arguments by position, these by name."""
    if type(callback) is FunctionType:
        return (not keywords and _fits(callback, given)) or _function_takes(
            callback, given, keywords
        )
    if type(callback) is MethodType:
        return _takes(callback.__func__, given + 1, keywords)
    if isinstance(callback, functools.partial):
        if all(argument is not _PLACEHOLDER for argument in callback.args):
            named = {*callback.keywords, *keywords}
            return _takes(callback.func, given + len(callback.args), named)
    elif type(callback).__dict__.keys() & {"__call__", "__signature__"} == {"__call__"}:
        called = type(callback).__dict__["__call__"]
        if type(called) is FunctionType and not _says_otherwise(callback):
            return _takes(called, given + 1, keywords)
    return _binds(callback, given, keywords)


def _says_otherwise(callback: object) -> bool:
    """Tell whether an object has a signature of its own, as mocks may."""
    return "__signature__" in getattr(callback, "__dict__", ())


def _function_takes(function: FunctionType, given: int, keywords: Collection[str]) -> bool:
    """The rules of calls (Python's reference, 6.3.4) for a code object."""
    code = function.__code__
    most, flags = code.co_argcount, code.co_flags
    if given > most and not flags & inspect.CO_VARARGS:
        return False
    names = code.co_varnames[: most + code.co_kwonlyargcount]
    filled = min(given, most)
    by_name = names[max(filled, code.co_posonlyargcount) :]
    for keyword in keywords:
        if keyword in names[code.co_posonlyargcount : filled]:
            return False
        if keyword not in by_name and not flags & inspect.CO_VARKEYWORDS:
            return False
    defaults, named_defaults = function.__defaults__ or (), function.__kwdefaults__ or {}
    required = names[filled : most - len(defaults)]
    required += tuple(name for name in names[most:] if name not in named_defaults)
    return all(name in keywords and name in by_name for name in required)


def _binds(callback: Callable[..., object], given: int, keywords: Collection[str]) -> bool:
    try:
        # What is called is the wrapper; a decorator may add arguments to those of the wrapped.
        signature = inspect.signature(callback, follow_wrapped=False)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*[None] * given, **dict.fromkeys(keywords))
    except TypeError:
        return False
    return True
