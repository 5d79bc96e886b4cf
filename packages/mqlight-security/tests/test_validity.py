from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from mqlight_security.validity import validity_of


def der_of(since: datetime, until: datetime) -> bytes:
    issued = trustme.CA().issue_cert("x", not_before=since, not_after=until)
    return ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-01-02T03:04:05", "2027-06-07T08:09:10"),
        ("1999-12-31T23:59:59", "2049-12-31T23:59:59"),
        ("1951-01-01T00:00:00", "2050-01-01T00:00:00"),  # the year in two digits, and in four
    ],
)
def test_the_times_of_a_certificate_are_read(since: str, until: str) -> None:
    times = tuple(datetime.fromisoformat(time).replace(tzinfo=UTC) for time in (since, until))
    assert validity_of(der_of(*times)) == times


def test_a_certificate_that_is_cut_off_before_its_times_is_none() -> None:
    whole = der_of(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    for length in range(len(whole)):
        assert validity_of(whole[:length]) is None


@given(st.binary(max_size=300))
def test_anything_else_is_none(data: bytes) -> None:
    assert validity_of(data) is None


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_certificate_with_a_wrong_byte_is_read_or_none(at: int, byte: int) -> None:
    damaged = bytearray(CERTIFICATE)
    damaged[at % len(damaged)] = byte
    validity_of(bytes(damaged))


CERTIFICATE = der_of(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def test_the_certificates_of_the_system_are_read() -> None:
    store = ssl.get_default_verify_paths().cafile
    if not store or not Path(store).exists():
        pytest.skip("this system has no trust store in one file")
    context = ssl.create_default_context()
    found = context.get_ca_certs()
    for described, certificate in zip(found, context.get_ca_certs(binary_form=True), strict=True):
        validity = validity_of(certificate)
        assert validity is not None
        assert validity.until.timestamp() == ssl.cert_time_to_seconds(str(described["notAfter"]))
        assert validity.since.timestamp() == ssl.cert_time_to_seconds(str(described["notBefore"]))
