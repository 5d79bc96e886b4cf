"""An AMQP connection that is closed as soon as it is opened, written out.

The engine says CLOSE only to a client that has said OPEN, which one that SASL has turned away will
never do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mqlight_devserver.sasl import AMQP_HEADER

if TYPE_CHECKING:
    from mqlight_devserver.conditions import Refused

__all__ = ["refusal"]

_OPEN: Final = 0x10
_CLOSE: Final = 0x18
_ERROR: Final = 0x1D
_STRING: Final = b"\xb1"
_SYMBOL: Final = b"\xb3"


def refusal(container_id: str, reason: Refused) -> bytes:
    """The protocol header, OPEN, and CLOSE with `reason` (AMQP 1.0 parts 2.7.1, 2.7.9, 2.8.14)."""
    error = _described(
        _ERROR, _variable(_SYMBOL, reason.condition), _variable(_STRING, reason.description)
    )
    return (
        AMQP_HEADER
        + _frame(_described(_OPEN, _variable(_STRING, container_id)))
        + _frame(_described(_CLOSE, error))
    )


def _frame(performative: bytes) -> bytes:
    return (8 + len(performative)).to_bytes(4, "big") + b"\x02\x00\x00\x00" + performative


def _described(code: int, *fields: bytes) -> bytes:
    items = b"".join(fields)
    size = (4 + len(items)).to_bytes(4, "big") + len(fields).to_bytes(4, "big")
    return b"\x00\x53" + bytes((code,)) + b"\xd0" + size + items


def _variable(constructor: bytes, text: str) -> bytes:
    content = text.encode()
    return constructor + len(content).to_bytes(4, "big") + content
