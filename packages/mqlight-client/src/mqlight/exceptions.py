"""The exceptions of the client, under the module name that programs for the original use."""

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

__all__ = [
    "InternalError",
    "InvalidArgumentError",
    "MQLightError",
    "NetworkError",
    "NotPermittedError",
    "RangeError",
    "ReplacedError",
    "SecurityError",
    "StoppedError",
    "SubscribedError",
    "UnsubscribedError",
]
