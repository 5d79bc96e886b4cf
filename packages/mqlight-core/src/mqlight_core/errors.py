"""The documented exceptions: one object each, re-exported by every package above.

The names and their meaning are the seed's. `InvalidArgumentError` and `RangeError` are
`ValueError`s as well, so that code which knows nothing of MQ Light still catches them.
"""

from __future__ import annotations

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


class MQLightError(Exception):
    """The base of every exception that MQ Light documents."""


class InvalidArgumentError(MQLightError, ValueError):
    """An argument cannot be used; the message says which, and what is allowed."""


class RangeError(MQLightError, ValueError):
    """An argument is not within certain values; the message says which, and what is allowed."""


class NetworkError(MQLightError):
    """A connection failed or was lost; the client keeps trying to reconnect.

    The message names the server and the reason that the system or the server gave.
    """


class NotPermittedError(MQLightError):
    """The server does not permit the request; asking again will not help."""


class ReplacedError(MQLightError):
    """Another client connected with the same client id, and the server disconnected this one."""


class SecurityError(MQLightError):
    """A connection failed for a security reason: credentials, certificates or keys, TLS."""


class StoppedError(MQLightError):
    """A request was made of a client that is stopped or stopping."""


class SubscribedError(MQLightError):
    """The client is already subscribed to this topic pattern and share."""


class UnsubscribedError(MQLightError):
    """The client is not subscribed to this topic pattern and share."""


class InternalError(MQLightError):
    """Something that should be impossible has happened: a defect of this library."""


# The seed documents TypeError for an argument of a wrong type, IBM's module raised the documented
# error instead. What is raised is both, so programs written for either keep working.


class InvalidArgumentTypeError(InvalidArgumentError, TypeError):
    """An `InvalidArgumentError` about an argument's type. Catch one of its bases instead."""


class RangeTypeError(RangeError, TypeError):
    """A `RangeError` about an argument's type. Catch one of its bases instead."""
