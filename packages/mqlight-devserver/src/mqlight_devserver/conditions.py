"""The errors that the server gives, as the published clients understand them.

mqlight-protocol.md §9.5 chooses the conditions, §1.8 says what each client makes of them.  There
is always a description: the Java client reads it unasked.
"""

from __future__ import annotations

from typing import Final

from mqlight_devserver import _binding as pn

__all__ = ["Refused"]

CREDIT_EXCEEDED: Final = "amqp:link:transfer-limit-exceeded"
DECODE_ERROR: Final = "amqp:decode-error"
ILLEGAL_STATE: Final = "amqp:illegal-state"
INVALID_FIELD: Final = "amqp:invalid-field"
MESSAGE_TOO_LARGE: Final = "amqp:link:message-size-exceeded"
NOT_ALLOWED: Final = "amqp:not-allowed"
NOT_IMPLEMENTED: Final = "amqp:not-implemented"
PRECONDITION_FAILED: Final = "amqp:precondition-failed"
RESOURCE_LIMIT: Final = "amqp:resource-limit-exceeded"
STOLEN: Final = "amqp:link:stolen"
UNAUTHORIZED: Final = "amqp:unauthorized-access"


class Refused(Exception):  # noqa: N818 - what it is, not that it is an error of ours
    """A request that the server turns down, with an AMQP error condition and its description."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(f"{condition}: {description}")
        self.condition = condition
        self.description = description

    def describe(self, error: pn.Condition) -> None:
        """Write this into an error of the engine's."""
        pn.pn_condition_set_name(error, self.condition.encode())
        pn.pn_condition_set_description(error, self.description.encode())
