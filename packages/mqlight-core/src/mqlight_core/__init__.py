"""The rules of MQ Light that need no connection: names, URLs, arguments, errors.

Useful without the client and without an AMQP library. Importing it does not load pydantic; the
names of `mqlight_core.arguments` do, on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight_core.callbacks import check_callback
from mqlight_core.client_id import check_client_id, generate_client_id
from mqlight_core.errors import (
    InternalError,
    InvalidArgumentError,
    MQLightError,
    NetworkError,
    NotPermittedError,
    RangeError,
    ReplacedError,
    SecurityError,
    StoppedError,
    SubscribedError,
    UnsubscribedError,
)
from mqlight_core.redact import describe_value, printable, redact_options, redact_url
from mqlight_core.service import Service, parse_service_url
from mqlight_core.source import ServiceSource, service_source
from mqlight_core.topics import (
    Destination,
    check_pattern,
    check_share,
    check_topic,
    parse_address,
    topic_from_to,
)
from mqlight_core.vcap import BoundService, bound_service

if TYPE_CHECKING:
    from mqlight_core.arguments import Arguments, Reported, unknown_names, validate

__all__ = [
    "Arguments",
    "BoundService",
    "Destination",
    "InternalError",
    "InvalidArgumentError",
    "MQLightError",
    "NetworkError",
    "NotPermittedError",
    "RangeError",
    "ReplacedError",
    "Reported",
    "SecurityError",
    "Service",
    "ServiceSource",
    "StoppedError",
    "SubscribedError",
    "UnsubscribedError",
    "bound_service",
    "check_callback",
    "check_client_id",
    "check_pattern",
    "check_share",
    "check_topic",
    "describe_value",
    "generate_client_id",
    "parse_address",
    "parse_service_url",
    "printable",
    "redact_options",
    "redact_url",
    "service_source",
    "topic_from_to",
    "unknown_names",
    "validate",
]

_IN_ARGUMENTS = frozenset({"Arguments", "Reported", "unknown_names", "validate"})

if not TYPE_CHECKING:  # a type checker would take every misspelt name for one of these

    def __getattr__(name: str) -> object:
        if name in _IN_ARGUMENTS:
            from mqlight_core import arguments  # noqa: PLC0415 - loads pydantic

            return getattr(arguments, name)
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)

    def __dir__() -> list[str]:
        return sorted(set(globals()) | _IN_ARGUMENTS)
