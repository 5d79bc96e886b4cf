"""Is this a function that can be called back with so many arguments? Asked at every send.

The check costs well under a microsecond for functions and methods, because it reads their code
object; only other callables go through `inspect`.
"""

from __future__ import annotations

import functools
import inspect
from types import FunctionType, MethodType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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
    if callback is None:
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
    if isinstance(callback, FunctionType):
        return bool(callback.__code__.co_flags & _ASYNC)
    if isinstance(callback, MethodType):
        return _is_async(callback.__func__)
    if isinstance(callback, functools.partial):
        return _is_async(callback.func)
    called = getattr(type(callback), "__call__", None)  # noqa: B004 - an object's class is called
    return isinstance(called, FunctionType) and _is_async(called)


def _takes(callback: Callable[..., object], given: int) -> bool:
    if isinstance(callback, MethodType):
        return _takes(callback.__func__, given + 1)
    if isinstance(callback, FunctionType):
        code = callback.__code__
        if not code.co_kwonlyargcount:
            required = code.co_argcount - len(callback.__defaults__ or ())
            unlimited = code.co_flags & inspect.CO_VARARGS
            return required <= given and bool(unlimited or given <= code.co_argcount)
    elif isinstance(callback, functools.partial) and _is_plain(callback):
        return _takes(callback.func, given + len(callback.args))
    return _binds(callback, given)


def _is_plain(callback: functools.partial[object]) -> bool:
    return not callback.keywords and all(given is not _PLACEHOLDER for given in callback.args)


def _binds(callback: Callable[..., object], given: int) -> bool:
    try:
        # What is called is the wrapper; a decorator may add arguments to those of the wrapped.
        signature = inspect.signature(callback, follow_wrapped=False)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*[None] * given)
    except TypeError:
        return False
    return True
