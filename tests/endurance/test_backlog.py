"""What is queued while the server takes nothing, and what becomes of it."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

import mqlight

from .child import run_child
from .stalled import StalledServer

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 20.0


@pytest.fixture
def stalled() -> Iterator[StalledServer]:
    with StalledServer() as server:
        yield server


@pytest.mark.parametrize("qos", [0, 1])
def test_every_queued_message_is_told_of_the_stop(stalled: StalledServer, qos: int) -> None:
    messages = 50_000
    found = run_child("fill_backlog", stalled.url, qos, messages, seconds=PATIENCE * 2)
    assert found["queued"] == messages
    assert found["told once"] == messages
    assert found["outcomes"] == {"StoppedError": messages}
    assert found["bytes a message"] < 1_000, "of 100 characters"


def test_nothing_is_accepted_beyond_the_limit_until_there_is_room(stalled: StalledServer) -> None:
    most = 100_000
    drained, all_told = threading.Event(), threading.Event()
    accepted: list[int] = []
    told: list[tuple[Any, int]] = []

    def on_sent(_client: mqlight.Client, error: Any, _topic: str, number: int, _: Any) -> None:
        told.append((error, number))
        if number == -1:
            all_told.set()

    client = mqlight.Client(
        stalled.url,
        on_drain=lambda _: drained.set(),
        client_options={"max_queued_bytes": most},
    )
    with client:
        with suppress(mqlight.MQLightError):
            while len(accepted) < most:
                client.send("t", len(accepted), {"qos": 1}, on_sent)
                accepted.append(len(accepted))
        assert 1_000 < len(accepted) < most
        with pytest.raises(mqlight.MQLightError, match=r"100000 bytes .*wait for on_drain"):
            client.send("t", "one more", {"qos": 1}, on_sent)
        assert not drained.is_set()
        assert told == []

        stalled.resume()
        assert drained.wait(PATIENCE)
        client.send("t", -1, {"qos": 1}, on_sent)
        assert all_told.wait(PATIENCE)

    assert told == [(None, number) for number in [*accepted, -1]]
