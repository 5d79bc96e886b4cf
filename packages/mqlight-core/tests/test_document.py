from __future__ import annotations

import json
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight_core import InvalidArgumentError, Service
from mqlight_core.document import LONGEST_DOCUMENT, services_in

HOST = Service("amqp", "host", 5672)
SECURE = Service("amqps", "other", 5671)


@pytest.mark.parametrize(
    ("document", "services"),
    [
        (b'{"service": "amqp://host"}', (HOST,)),
        (b'{"service": ["amqps://other", "amqp://host"]}', (SECURE, HOST)),
        (b'\n{"version": 2, "service": ["amqp://host"]}\n', (HOST,)),
        (b'\xef\xbb\xbf{"service": "amqp://host"}', (HOST,)),
        (
            b'{"service": "amqp://me:s%40cret@host"}',
            (Service("amqp", "host", 5672, "me", "s@cret"),),
        ),
    ],
)
def test_a_document_names_services(document: bytes, services: tuple[Service, ...]) -> None:
    assert services_in(document) == services


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "no JSON: Expecting value at line 1, column 1"),
        (b"<html>", "no JSON: Expecting value at line 1, column 1"),
        (b'{"service":\n"amqp://host",}', "no JSON: .* at line 2, column"),
        (b'{"service": "\xff"}', "no JSON: it is not UTF-8"),
        (b"1" * 5000, "no JSON: Exceeds the limit"),
        (b"[" * 500_000, "no JSON: maximum recursion depth exceeded"),
        (b"[]", "no JSON object with the key 'service'"),
        (b'"amqp://host"', "no JSON object with the key 'service'"),
        (b'{"services": "amqp://host"}', "no JSON object with the key 'service'"),
        (b'{"service": null}', "'service' of the document must be a URL or a list .* NoneType"),
        (b'{"service": []}', "'service' of the document must have at least one URL"),
        (b'{"service": [1]}', "'service' of the document: entry 0 must be a URL as a str, not int"),
        (b'{"service": "host"}', "'host' is not a valid URL"),
        (b'{"service": "http://host"}', "'http://host' is the URL of a lookup"),
    ],
)
def test_another_document_is_refused(document: bytes, reason: str) -> None:
    with pytest.raises(InvalidArgumentError, match=reason):
        services_in(document)


def test_a_document_may_be_as_long_as_the_limit() -> None:
    document = b'{"service": "amqp://host"}'
    assert services_in(document.ljust(LONGEST_DOCUMENT)) == (HOST,)
    with pytest.raises(InvalidArgumentError, match="longer than 1048576 bytes"):
        services_in(document.ljust(LONGEST_DOCUMENT + 1))


@pytest.mark.parametrize(
    "document",
    [
        b'{"service": "amqp://me:S3CRET@host"',
        b'{"service": "amqp://me:S3CRET@host/path"}',
        b'{"service": ["http://me:S3CRET@host"]}',
    ],
)
def test_a_password_in_a_bad_document_is_not_shown(document: bytes) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        services_in(document)
    assert "S3CRET" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


@given(
    st.binary()
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.just("service") | st.text(), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_whatever_a_document_is_it_is_read_or_refused(document: bytes) -> None:
    try:
        services = services_in(document)
    except InvalidArgumentError:
        return
    assert services
