from __future__ import annotations

import functools
from contextlib import suppress
from inspect import signature
from itertools import product
from typing import TYPE_CHECKING, NoReturn
from unittest.mock import AsyncMock, Mock

import pytest

from mqlight_core import check_callback
from mqlight_core.callbacks import callback_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def one(_a: object) -> None: ...


def two(_a: object, _b: object) -> None: ...


def two_or_three(_a: object, _b: object, _c: object = None) -> None: ...


def at_least_one(_a: object, *_rest: object) -> None: ...


def anything(*_arguments: object, **_options: object) -> None: ...


def two_and_an_option(_a: object, _b: object, *, _option: bool = True) -> None: ...


def two_and_a_required_option(_a: object, _b: object, *, _option: bool) -> None: ...


def two_by_position(_a: object, _b: object, /) -> None: ...


def three(_a: object, _b: object, _c: object) -> None: ...


async def awaited(_a: object, _b: object) -> None: ...


async def generated(_a: object, _b: object) -> AsyncIterator[None]:
    yield


class Listener:
    def __init__(self, *_arguments: object) -> None: ...

    def __call__(self, _a: object, _b: object) -> None: ...

    def two(self, _a: object, _b: object) -> None: ...

    def one(self, _a: object) -> None: ...

    async def awaited(self, _a: object, _b: object) -> None: ...

    @classmethod
    def of_class(cls, _a: object, _b: object) -> None: ...

    @staticmethod
    def static(_a: object, _b: object) -> None: ...


class AsyncListener:
    async def __call__(self, _a: object, _b: object) -> None: ...


def adds_an_argument(function: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(function)
    def wrapper(*arguments: object) -> object:
        return function(*arguments, "added")

    return wrapper


@functools.lru_cache
def cached(_a: object, _b: object) -> None: ...


@pytest.mark.parametrize(
    "callback",
    [
        None,
        two,
        two_or_three,
        at_least_one,
        anything,
        two_and_an_option,
        two_by_position,
        lambda _a, _b: None,
        lambda _a, _b, _bound=1: None,
        Listener(),
        Listener().two,
        Listener().of_class,
        Listener.of_class,
        Listener.static,
        Listener,
        functools.partial(three, 1),
        functools.partial(three, None),
        functools.partial(three, _c=1),
        functools.partial(Listener.two, Listener()),
        functools.partial(functools.partial(three, 1)),
        adds_an_argument(three),
        cached,
        Mock(),
        [].insert,
        print,
        max,
        dict,
    ],
)
def test_whatever_can_be_called_with_two_arguments_is_accepted(callback: object) -> None:
    check_callback("on_event", callback, 2)


@pytest.mark.parametrize(
    "callback",
    [
        lambda: None,
        lambda _a: None,
        three,
        two_and_a_required_option,
        Listener.two,
        Listener().one,
        functools.partial(two, 1),
        functools.partial(two, _b=1),
        functools.partial(three, 1, 2),
        adds_an_argument,
        [].append,
    ],
)
def test_what_takes_another_number_of_arguments_is_refused(callback: object) -> None:
    with pytest.raises(
        TypeError, match=r"^on_event must be a function that can be called with 2 arguments$"
    ):
        check_callback("on_event", callback, 2)


def functions() -> Iterator[tuple[str, Callable[..., object]]]:
    """Make a function of every kind of parameters, as far as Python allows the combination."""
    for positional_only, b, c, rest, named, options in product(
        ["", "a, /", "a=1, /"],
        ["", "b", "b=1"],
        ["", "c=1"],
        ["", "*rest"],
        ["", "d", "d=1"],
        ["", "**options"],
    ):
        star = "*" if named and not rest else ""
        parameters = filter(None, [positional_only, b, c, rest or star, named, options])
        source = f"lambda {', '.join(parameters)}: None"
        with suppress(SyntaxError):  # what has no default after what has one
            yield source, eval(source)  # noqa: S307


FUNCTIONS = dict(functions())


@pytest.mark.parametrize("source", FUNCTIONS)
def test_the_answer_is_that_of_a_call(source: str) -> None:
    function = FUNCTIONS[source]
    for bound, given, names in product(
        range(3), range(4), [set(), {"a"}, {"b"}, {"c"}, {"d"}, {"b", "d"}, {"x"}]
    ):
        partial = functools.partial(function, *range(bound), **dict.fromkeys(names))
        try:
            partial(*range(given))
            can_be_called = True
        except TypeError:
            can_be_called = False
        assert (callback_problem(partial, given) is None) is can_be_called, (bound, given, names)
        if not bound and not names:
            assert (callback_problem(function, given) is None) is can_be_called, given


def test_an_object_says_what_it_takes() -> None:
    mock = Mock(spec=one)
    assert callback_problem(mock, 1) is None
    opaque = Listener()
    opaque.__signature__ = signature(one)  # type: ignore[attr-defined]
    assert callback_problem(opaque, 1) is None
    assert callback_problem(opaque, 2) is not None


def test_one_argument_is_in_the_singular() -> None:
    with pytest.raises(TypeError, match=r"with 1 argument$"):
        check_callback("on_started", two, 1)


@pytest.mark.parametrize("callback", ["on_event", 1, True, [], object()])
def test_what_cannot_be_called_is_refused(callback: object) -> None:
    with pytest.raises(TypeError, match=r"^on_event must be a function, not "):
        check_callback("on_event", callback, 2)


@pytest.mark.parametrize(
    "callback",
    [
        awaited,
        generated,
        Listener().awaited,
        AsyncListener(),
        functools.partial(awaited),
        functools.partial(awaited, _b=1),
        functools.partial(Listener().awaited),
        AsyncMock(),
    ],
)
def test_an_async_function_is_refused_with_a_way_out(callback: object) -> None:
    with pytest.raises(TypeError, match=r"^on_event must not be 'async def', .* mqlight\.aio"):
        check_callback("on_event", callback, 2)


@pytest.mark.skipif(not hasattr(functools, "Placeholder"), reason="new in Python 3.14")
def test_a_partial_may_leave_a_place_open() -> None:
    opened = functools.partial(three, getattr(functools, "Placeholder"), 2)  # noqa: B009
    check_callback("on_event", opened, 2)


def test_a_callable_that_hides_its_signature_is_accepted() -> None:
    class Opaque:
        @property
        def __signature__(self) -> NoReturn:
            raise ValueError

        def __call__(self) -> None: ...

    check_callback("on_event", Opaque(), 2)


def test_a_problem_is_told_without_being_raised() -> None:
    assert callback_problem(two, 2) is None
    assert callback_problem(1, 2) == "must be a function, not int"
    assert callback_problem(None, 2) == "must be a function, not NoneType"
