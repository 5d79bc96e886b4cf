"""Which Host headers a page answers to."""

from __future__ import annotations

import pytest

from mqlight_devserver.ui.host import is_served


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:9180", "127.0.0.1", "localhost:1", "LocalHost", "[::1]:9180", "10.1.2.3:80"],
)
def test_addresses_and_localhost_are_served(host: str) -> None:
    assert is_served(host, "127.0.0.1")


def test_the_name_that_was_asked_for_is_served() -> None:
    assert is_served("DevBox.example:9180", "devbox.example")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example:9180",
        "localhost.evil.example",
        "evil.example:127.0.0.1",
        "",
        ":9180",
        "localhost:",
        "localhost:123456",
        "localhost:x",
        "[::1",
        "[evil]:80",
        "user@localhost",
        "127.1",
        "localhost\n",
        " localhost",
    ],
)
def test_every_other_name_is_not(host: str) -> None:
    assert not is_served(host, "127.0.0.1")
