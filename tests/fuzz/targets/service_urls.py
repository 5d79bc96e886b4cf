"""Service URLs: a service or the documented error, and no password in anything that is shown."""

from __future__ import annotations

import copy

from mqlight_core import InvalidArgumentError, Service, parse_service_url, redact_url

PASSWORD = "S3CRET"


def fuzz(data: bytes) -> None:
    """The bytes are a URL; a second time with a password put in."""
    text = data.decode("utf-8", "surrogateescape")
    service = _parsed(text)
    if service is not None:
        assert copy.copy(service) == service
        again = _parsed(service.address)
        assert again is not None
        assert (again.host, again.port, again.tls) == (service.host, service.port, service.tls)
    before, at, after = text.partition("@")
    if at and PASSWORD not in text.upper():
        secret = f"{before}:{PASSWORD}@{after}"
        assert PASSWORD not in redact_url(secret)
        found = _parsed(secret)
        assert found is None or PASSWORD not in f"{found!r} {found} {found.address}"


def _parsed(text: str) -> Service | None:
    try:
        return parse_service_url(text)
    except InvalidArgumentError as error:
        said = str(error)
        assert PASSWORD not in said
        return None
