"""What may be shown of a value that others gave: no secret, no surprise, no endless text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["describe_value", "printable", "redact_options", "redact_url"]

_HIDDEN = "********"
_LONGEST = 200
# Up to the *last* '@': an unescaped '/', '?', '@' or space in a password must not end the hiding.
# A user is shown behind a known scheme only; elsewhere it is not certain where the user ends.
_WITH_CREDENTIALS = re.compile(
    r"(?P<shown>(?:amqp|http)s?://[^:@]*:(?!@)|(?:[^:@]*://)?).*@(?P<rest>[^@]*)",
    re.DOTALL | re.IGNORECASE,
)
# "amqp://user:password" without its "@host", also with a scheme that is misspelt or left out: the
# port that is no number may be a password.
_ODD_PORT = re.compile(
    r"(?P<host>(?:[^:@]*://|(?:amqp|http)s?(?::/?|//)(?!/))?(?:\[[^\]]*\]|[^:/?#\[\]]*)):"
    r"(?![0-9]{0,5}(?:[/?#]|\Z)).*",
    re.DOTALL | re.IGNORECASE,
)
_QUERY = re.compile(r"(?P<mark>[?#]).*", re.DOTALL)
_SECRET_OPTION = re.compile(r"password|passphrase", re.IGNORECASE)
# What moves the cursor, starts an escape sequence, ends a line, turns the direction of writing
# around, or cannot be encoded (a lone surrogate).
_NOT_PRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def redact_url(text: str) -> str:
    """Give a URL back with everything hidden in it that is, or could be, a secret.

    `text` is one URL, well-formed or not. The user's name stays readable; the password, a query, a
    fragment and whatever stands where a password may have been meant become ``********``.
    """
    match = _WITH_CREDENTIALS.fullmatch(text)
    if match is not None:
        return f"{match['shown']}{_HIDDEN}@{_without_secret(match['rest'])}"
    return _without_secret(text)


def _without_secret(text: str) -> str:
    odd = _ODD_PORT.fullmatch(text)
    if odd is not None:
        return f"{odd['host']}:{_HIDDEN}"
    return _QUERY.sub(rf"\g<mark>{_HIDDEN}", text)


def redact_options(options: Mapping[str, object]) -> dict[str, object]:
    """Copy `options` with the value of every password and passphrase as ``********``.

    A secret option is known by its name, which contains "password" or "passphrase". None stays
    None: that no secret was given is no secret.
    """
    return {
        name: _HIDDEN if value is not None and _SECRET_OPTION.search(str(name)) else value
        for name, value in options.items()
    }


def describe_value(value: object) -> str:
    """Show a rejected value in a message: its `repr`, at most 200 characters of it.

    Never raises: a value whose `repr` fails (an int of 5000 digits does) is shown by its type.
    """
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - anything at all can come out of a user's __repr__
        return f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def printable(text: str) -> str:
    r"""Give a text back as one line that a terminal shows as it is, and that can be encoded.

    Control characters, line ends, marks of the direction of writing and lone surrogates become
    escapes as in a Python literal: ``\x1b``, ``\n``. All else stays, backslashes too.
    """
    return _NOT_PRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
