"""What the tests of the devserver share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# The helper modules beside this file; the import mode of the project puts no test folder there.
sys.path.insert(0, str(Path(__file__).parent))

from devserver_world import World


@pytest.fixture
def world() -> World:
    return World()
