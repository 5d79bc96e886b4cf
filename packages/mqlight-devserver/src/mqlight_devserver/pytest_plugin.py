"""pytest fixtures for programs that talk to an MQ Light server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqlight_devserver.devserver import DevServer

__all__ = ["mqlight_server"]


@pytest.fixture
def mqlight_server() -> Iterator[DevServer]:
    """A server of its own for each test, at `mqlight_server.url`; anonymous clients are let in."""
    # Every run of pytest loads this module, few need the server.
    from mqlight_devserver.devserver import DevServer  # noqa: PLC0415

    with DevServer() as server:
        yield server
