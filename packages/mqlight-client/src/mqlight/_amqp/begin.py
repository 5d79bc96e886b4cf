"""The peer's handle-max, which proton obeys and does not tell (AMQP 1.0 part 2.7.2)."""

from __future__ import annotations

from mqlight._amqp.values import MalformedValueError, decode_value

UNLIMITED = 2**32 - 1

_PROTOCOL = b"AMQP"
_SMALLEST_FRAME = 8
_AMQP_FRAME = 0
_BEGIN = (b"\x00\x53\x11", b"\x00\x80\x00\x00\x00\x00\x00\x00\x00\x11")
_HANDLE_MAX = 4


def handle_max(head: bytes) -> int:
    """Return the handle-max of the first begin among the first bytes of a connection.

    That is the highest handle, one less than the number of links; `UNLIMITED` where none is given.
    """
    at = 0
    while at + _SMALLEST_FRAME <= len(head):
        if head.startswith(_PROTOCOL, at):
            at += len(_PROTOCOL) + 4
            continue
        size = int.from_bytes(head[at : at + 4], "big")
        if size < _SMALLEST_FRAME or at + size > len(head):
            break
        if head[at + 5] == _AMQP_FRAME:
            body = at + 4 * head[at + 4]
            if head.startswith(_BEGIN, body):
                return _read(head, body)
        at += size
    return UNLIMITED


def _read(head: bytes, body: int) -> int:
    try:
        fields, _ = decode_value(head, body)
    except MalformedValueError:
        return UNLIMITED
    if isinstance(fields, list) and len(fields) > _HANDLE_MAX:
        found = fields[_HANDLE_MAX]
        if isinstance(found, int):
            return found
    return UNLIMITED
