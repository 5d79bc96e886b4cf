"""The options of the client's methods as pydantic models; loaded with the first client, not before.

Messages and exceptions follow design §4 and `mqlight-protocol.md` §3.2, §4.3 and §5; the order of
the fields is the order of the checks.
"""

from __future__ import annotations

import logging
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import Field, field_validator

from mqlight_core.arguments import Arguments, Reported, unknown_names, validate
from mqlight_core.errors import InvalidArgumentError, RangeError, RangeTypeError

log = logging.getLogger("mqlight.client")

LONGEST_MESSAGE_TTL = 2_592_000_000
"""ms: 30 days, which is what MQ Light servers allow."""

_MOST_UINT = 2**32 - 1

Qos = Annotated[
    int,
    Field(ge=0, le=1),
    Reported(RangeError, "{name} value {value} is invalid must evaluate to 0 or 1", RangeTypeError),
]

Milliseconds = Annotated[
    int,
    Field(ge=1, le=86_400_000),
    Reported(RangeError, "{name} value {value} is invalid, must be 1 to 86400000 (ms)", TypeError),
]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


class CallOptions(Arguments):
    """The options of one method of `Client`; names that it does not have are ignored."""

    method: ClassVar[str]


class SendOptions(CallOptions):
    """Options of `Client.send`."""

    method = "send"

    qos: Qos = 0
    ttl: Annotated[
        int | None,
        Field(ge=1, le=LONGEST_MESSAGE_TTL),
        Reported(
            RangeError,
            "{name} value {value} is invalid, must be an unsigned non-zero integer number of "
            "milliseconds, at most 2592000000 (30 days)",
            TypeError,
        ),
    ] = None
    properties: Annotated[
        dict[str, Any] | None, Reported(TypeError, "{name} must be a dict with str keys")
    ] = None
    persistent: Annotated[
        bool, Reported(TypeError, "{name} value {value} is invalid must evaluate to True or False")
    ] = False

    @field_validator("properties")
    @classmethod
    def _simple_values(cls, properties: dict[str, Any] | None) -> dict[str, Any] | None:
        for name, value in (properties or {}).items():
            if value is not None and not isinstance(value, str | bool | int | float | bytes):
                message = (
                    f"options['properties'] key {name!r} has a value of type "
                    f"{type(value).__name__}, which is not supported: it must be str, bool, int, "
                    "float, bytes or None"
                )
                raise TypeError(message)
            for text in (name, value):
                if isinstance(text, str) and not _is_unicode(text):
                    message = (
                        f"options['properties'] key {name!r} is not Unicode text, or its value"
                    )
                    raise InvalidArgumentError(message)
            if isinstance(value, int) and not -(2**63) <= value < 2**63:
                message = f"options['properties'] key {name!r} has an int of more than 64 bits"
                raise RangeError(message)
        return properties


class SubscribeOptions(CallOptions):
    """Options of `Client.subscribe`."""

    method = "subscribe"

    qos: Qos = 0
    auto_confirm: Annotated[
        bool, Reported(TypeError, "{name} value {value} is invalid must evaluate to True or False")
    ] = True
    ttl: Annotated[
        int,
        Field(ge=0),
        Reported(
            RangeError,
            "{name} value {value} is invalid must be an unsigned integer number of milliseconds",
            TypeError,
        ),
    ] = 0
    credit: Annotated[
        int,
        Field(ge=0, le=_MOST_UINT),
        Reported(
            RangeError,
            "{name} value {value} is invalid. It must be an unsigned integer number",
            RangeTypeError,
        ),
    ] = 1024

    @property
    def ttl_seconds(self) -> int:
        """The ttl as AMQP carries it: whole seconds, rounded up."""
        return min(-(-self.ttl // 1000), _MOST_UINT)


class UnsubscribeOptions(CallOptions):
    """Options of `Client.unsubscribe`."""

    method = "unsubscribe"

    ttl: Annotated[
        int | None,
        Field(ge=0, le=0),
        Reported(
            RangeError,
            "{name} value {value} is invalid, only 0 is a supported value for an unsubscribe "
            "request",
            TypeError,
        ),
    ] = None


class ClientOptions(Arguments):
    """What a client may be told beside the documented arguments; times in ms."""

    reported_unknown: ClassVar[Reported] = Reported(
        InvalidArgumentError,
        "{name} is not a client option: there are connect_timeout, idle_timeout, stop_timeout "
        "(in ms), max_queued_bytes, insecure_plain and dialect",
    )

    connect_timeout: Milliseconds = 30_000
    """For each service: name look-up, TCP, TLS, SASL and AMQP's open together.  A lookup over HTTP
    has 5 s, or this time where it is shorter."""
    idle_timeout: Milliseconds = 60_000
    """Without a word from the server for so long, the connection counts as lost."""
    stop_timeout: Milliseconds = 10_000
    """How long `stop` waits for accepted messages to be settled."""
    max_queued_bytes: Annotated[
        int,
        Field(ge=1),
        Reported(RangeError, "{name} value {value} is invalid, must be 1 or more", TypeError),
    ] = 256 * 1024 * 1024
    """Bytes accepted and not finished, beyond which `send` raises."""
    insecure_plain: Annotated[
        Literal["warn", "allow", "refuse"],
        Reported(InvalidArgumentError, "{name} value {value} must be 'warn', 'allow' or 'refuse'"),
    ] = "warn"
    """What to do about a password that would go over a connection without TLS."""
    dialect: Annotated[
        Literal["auto", "mqlight"],
        Reported(InvalidArgumentError, "{name} value {value} must be 'auto' or 'mqlight'"),
    ] = "auto"
    """Which kind of server to expect."""


Model = TypeVar("Model", bound=CallOptions)


def check_options(model: type[Model], options: object, warned: set[str]) -> Model:
    """Validate the `options` of a method.

    `warned` holds the methods that have warned of ignored names already.

    Raises:
        TypeError: the options are no dict, or an option is of a wrong kind.
        RangeError: an option is out of range.
    """
    checked = validate(model, "options", options)
    unknown = unknown_names(model, options)
    if unknown and model.method not in warned:
        warned.add(model.method)
        names = ", ".join(unknown)
        log.warning("%s options that do not exist are ignored: %s", model.method, names)
    return checked
