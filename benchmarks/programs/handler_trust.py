"""Whom a client of python-qpid-proton's trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proton import SSLDomain

if TYPE_CHECKING:
    from programs.meter import Job


def trusting_domain(job: Job) -> SSLDomain | None:
    """Return the settings of TLS for the job's peer."""
    if job.trust is None:
        return None
    domain = SSLDomain(SSLDomain.MODE_CLIENT)
    domain.set_trusted_ca_db(job.trust)
    domain.set_peer_authentication(SSLDomain.VERIFY_PEER)
    return domain
