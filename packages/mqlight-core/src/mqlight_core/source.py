"""Where services come from: the client's `service` argument.

Each form of the argument is one class: here, in `mqlight_core.lookup` and in `mqlight_core.vcap`.
A client asks its source again for every round of connection attempts, because a function or a
lookup may give another answer each time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from mqlight_core.callbacks import callback_problem
from mqlight_core.errors import InvalidArgumentError, InvalidArgumentTypeError, NetworkError
from mqlight_core.lookup import lookup_source
from mqlight_core.lookup_url import LOOKUP_SCHEMES, is_lookup_url
from mqlight_core.service import Service, parse_service_urls
from mqlight_core.url import split_url
from mqlight_core.vcap import VcapSource, bound_service

__all__ = ["LOOKUP_TIMEOUT", "Answer", "ServiceSource", "service_source"]

LOOKUP_TIMEOUT = 5.0
"""Seconds within which a lookup over HTTP has to be done, unless another time is given."""

Answer = Callable[[tuple[Service, ...] | Exception], None]
"""Takes the services to try, in order and never empty, or the reason why there are none."""

_log = logging.getLogger("mqlight")


class ServiceSource(Protocol):
    """Something that can be asked which services to connect to."""

    @property
    def fixed(self) -> tuple[Service, ...] | None:
        """The services, where they are known before anything is asked; else None."""

    @property
    def credentials(self) -> tuple[str, str] | None:
        """The user and the password of all services, where the source itself has them."""

    def request(self, answer: Answer) -> None:
        """Ask once: `answer` is called exactly once or, if a function never answers, never.

        It may be called on any thread, and before `request` returns. `request` blocks as long as
        a lookup or a function does, and raises nothing that is an `Exception`.
        """


def service_source(
    service: object,
    *,
    environment: Mapping[str, str] | None = None,
    lookup_timeout: float = LOOKUP_TIMEOUT,
) -> ServiceSource:
    """Make the source for a client's `service` argument.

    Args:
        service: one of

            * a URL ``amqp[s]://[user:password@]host[:port]``, or a list or tuple of such URLs, at
              least one;
            * the URL of a lookup: ``http[s]://host[:port][/path][?query]``, ``file:///path`` or
              ``file://localhost/path``, where there is a JSON object whose key ``service`` holds a
              URL or a list of URLs as above;
            * a function ``func(callback)`` that calls ``callback(error, services)`` when it knows:
              `error` is None or what went wrong, `services` a URL or a list as above;
            * None for the service that `VCAP_SERVICES` describes (`mqlight_core.vcap`).
        environment: where `VCAP_SERVICES` may be, as in `os.environ`.
        lookup_timeout: seconds that a lookup over HTTP may take as a whole.

    A source answers with a NetworkError where a document cannot be fetched or read, with a
    SecurityError where TLS fails, and with an InvalidArgumentError where the document is wrong.

    Raises:
        InvalidArgumentError: a URL is not valid, a list is empty, or `VCAP_SERVICES` is not valid;
            if `service` or an entry of it is of another type, the function takes not one argument,
            or `service` is None without `VCAP_SERVICES`, a TypeError too.
    """
    if service is None:
        bound = bound_service(environment or {})
        return VcapSource(bound, lookup_source(bound.lookup_url, lookup_timeout))
    if isinstance(service, str):
        split_url(service, ("amqp", "amqps", *LOOKUP_SCHEMES))  # names them all if it is none
        if is_lookup_url(service):
            return lookup_source(service, lookup_timeout)
    if callable(service):
        problem = callback_problem(service, 1)
        if problem is not None:
            message = f"service {problem}: func(callback)"
            raise InvalidArgumentTypeError(message)
        return FunctionSource(service)
    return FixedSource(parse_service_urls("service", service))


class FixedSource:
    """Services that were given as URLs."""

    credentials: None = None

    def __init__(self, services: tuple[Service, ...]) -> None:
        self._services = services

    @property
    def fixed(self) -> tuple[Service, ...]:
        """The services given."""
        return self._services

    def request(self, answer: Answer) -> None:
        """Answer at once."""
        answer(self._services)


@dataclass(frozen=True)
class FunctionSource:
    """A user's function that is called for every round of connection attempts.

    Two sources are equal when their functions are.
    """

    fixed: ClassVar[None] = None
    credentials: ClassVar[None] = None
    function: Callable[..., object]

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
            self.function(callback)
        except Exception as error:  # noqa: BLE001 - whatever a user's function raises is its answer
            if not answer_once(error):
                _log.warning("The service function raised after its answer", exc_info=True)


def _function_result(error: object, services: object) -> tuple[Service, ...] | Exception:
    if isinstance(error, Exception):
        return error
    if error is not None:
        return NetworkError(f"The service function failed: {error}")
    try:
        return parse_service_urls("The answer of the service function", services)
    except InvalidArgumentError as invalid:
        return invalid
