"""The times in a certificate: both, as OpenSSL reads them, or None."""

from __future__ import annotations

from mqlight_security.validity import validity_of


def fuzz(data: bytes) -> None:
    """The bytes are a certificate in DER."""
    validity = validity_of(data)
    if validity is not None:
        assert validity.since.tzinfo is not None
        assert validity.until.tzinfo is not None
