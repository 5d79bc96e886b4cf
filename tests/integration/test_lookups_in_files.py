"""Services that are looked up in files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import mqlight

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mqlight_devserver import DevServer

    Make = Callable[..., Any]


def test_services_are_looked_up_in_a_file(server: DevServer, program: Make, tmp_path: Path) -> None:
    path = tmp_path / "my services.json"
    one = program(path.as_uri())
    error = one.wait_state("retrying")
    assert isinstance(error, mqlight.NetworkError)
    assert str(error) == f"{path.as_uri()}: the file could not be read: No such file or directory"
    path.write_text(json.dumps({"service": server.url}), encoding="utf-8")
    one.wait_named("on_started")
    assert one.client.get_service() == server.url


def test_a_wrong_file_stops_the_client(program: Make, tmp_path: Path) -> None:
    path = tmp_path / "services.json"
    path.write_text("amqp://host", encoding="utf-8")
    error = program(path.as_uri()).wait_state("stopped")
    assert isinstance(error, mqlight.InvalidArgumentError)
    assert str(error).startswith(f"{path.as_uri()}: the document is no JSON")
