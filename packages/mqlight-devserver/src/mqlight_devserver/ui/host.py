"""Which names a page is served under: others may be made to point here (DNS rebinding)."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

__all__ = ["is_served"]

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::[0-9]{1,5})?")


def is_served(host: str, own_name: str) -> bool:
    """Whether a request's Host is an address, localhost, or the name that was listened on.

    The port does not matter: it may be forwarded.
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1].lower()
    if name in {"localhost", own_name.lower()}:
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
