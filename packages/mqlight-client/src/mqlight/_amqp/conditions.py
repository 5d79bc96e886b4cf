"""AMQP error conditions -> the documented exceptions, as a table.

The union of what the four published clients recognise (`mqlight-protocol.md` §1.8): first by the
text, which early MQ Light servers used, then by the condition.  What is in no row is a network
error, which the client rides out.
"""

from __future__ import annotations

from mqlight_core.errors import (
    MQLightError,
    NetworkError,
    NotPermittedError,
    ReplacedError,
    SecurityError,
)

BY_TEXT: tuple[tuple[str, type[MQLightError]], ...] = (
    ("_Takeover", ReplacedError),
    ("_InvalidSourceTimeout", NotPermittedError),
    ("sasl ", SecurityError),
    ("SSL ", SecurityError),
    (" 2035 ", SecurityError),
    ("AMQXR0100E", SecurityError),
)
"""A part of the condition's name or description, and what it means."""

_LONGEST = 1000
"""Characters of a peer's text that are shown; a frame has room for 32 thousand of them."""

MESSAGE_TOO_LARGE = "amqp:link:message-size-exceeded"

BY_CONDITION: dict[str, type[MQLightError]] = {
    "amqp:link:stolen": ReplacedError,
    "amqp:unauthorized-access": SecurityError,
    "amqp:precondition-failed": NotPermittedError,
    "amqp:not-allowed": NotPermittedError,
    "amqp:not-implemented": NotPermittedError,
    "amqp:resource-limit-exceeded": NetworkError,
    "amqp:link:detach-forced": NetworkError,
    MESSAGE_TOO_LARGE: NetworkError,
    "amqp:connection:forced": NetworkError,
}


def documented_error(condition: str, description: str, where: str) -> MQLightError:
    """Return the exception for an AMQP error.

    `condition` is the symbol, such as `amqp:link:stolen`, '' when the peer gave none; `where` says
    what it happened to: a host and port, a topic, an address.  Both are shown as `readable`.
    """
    said = f"{condition}: {description}" if condition and description else condition or description
    text = f"{condition} {description} "
    for part, error in BY_TEXT:
        if part in text:
            return error(f"{where}: {readable(said)}")
    known = BY_CONDITION.get(condition, NetworkError)
    return known(f"{where}: {readable(said) or 'the server gave no reason'}")


def readable(text: str) -> str:
    """Return a peer's text as one line that is safe to print, of about a thousand characters.

    What a terminal would obey, or what would look like another line of a log, is escaped.
    """
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text[:_LONGEST]
    )
    return f"{shown}..." if len(text) > _LONGEST else shown
