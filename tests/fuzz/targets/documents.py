"""Lookup documents and VCAP_SERVICES: services or the documented error."""

from __future__ import annotations

from mqlight_core import InvalidArgumentError
from mqlight_core.document import services_in
from mqlight_core.vcap import VCAP_SERVICES, bound_service


def fuzz(data: bytes) -> None:
    """The bytes are a document, and the value of the variable."""
    try:
        services = services_in(data)
    except InvalidArgumentError:
        pass
    else:
        assert services
        assert all(0 < service.port <= 0xFFFF for service in services)
    try:
        bound = bound_service({VCAP_SERVICES: data.decode("utf-8", "surrogateescape")})
    except InvalidArgumentError:
        pass
    else:
        assert bound.user
        assert bound.lookup_url.lower().startswith("http")
