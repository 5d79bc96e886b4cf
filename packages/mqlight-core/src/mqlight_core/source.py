"""Where services come from: the client's `service` argument.

Each form of the argument is one class here. A client asks its source again for every round of
connection attempts, because a service function may give another answer each time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from mqlight_core.callbacks import callback_problem
from mqlight_core.errors import InvalidArgumentError, InvalidArgumentTypeError, NetworkError
from mqlight_core.service import Service, parse_service_url

__all__ = ["Answer", "ServiceSource", "service_source"]

Answer = Callable[[tuple[Service, ...] | Exception], None]
"""Takes the services to try, in order and never empty, or the reason why there are none."""

_log = logging.getLogger("mqlight")


class ServiceSource(Protocol):
    """Something that can be asked which services to connect to."""

    @property
    def fixed(self) -> tuple[Service, ...] | None:
        """The services, where they are known before anything is asked; else None."""

    def request(self, answer: Answer) -> None:
        """Ask once: `answer` is called exactly once or, if a function never answers, never.

        It may be called on any thread, and before `request` returns. `request` itself raises
        nothing that is an `Exception`.
        """


def service_source(service: object) -> ServiceSource:
    """Make the source for a client's `service` argument.

    Args:
        service: a URL, a list or tuple of URLs (at least one), or a function ``func(callback)``
            that calls ``callback(error, services)`` when it knows: `error` is None or what went
            wrong, `services` a URL or a list of them.

    Raises:
        InvalidArgumentError: a URL is not valid or a list is empty; if `service` or an entry of
            it is of another type, or the function takes not one argument, a TypeError too.
    """
    if callable(service):
        problem = callback_problem(service, 1)
        if problem is not None:
            message = f"service {problem}: func(callback)"
            raise InvalidArgumentTypeError(message)
        return FunctionSource(service)
    return FixedSource(_services("service", service))


class FixedSource:
    """Services that were given as URLs."""

    def __init__(self, services: tuple[Service, ...]) -> None:
        self._services = services

    @property
    def fixed(self) -> tuple[Service, ...]:
        """The services given."""
        return self._services

    def request(self, answer: Answer) -> None:
        """Answer at once."""
        answer(self._services)


class FunctionSource:
    """A user's function that is called for every round of connection attempts."""

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    @property
    def fixed(self) -> None:
        """Nothing is known before the function has answered."""
        return

    def request(self, answer: Answer) -> None:
        """Call the function; its first answer counts, and so does what it raises before."""
        unanswered = threading.Lock()

        def answer_once(result: tuple[Service, ...] | Exception) -> bool:
            first = unanswered.acquire(blocking=False)
            if first:
                answer(result)
            return first

        def callback(error: object, services: object = None) -> None:
            if not answer_once(_function_result(error, services)):
                _log.warning("The service function answered again; its first answer counts")

        try:
            self._function(callback)
        except Exception as error:  # noqa: BLE001 - whatever a user's function raises is its answer
            if not answer_once(error):
                _log.warning("The service function raised after its answer", exc_info=True)


def _function_result(error: object, services: object) -> tuple[Service, ...] | Exception:
    if isinstance(error, Exception):
        return error
    if error is not None:
        return NetworkError(f"The service function failed: {error}")
    try:
        return _services("The answer of the service function", services)
    except InvalidArgumentError as invalid:
        return invalid


def _services(name: str, value: object) -> tuple[Service, ...]:
    if isinstance(value, str):
        return (parse_service_url(value),)
    if not isinstance(value, list | tuple):
        message = f"{name} must be a URL or a list of URLs, not {type(value).__name__}"
        raise InvalidArgumentTypeError(message)
    if not value:
        message = f"{name} must have at least one URL, not none"
        raise InvalidArgumentError(message)
    for index, url in enumerate(value):
        if not isinstance(url, str):
            message = f"{name}: entry {index} must be a URL as a str, not {type(url).__name__}"
            raise InvalidArgumentTypeError(message)
    return tuple(parse_service_url(url) for url in value)
