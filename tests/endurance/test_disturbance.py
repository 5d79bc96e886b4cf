"""A bounded slice of `hatch run soak`: nothing is lost in a network that breaks all the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .disturbance import FACES, run

if TYPE_CHECKING:
    from mqlight_devserver import DevServer

SEED = 20


@pytest.mark.parametrize("face", FACES)
def test_messages_survive_disconnections_at_any_byte(mqlight_server: DevServer, face: str) -> None:
    outcome = run(face, mqlight_server.port, messages=5_000, disconnections=40, seed=SEED)

    assert outcome.record.violations() == [], "\n".join(outcome.lines())
    assert outcome.record.losses >= 15, outcome.lines()
