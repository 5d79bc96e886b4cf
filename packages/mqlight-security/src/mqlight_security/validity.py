"""From when until when a certificate is valid, read from its DER (RFC 5280 section 4.1).

The standard library tells that only of the certificates of authorities and of peers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

__all__ = ["Validity", "validity_of"]

_INTEGER = 0x02
_UTC_TIME = 0x17
_GENERALIZED_TIME = 0x18
_SEQUENCE = 0x30
_VERSION = 0xA0


class Validity(NamedTuple):
    """Both times belong to it."""

    since: datetime
    until: datetime


class _NotDerError(ValueError):
    pass


def validity_of(certificate: bytes) -> Validity | None:
    """Return when a certificate in DER is valid; None for what is no certificate."""
    try:
        at, end = _inside(certificate, 0, len(certificate), _SEQUENCE)
        at, end = _inside(certificate, at, end, _SEQUENCE)
        if certificate[at : at + 1] == bytes((_VERSION,)):
            at = _inside(certificate, at, end, _VERSION)[1]
        at = _inside(certificate, at, end, _INTEGER)[1]  # the serial number
        at = _inside(certificate, at, end, _SEQUENCE)[1]  # the algorithm of the signature
        at = _inside(certificate, at, end, _SEQUENCE)[1]  # the issuer
        at, end = _inside(certificate, at, end, _SEQUENCE)
        since, at = _time(certificate, at, end)
        until, _ = _time(certificate, at, end)
    except _NotDerError:
        return None
    return Validity(since, until)


def _inside(data: bytes, at: int, end: int, *tags: int) -> tuple[int, int]:
    """Return where the content of the element at `at` starts and ends."""
    head = data[at : min(at + 2, end)]
    if len(head) < 2 or head[0] not in tags:  # noqa: PLR2004 - a tag and a length
        raise _NotDerError
    start, length = at + 2, head[1]
    if length > 0x7F:  # noqa: PLR2004 - the length's own length
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > end:
        raise _NotDerError
    return start, start + length


def _time(data: bytes, at: int, end: int) -> tuple[datetime, int]:
    start, stop = _inside(data, at, end, _UTC_TIME, _GENERALIZED_TIME)
    text = data[start:stop].decode("ascii", "replace")
    if data[at] == _UTC_TIME:
        # Two digits of the year: 50 to 99 are of the last century.
        text = ("19" if text[:2] >= "50" else "20") + text
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC), stop
    except ValueError:
        raise _NotDerError from None
