"""AMQP frames as lines for the log (AMQP 1.0 part 2); SASL's secrets never are in them.

Only there when the level `FRAMES` is asked for: `received` and `sent` take the bytes of a
connection in whatever pieces they come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mqlight._amqp.values import MalformedValueError, decode_value
from mqlight._log.levels import FRAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mqlight._log.client_log import ClientLog

_HEADER = 8
_LONGEST_HEAD = 64 * 1024
"""Bytes of a frame that are kept to be shown."""
_LARGEST_FRAME = 2**28
"""A size beyond this is the text or TLS of a peer that does not speak AMQP."""
_SHOWN = 100
"""Bytes of a payload, and characters of a field, that are shown."""
_HIDDEN = "********"
_DESCRIBED = 0x00
_TRANSFER = 0x14
_SASL = 1

_SECRET = frozenset({"initial-response", "challenge", "response", "additional-data"})

PERFORMATIVES: Final[Mapping[int, str]] = {
    0x10: (
        "open container-id hostname max-frame-size channel-max idle-time-out outgoing-locales "
        "incoming-locales offered-capabilities desired-capabilities properties"
    ),
    0x11: (
        "begin remote-channel next-outgoing-id incoming-window outgoing-window handle-max "
        "offered-capabilities desired-capabilities properties"
    ),
    0x12: (
        "attach name handle role snd-settle-mode rcv-settle-mode source target unsettled "
        "incomplete-unsettled initial-delivery-count max-message-size offered-capabilities "
        "desired-capabilities properties"
    ),
    0x13: (
        "flow next-incoming-id incoming-window next-outgoing-id outgoing-window handle "
        "delivery-count link-credit available drain echo properties"
    ),
    _TRANSFER: (
        "transfer handle delivery-id delivery-tag message-format settled more rcv-settle-mode "
        "state resume aborted batchable"
    ),
    0x15: "disposition role first last settled state batchable",
    0x16: "detach handle closed error",
    0x17: "end error",
    0x18: "close error",
    0x40: "sasl-mechanisms sasl-server-mechanisms",
    0x41: "sasl-init mechanism initial-response hostname",
    0x42: "sasl-challenge challenge",
    0x43: "sasl-response response",
    0x44: "sasl-outcome code additional-data",
}
"""Descriptor -> name, then its fields in order."""

_DESCRIPTIONS = {
    0x1D: "error",
    0x23: "received",
    0x24: "accepted",
    0x25: "rejected",
    0x26: "released",
    0x27: "modified",
    0x28: "source",
    0x29: "target",
}


class Frames:
    """Logs the frames of one connection."""

    def __init__(self, log: ClientLog) -> None:
        self._log = log
        self._received = FrameReader()
        self._sent = FrameReader()

    def received(self, data: memoryview) -> None:
        """Take in bytes from the peer."""
        for line in self._received.feed(data):
            self._log.log(FRAMES, "received %s", line)

    def sent(self, data: memoryview) -> None:
        """Take in bytes to the peer."""
        for line in self._sent.feed(data):
            self._log.log(FRAMES, "sent %s", line)


class FrameReader:
    """Finds the frames in the bytes of one direction."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._to_skip = 0
        self._lost = False

    def feed(self, data: memoryview) -> Iterator[str]:
        """Take in bytes; return a line for each frame of which enough is there."""
        skipped = min(self._to_skip, len(data))
        self._to_skip -= skipped
        held = self._held
        held += data[skipped:]
        while len(held) >= _HEADER and not self._lost:
            if held.startswith(b"AMQP"):
                yield f"protocol header {held[4]} {held[5]}.{held[6]}.{held[7]}"
                del held[:_HEADER]
                continue
            size = int.from_bytes(held[:4], "big")
            if not _HEADER <= size <= _LARGEST_FRAME:
                self._lost = True
                yield f"bytes that are no frame: {_short(bytes(held))}"
                break
            wanted = min(size, _LONGEST_HEAD)
            if len(held) < wanted:
                return
            yield describe_frame(bytes(held[:wanted]), size)
            self._to_skip = max(size - len(held), 0)
            del held[:size]
        if self._lost:
            held.clear()


def describe_frame(head: bytes, size: int) -> str:
    """Return a line about a frame of `size` bytes that begins with `head`."""
    where = "SASL" if head[5] == _SASL else f"channel {int.from_bytes(head[6:8], 'big')}"
    at = 4 * head[4]
    if at >= size:
        return f"{where}: empty frame"
    try:
        code, at = _descriptor(head, at)
        name, *names = PERFORMATIVES[code].split()
        fields, at = _fields(head, at, names)
    except (IndexError, KeyError, MalformedValueError):
        return f"{where}: {size} bytes that can not be read"
    line = " ".join([f"{where}: {name}", *fields])
    if code == _TRANSFER:
        line += f" payload of {size - at} bytes: {_short(head[at:])}"
    return line


def _descriptor(data: bytes, at: int) -> tuple[int, int]:
    if data[at] != _DESCRIBED:
        raise MalformedValueError("no described value")
    code, at = decode_value(data, at + 1)
    if not isinstance(code, int):
        raise MalformedValueError("a descriptor of another kind")
    return code, at


def _fields(data: bytes, at: int, names: list[str]) -> tuple[list[str], int]:
    kind = data[at]
    if kind == 0x45:  # noqa: PLR2004 - the empty list
        return [], at + 1
    if kind == 0xC0:  # noqa: PLR2004 - a short list: size and count in a byte each
        count, at = data[at + 2], at + 3
    else:
        count, at = int.from_bytes(data[at + 5 : at + 9], "big"), at + 9
    shown = []
    for name in names[:count]:
        described = ""
        if data[at] == _DESCRIBED:
            code, _ = decode_value(data, at + 1)
            described = _DESCRIPTIONS.get(code, "") if isinstance(code, int) else ""
        value, at = decode_value(data, at)
        if value is not None:
            text = _HIDDEN if name in _SECRET else described + _short(value)
            shown.append(f"{name}={text}")
    return shown, at


def _short(value: object) -> str:
    if isinstance(value, bytes):
        more = "..." if len(value) > _SHOWN else ""
        return f"{value[:_SHOWN]!r}{more}"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
