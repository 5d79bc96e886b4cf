"""Topics, topic patterns, share names, and the link addresses that are made from them.

A subscription's address is ``private:<pattern>`` or ``share:<share>:<pattern>``
(mqlight-protocol.md §4.2). Wildcards are the server's affair: nothing here looks at them (§4.9).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mqlight_core.errors import InvalidArgumentError, InvalidArgumentTypeError
from mqlight_core.redact import describe_value

__all__ = [
    "Destination",
    "check_pattern",
    "check_share",
    "check_topic",
    "parse_address",
    "topic_from_to",
]

_PRIVATE = "private:"
_SHARE = "share:"
_SERVICE_OF_TO = re.compile(r"\Aamqps?://[^/]*/")


@dataclass(frozen=True, slots=True)
class Destination:
    """What a subscription reads from: a topic pattern, private (share None) or shared."""

    pattern: str
    share: str | None = None

    @property
    def address(self) -> str:
        """The AMQP address, which is also the link name, of a subscription to it."""
        if self.share is None:
            return f"{_PRIVATE}{self.pattern}"
        return f"{_SHARE}{self.share}:{self.pattern}"


def check_topic(value: object) -> str:
    """Return a topic that a message can be sent to: any text that is not empty.

    Raises:
        InvalidArgumentError: the topic is empty or not valid Unicode; if it is not a str, the
            exception is a TypeError too.
    """
    topic = _text("topic", value)
    if not topic:
        message = "Cannot send to an empty topic"
        raise InvalidArgumentError(message)
    return topic


def check_pattern(value: object) -> str:
    """Return a topic pattern that can be subscribed to: any text that is not empty.

    Raises:
        InvalidArgumentError: the pattern is empty or not valid Unicode; if it is not a str, the
            exception is a TypeError too.
    """
    pattern = _text("topic_pattern", value)
    if not pattern:
        message = "Cannot subscribe to an empty pattern"
        raise InvalidArgumentError(message)
    return pattern


def check_share(value: object) -> str | None:
    """Return a share name, or None for a private destination: text without a colon, not empty.

    Raises:
        InvalidArgumentError: the name is empty, holds a colon or is not valid Unicode; if it is
            not a str, the exception is a TypeError too.
    """
    if value is None:
        return None
    share = _text("share", value)
    if not share:
        message = "share argument must not be empty (None subscribes to a private destination)"
        raise InvalidArgumentError(message)
    if ":" in share:
        message = (
            f"share argument value {describe_value(share)} is invalid "
            "because it contains a colon character"
        )
        raise InvalidArgumentError(message)
    return share


def parse_address(address: str) -> Destination:
    """Read the address that a subscriber attaches to; the inverse of `Destination.address`.

    The share ends at the first colon, the pattern may contain more. An address in neither form is
    the pattern of a private destination, as other AMQP clients write it (mqlight-protocol.md §9.3).
    An empty share is accepted: IBM's Python client can send one.

    Raises:
        InvalidArgumentError: the address has no pattern.
    """
    share: str | None = None
    pattern = address
    if address.startswith(_PRIVATE):
        pattern = address.removeprefix(_PRIVATE)
    elif address.startswith(_SHARE):
        share, _, pattern = address.removeprefix(_SHARE).partition(":")
    if not pattern:
        message = (
            f"Address {describe_value(address)} has no topic pattern: it must be "
            "'private:<pattern>', 'share:<share>:<pattern>' or '<pattern>'"
        )
        raise InvalidArgumentError(message)
    return Destination(pattern, share)


def topic_from_to(to: str) -> str:
    """Read the topic from a message's `to` property: ``amqp://host:port/a/b`` gives ``a/b``.

    Nothing is percent-decoded, for the senders encode nothing; a `to` that is not such a URL is
    the topic itself (mqlight-protocol.md §4.7).
    """
    return _SERVICE_OF_TO.sub("", to, count=1)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        message = f"{name} argument of type {type(value).__name__} is not supported: must be a str"
        raise InvalidArgumentTypeError(message)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            message = (
                f"{name} argument value {describe_value(value)} is invalid because it contains "
                "a lone surrogate, which UTF-8 cannot represent"
            )
            raise InvalidArgumentError(message) from None
    return value
