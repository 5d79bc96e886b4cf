"""What the tests of the devserver share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# The helper modules beside this file; the import mode of the project puts no test folder there.
sys.path.insert(0, str(Path(__file__).parent))

from devserver_world import Client, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def watcher(world: World) -> Client:
    """A client that receives everything."""
    watcher = world.connect("w")
    watcher.subscribe("private:#", credit=100_000)
    watcher.take()
    return watcher


@pytest.fixture
def publisher(world: World) -> Client:
    """A client that may publish."""
    publisher = world.connect("p")
    publisher.publish_to("a/b")
    publisher.take()
    return publisher
