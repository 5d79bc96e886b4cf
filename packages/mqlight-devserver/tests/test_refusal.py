from __future__ import annotations

from devserver_wire import AMQP_HEADER, Composite, frames

from mqlight_devserver.conditions import Refused
from mqlight_devserver.refusal import refusal


def test_a_refused_connection_is_opened_and_closed_with_the_reason() -> None:
    said = refusal("server", Refused("amqp:not-allowed", "no " + "ä" * 300))
    assert said.startswith(AMQP_HEADER)
    opened, closed = frames(said)
    assert (opened.kind, closed.kind) == ("open", "close")
    assert opened["container_id"] == "server"
    error = closed["error"]
    assert isinstance(error, Composite)
    assert error["condition"] == "amqp:not-allowed"
    assert error["description"] == "no " + "ä" * 300
