"""The MQ Light API for Python: messages over AMQP 1.0.

>>> client = mqlight.Client("amqp://localhost")
>>> client.send("news/today", "Hello world!")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._client import Client
from mqlight._machine.states import State
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

if TYPE_CHECKING:
    from mqlight import aio as aio
    from mqlight import blocking as blocking
    from mqlight._arguments import ClientOptions

__all__ = [
    "DRAIN",
    "ERROR",
    "MALFORMED",
    "MESSAGE",
    "QOS_AT_LEAST_ONCE",
    "QOS_AT_MOST_ONCE",
    "RETRYING",
    "STARTED",
    "STARTING",
    "STOPPED",
    "STOPPING",
    "Client",
    "ClientOptions",
    "InternalError",
    "InvalidArgumentError",
    "MQLightError",
    "NetworkError",
    "NotPermittedError",
    "RangeError",
    "ReplacedError",
    "SecurityError",
    "State",
    "StoppedError",
    "SubscribedError",
    "UnsubscribedError",
    "__version__",
]

__version__ = "0.1.0"

STARTED = State.STARTED
STARTING = State.STARTING
STOPPED = State.STOPPED
STOPPING = State.STOPPING
RETRYING = State.RETRYING
ERROR = "error"
MESSAGE = "message"
MALFORMED = "malformed"
DRAIN = "drain"
QOS_AT_MOST_ONCE = 0
QOS_AT_LEAST_ONCE = 1

for _public in (Client, State):
    _public.__module__ = "mqlight"
del _public

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name == "ClientOptions":
            from mqlight._arguments import ClientOptions as Options  # noqa: PLC0415 - pydantic

            return Options
        if name in ("aio", "blocking"):
            from importlib import import_module  # noqa: PLC0415 - loads proton

            return import_module(f"mqlight.{name}")
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
