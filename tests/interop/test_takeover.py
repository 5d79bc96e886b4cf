"""A client that connects with the id of another takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .peer import PATIENCE, MakePeer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .python_peer import PythonPeer

LONG = 60_000
"""A ttl in ms that no test outlasts."""

Makers = tuple[MakePeer, MakePeer]


@pytest.fixture(params=["Node replaces ours", "ours replaces Node"])
def makers(request: pytest.FixtureRequest, ours: MakePeer, node: MakePeer) -> Makers:
    """How to make the older and the newer client."""
    return (ours, node) if request.param == "Node replaces ours" else (node, ours)


def test_the_client_that_is_replaced_reports_replaced_error(makers: Makers) -> None:
    make_older, make_newer = makers
    older = make_older("same")
    make_newer("same")
    assert older.error() == "ReplacedError"


def test_our_client_stops_when_it_is_replaced(
    ours: Callable[[str], PythonPeer], node: MakePeer
) -> None:
    older = ours("same")
    node("same")
    assert older.error() == "ReplacedError"
    assert older.client.wait_stopped(PATIENCE)


def test_the_client_that_replaces_another_exchanges_messages(makers: Makers) -> None:
    make_older, make_newer = makers
    older = make_older("same")
    older.subscribe("news")
    newer = make_newer("same")
    assert older.error() == "ReplacedError"
    newer.subscribe("news", qos=1)
    newer.send("news", "to itself")
    assert [message.data for message in newer.receive()] == ["to itself"]


def test_the_client_that_replaces_another_finds_its_destination(makers: Makers) -> None:
    make_older, make_newer = makers
    older = make_older("same")
    older.subscribe("news", qos=1, ttl=LONG, auto_confirm=False)
    older.send("news", "unconfirmed")
    older.receive()
    newer = make_newer("same")
    assert older.error() == "ReplacedError"
    newer.send("news", "to nobody attached")
    newer.subscribe("news", qos=1, ttl=LONG)
    assert [message.data for message in newer.receive(2)] == ["unconfirmed", "to nobody attached"]
