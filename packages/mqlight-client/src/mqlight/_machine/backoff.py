"""How long to wait before the next round of connection attempts (`mqlight-protocol.md` §2.8)."""

from __future__ import annotations

LONGEST = 60.0
"""Seconds: no wait is longer."""


def delay(failed_rounds: int, random: float) -> float:
    """Return the wait in seconds after so many failed rounds: 1.5 to 2, 3 to 4, … at most 60.

    `failed_rounds` is 1 or more; `random`, 0 to 1, keeps many clients from coming back at the same
    moment.
    """
    upper = float(2 ** min(failed_rounds, 8))
    return min(LONGEST, 0.75 * upper + random * 0.25 * upper)
