from __future__ import annotations

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight_core import InvalidArgumentError
from mqlight_core.lookup_url import HttpUrl, is_lookup_url, parse_file_url, parse_http_url


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("http://host", True),
        ("HTTPS://host", True),
        ("file:///path", True),
        ("amqp://host", False),
        ("http", False),
        ("http:host", False),
        ("", False),
    ],
)
def test_the_scheme_makes_a_lookup(url: str, *, is_one: bool) -> None:
    assert is_lookup_url(url) is is_one


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://host", HttpUrl("http", "host", 80, "/")),
        ("HTTPS://Host", HttpUrl("https", "host", 443, "/")),
        ("http://host:8080/a/b?c=d", HttpUrl("http", "host", 8080, "/a/b?c=d")),
        ("http://host?c=d", HttpUrl("http", "host", 80, "/?c=d")),
        ("http://host/a#part", HttpUrl("http", "host", 80, "/a")),
        ("http://host#part", HttpUrl("http", "host", 80, "/")),
        ("http://host/a%20b/ä", HttpUrl("http", "host", 80, "/a%20b/%C3%A4")),
        ("http://host/me@here", HttpUrl("http", "host", 80, "/me@here")),
        ("http://[::1]:81/", HttpUrl("http", "::1", 81, "/")),
    ],
)
def test_an_http_url_says_whom_to_ask_for_what(url: str, expected: HttpUrl) -> None:
    assert parse_http_url(url) == expected


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://host", "host"),
        ("http://host:80", "host"),
        ("http://host:443", "host:443"),
        ("https://host:443", "host"),
        ("http://[::1]:81", "[::1]:81"),
        ("http://[fe80::1%25eth0]", "[fe80::1]"),
        ("http://bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_the_authority_is_what_the_header_host_takes(url: str, authority: str) -> None:
    assert parse_http_url(url).authority == authority


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("amqp://host", "it must start with http:// or https://"),
        ("http:host", "it must start with http:// or https://"),
        ("http:///path", "it has no host"),
        ("http://ho st", "white space or a control character"),
        ("http://host/a\r\nHost: other", "white space or a control character"),
        ("http://host:0", "the port must be a number from 1 to 65535"),
        ("http://ho!st", "it has no valid host name"),
        ("http://[host]", "no valid IPv6 address"),
        ("http://::1", "written in brackets"),
        ("http://host/\ud800", "a lone surrogate"),
        ("http://me@host", "a user and password cannot be part of a lookup"),
    ],
)
def test_a_bad_http_url_is_refused(url: str, reason: str) -> None:
    with pytest.raises(InvalidArgumentError, match=reason):
        parse_http_url(url)


def test_a_password_in_an_http_url_is_refused_and_not_shown() -> None:
    url = "https://me:S3CRET@host/?key=S3CRET"
    with pytest.raises(InvalidArgumentError, match=r"me:\*{8}@host") as caught:
        parse_http_url(url)
    assert "S3CRET" not in "".join(traceback.format_exception(caught.value))


@given(st.text())
def test_what_a_request_asks_for_is_printable_ascii(text: str) -> None:
    try:
        url = parse_http_url(f"http://host/{text}")
    except InvalidArgumentError:
        return
    assert url.target.isascii()
    assert url.target.isprintable()
    assert " " not in url.target


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///etc/services.json", "/etc/services.json"),
        ("file://localhost/etc/services.json", "/etc/services.json"),
        ("FILE://LocalHost/a", "/a"),
        ("file:///a%20b%3F%23/%C3%A4", "/a b?#/ä"),
        ("file:///ä[1]", "/ä[1]"),
    ],
)
def test_a_file_url_names_a_path(url: str, path: str) -> None:
    assert parse_file_url(url) == path


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file://other/path", "file:///path or file://localhost/path"),
        ("file://path", "file:///path or file://localhost/path"),
        ("file://", "file:///path or file://localhost/path"),
        ("file://localhost", "file:///path or file://localhost/path"),
        ("file://localhost:80/path", "file:///path or file://localhost/path"),
        ("file://me@localhost/path", "file:///path or file://localhost/path"),
        ("file:/path", "it must start with file://"),
        ("file:///a b", "white space"),
        ("file:///a?b", "%3F or %23"),
        ("file:///a#b", "%3F or %23"),
        ("file:///a%00b", "NUL"),
    ],
)
def test_a_bad_file_url_is_refused(url: str, reason: str) -> None:
    with pytest.raises(InvalidArgumentError, match=reason):
        parse_file_url(url)
