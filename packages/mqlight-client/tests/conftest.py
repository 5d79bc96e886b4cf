"""What the tests of the client share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

# The helper modules beside this file; the import mode of the project puts no test folder there.
sys.path.insert(0, str(Path(__file__).parent))

from driven_client import DrivenClient
from server_peer import ServerPeer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def peer() -> ServerPeer:
    """Return the other end of a connection."""
    return ServerPeer()


@pytest.fixture
def make_peer() -> Callable[..., ServerPeer]:
    """Return what makes other ends of connections."""
    return ServerPeer


@pytest.fixture
def idle(make_peer: Callable[..., ServerPeer]) -> Iterator[DrivenClient]:
    """Return a client that has not been started."""
    client = DrivenClient(make_peer)
    yield client
    client.engine.drop()


@pytest.fixture
def client(idle: DrivenClient) -> DrivenClient:
    """Return a client that is started."""
    idle.start()
    idle.dial()
    idle.turn()
    idle.taken_log()
    return idle
