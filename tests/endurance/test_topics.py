"""Topics that are done cost nothing, however many there have been."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._amqp.senders import MOST_LINKS

from .child import run_child
from .links import watch_links

if TYPE_CHECKING:
    from mqlight_devserver import DevServer


def test_links_are_bounded_over_many_topics(mqlight_server: DevServer) -> None:
    topics = 3_000
    with watch_links() as links:
        found = run_child("send_to_many_topics", mqlight_server.url, topics, seconds=40)
    assert found["told once"] == topics
    assert found["outcomes"] == {"NoneType": topics}
    assert found["lanes left"] <= MOST_LINKS
    assert links.attached == topics
    assert links.most_at_a_time <= MOST_LINKS
