"""Many messages through the programs: all arrive in order, and memory stays as it is."""

from __future__ import annotations

from .programs import run_programs


def test_messages_arrive_in_order_and_no_program_grows() -> None:
    messages = 40_000
    found = run_programs(messages)
    assert found.wrong_lines == []
    assert found.statuses == {"sender": 0, "receiver": 130, "server": 0}
    for name, settled in found.settled_mib.items():
        assert found.most_mib[name] < settled + 16, found
