"""One line that says what goes on in a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mqlight_devserver.snapshot import Snapshot

__all__ = ["status_line"]

_UNITS: Final = ((24 * 3600, "day"), (3600, "h"), (60, "min"))
_KIBI: Final = 1024


def status_line(snapshot: Snapshot) -> str:
    """Say how long the server has been up, who is there, what waits, and what has passed."""
    parts = [
        f"up {_duration(snapshot.uptime)}",
        _count(snapshot.client_count, "client"),
        _count(snapshot.destination_count, "destination"),
        f"{_count(snapshot.waiting, 'message')} waiting ({_size(snapshot.waiting_bytes)})",
        f"{snapshot.received} received",
        f"{snapshot.delivered} delivered",
    ]
    for number, what in ((snapshot.rejected, "rejected"), (snapshot.expired, "expired")):
        if number:
            parts.append(f"{number} {what}")
    return ", ".join(parts)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    for unit, name in _UNITS:
        if seconds >= unit:
            number = int(seconds // unit)
            return _count(number, name) if name == "day" else f"{number} {name}"
    return f"{int(seconds)} s"


def _size(size: int) -> str:
    if size < _KIBI:
        return f"{size} B"
    number = float(size)
    for name in ("KiB", "MiB"):
        number /= _KIBI
        if number < _KIBI:
            return f"{number:.1f} {name}"
    return f"{number / _KIBI:.1f} GiB"
