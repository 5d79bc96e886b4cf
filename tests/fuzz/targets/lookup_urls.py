"""URLs of lookups: their parts or the documented error, which shows no password."""

from __future__ import annotations

from mqlight_core import InvalidArgumentError
from mqlight_core.lookup_url import is_lookup_url, parse_file_url, parse_http_url

PASSWORD = "S3CRET"


def fuzz(data: bytes) -> None:
    """The bytes are a URL; a second time with a password put in."""
    text = data.decode("utf-8", "surrogateescape")
    is_lookup_url(text)
    before, at, after = text.partition("@")
    for url in {text, f"{before}:{PASSWORD}@{after}" if at else text}:
        try:
            parsed = parse_http_url(url)
        except InvalidArgumentError as error:
            said = str(error)
            assert PASSWORD in text or PASSWORD not in said
        else:
            assert parsed.host
            assert 0 < parsed.port <= 0xFFFF
            assert not set(parsed.target) & set("\r\n ")
        try:
            path = parse_file_url(url)
        except InvalidArgumentError as error:
            said = str(error)
            assert PASSWORD in text or PASSWORD not in said
        else:
            assert "\0" not in path
