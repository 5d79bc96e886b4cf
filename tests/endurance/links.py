"""Counts the links of the connections that a devserver in this process has."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest.mock import patch

from mqlight_devserver.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqlight_devserver import _binding as pn
    from mqlight_devserver.incoming_link import IncomingLink


@dataclass
class Links:
    """Links that publish."""

    attached: int = 0
    most_at_a_time: int = 0
    """The most that one connection had."""


@contextmanager
def watch_links() -> Iterator[Links]:
    """Count the links that are attached in the meantime."""
    links = Links()
    publisher = Connection._publisher

    def counted(connection: Connection, pointer: pn.Link, now: float) -> IncomingLink:
        links.attached += 1
        links.most_at_a_time = max(links.most_at_a_time, len(connection._links) + 1)
        return publisher(connection, pointer, now)

    with patch.object(Connection, "_publisher", counted):
        yield links
