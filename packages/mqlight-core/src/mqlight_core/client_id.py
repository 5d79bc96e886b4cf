"""Client ids: the name under which a server knows a client (AMQP's container-id).

The rules are those of the four published clients and of IBM MQ (mqlight-protocol.md §1.6).
"""

from __future__ import annotations

import re

from mqlight_core.errors import InvalidArgumentError
from mqlight_core.redact import describe_value

__all__ = ["check_client_id", "generate_client_id"]

_LONGEST = 256
_INVALID = re.compile(r"[^A-Za-z0-9%/._]")


def check_client_id(value: object) -> str:
    """Return a valid client id: 1 to 256 characters of ``A-Z a-z 0-9 % / . _``.

    An int is taken as its decimal digits, as IBM's module did.

    Raises:
        InvalidArgumentError: the id is empty, too long or holds a character that is not allowed.
        TypeError: `value` is neither a str nor an int (a bool is not an id either).
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = _digits(value)
    if not isinstance(value, str):
        message = f"client_id must be a str, not {type(value).__name__}"
        raise TypeError(message)
    if not value:
        message = f"Client identifier must have 1 to {_LONGEST} characters, not none"
        raise InvalidArgumentError(message)
    if len(value) > _LONGEST:
        message = (
            f"Client identifier {describe_value(value)} is longer than "
            f"the maximum ID length of {_LONGEST}"
        )
        raise InvalidArgumentError(message)
    invalid = _INVALID.search(value)
    if invalid is not None:
        message = (
            f"Client identifier {describe_value(value)} contains invalid char: "
            f"{invalid.group()!r} (allowed are A-Z a-z 0-9 % / . _)"
        )
        raise InvalidArgumentError(message)
    return value


def generate_client_id(random_bits: int) -> str:
    """Make the id of a client that was given none: ``AUTO_`` and 7 lower-case hex digits.

    The digits are the lowest 28 bits of `random_bits`, which the caller draws.
    """
    return f"AUTO_{random_bits & 0xFFFFFFF:07x}"


def _digits(value: int) -> str:
    # Python refuses to write out an int of more than some 4300 digits (ValueError).
    if abs(value) >= 10**_LONGEST:
        message = f"Client identifier is longer than the maximum ID length of {_LONGEST}"
        raise InvalidArgumentError(message)
    return str(value)
