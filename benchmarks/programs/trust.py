"""Whom a client of ours trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mqlight
    from programs.meter import Job


def trusting(job: Job) -> mqlight.typing.SecurityOptionsDict | None:
    """Return the security options for the job's peer."""
    return {"ssl_trust_certificate": job.trust} if job.trust else None
