"""Topics, patterns, shares, addresses and client ids: what is accepted survives the wire."""

from __future__ import annotations

from mqlight_core import InvalidArgumentError
from mqlight_core.client_id import check_client_id
from mqlight_core.topics import (
    Destination,
    check_pattern,
    check_share,
    check_topic,
    parse_address,
    topic_from_to,
)


def fuzz(data: bytes) -> None:
    """The first line is a share, the rest a topic, a pattern and an address."""
    first, _, rest = data.decode("utf-8", "surrogateescape").partition("\n")
    topic_from_to(rest)
    for check in (check_topic, check_client_id):
        try:
            assert check(rest) == rest
            rest.encode()
        except InvalidArgumentError:
            pass
    try:
        share = check_share(first)
        pattern = check_pattern(rest)
    except InvalidArgumentError:
        pass
    else:
        for destination in (Destination(pattern, share), Destination(pattern)):
            assert parse_address(destination.address) == destination
    try:
        destination = parse_address(rest)
    except InvalidArgumentError:
        pass
    else:
        assert parse_address(destination.address) == destination
