"""The blocking client where a wait ends early: what others use must not end with it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

import mqlight.blocking

PATIENCE = 20.0

if TYPE_CHECKING:
    from mqlight_devserver import DevServer


def test_a_start_without_time_leaves_a_started_client_alone(server: DevServer) -> None:
    with mqlight.blocking.Client(server.url) as client:
        client.start(timeout=0)
        assert client.state == mqlight.STARTED


def test_a_start_that_is_interrupted_stops_the_client() -> None:
    client = mqlight.blocking.Client("amqp://127.0.0.1:1")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt), client:
            pass
        assert client.state in (mqlight.STOPPING, mqlight.STOPPED)
        assert client.stop(timeout=PATIENCE)
    finally:
        signal.signal(signal.SIGALRM, before)
        client.stop()
