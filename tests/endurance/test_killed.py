"""A bounded slice of `hatch run soak kills`: a killed server has what it accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .killed import run

if TYPE_CHECKING:
    from pathlib import Path

SEED = 20


def test_what_a_server_with_a_store_accepted_survives_its_being_killed(tmp_path: Path) -> None:
    findings = run(tmp_path / "store", messages=3_000, kills=3, seed=SEED)

    assert findings.violations() == [], "\n".join(findings.lines())
    assert len(findings.accepted_at_kills) == 3
    assert 1_500 <= findings.before_the_last_kill < 3_000, findings.lines()
