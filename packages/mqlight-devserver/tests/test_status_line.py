"""The line as people read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mqlight_devserver.status_line import status_line

if TYPE_CHECKING:
    from devserver_world import World

    from mqlight_devserver.snapshot import Snapshot


@pytest.fixture
def quiet(world: World) -> Snapshot:
    return world.snapshot()


def test_a_server_with_nothing_to_do(quiet: Snapshot) -> None:
    assert status_line(quiet) == (
        "up 0 s, 0 clients, 0 destinations, 0 messages waiting (0 B), 0 received, 0 delivered"
    )


def test_a_server_with_much_to_do(quiet: Snapshot) -> None:
    busy = replace(
        quiet,
        uptime=200.9,
        client_count=4,
        destination_count=5,
        waiting=120,
        waiting_bytes=3277,
        received=1234,
        delivered=2345,
    )
    assert status_line(busy) == (
        "up 3 min, 4 clients, 5 destinations, 120 messages waiting (3.2 KiB), "
        "1234 received, 2345 delivered"
    )


def test_one_of_a_kind_is_singular(quiet: Snapshot) -> None:
    alone = replace(quiet, client_count=1, destination_count=1, waiting=1)
    assert ", 1 client, 1 destination, 1 message waiting (" in status_line(alone)


def test_what_was_rejected_or_expired_is_named_if_anything_was(quiet: Snapshot) -> None:
    assert status_line(replace(quiet, rejected=3)).endswith(" delivered, 3 rejected")
    assert status_line(replace(quiet, expired=2)).endswith(" delivered, 2 expired")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(59.9, "59 s"), (60, "1 min"), (7200, "2 h"), (86400, "1 day"), (200_000, "2 days")],
)
def test_durations(quiet: Snapshot, seconds: float, shown: str) -> None:
    assert status_line(replace(quiet, uptime=seconds)).startswith(f"up {shown}, ")


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (5 * 1024**2, "5.0 MiB"),
        (3 * 1024**3, "3.0 GiB"),
        (9999 * 1024**3, "9999.0 GiB"),
    ],
)
def test_sizes(quiet: Snapshot, size: int, shown: str) -> None:
    assert f"({shown})" in status_line(replace(quiet, waiting_bytes=size))
