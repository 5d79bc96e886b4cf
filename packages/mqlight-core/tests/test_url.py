from __future__ import annotations

import pytest

from mqlight_core import InvalidArgumentError
from mqlight_core.url import UrlParts, check_host, check_port, in_brackets, invalid_url, split_url


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("a://host", UrlParts("a", None, "host", None, "")),
        ("A://u:p@Host:1/x?y#z", UrlParts("a", "u:p", "Host", "1", "/x?y#z")),
        ("a://u@v@host", UrlParts("a", "u@v", "host", None, "")),
        ("a://[::1]:1?x@y", UrlParts("a", None, "[::1]", "1", "?x@y")),
        ("a://", UrlParts("a", None, "", None, "")),
        ("a:///x", UrlParts("a", None, "", None, "/x")),
        ("a://:", UrlParts("a", None, "", "", "")),
    ],
)
def test_a_url_is_taken_apart_and_not_judged(url: str, parts: UrlParts) -> None:
    assert split_url(url, ("a", "b")) == parts


@pytest.mark.parametrize(
    ("schemes", "said"),
    [
        (("a",), "it must start with a://"),
        (("a", "b"), "it must start with a:// or b://"),
        (("a", "b", "c"), "it must start with a://, b:// or c://"),
    ],
)
def test_the_schemes_that_are_allowed_are_named(schemes: tuple[str, ...], said: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        split_url("other://host", schemes)
    assert str(caught.value) == f"Service 'other://host' is not a valid URL: {said}"


@pytest.mark.parametrize("url", ["a://::1", "a://[::1", "a://host:1:2"])
def test_a_host_with_colons_is_written_in_brackets(url: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"in brackets, as in a://\[::1\]:5672"):
        split_url(url, ("a",))


@pytest.mark.parametrize("host", ["::1", "fe80::1%eth0", "127.0.0.1", "host"])
def test_a_host_is_read_back_as_it_is_written(host: str) -> None:
    assert check_host("a://", in_brackets(host)) == host


def test_a_port_that_is_not_given_is_the_default() -> None:
    assert check_port("a://", None, 80) == 80
    assert check_port("a://", "65535", 80) == 65535
    with pytest.raises(InvalidArgumentError, match="1 to 65535"):
        check_port("a://", "", 80)


def test_no_secret_of_a_url_is_shown() -> None:
    assert "S3CRET" not in str(invalid_url("a://u:S3CRET@host?S3CRET", "why"))
