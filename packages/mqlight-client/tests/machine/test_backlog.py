from __future__ import annotations

import pytest

from mqlight._machine.backlog import MOST_BYTES, MOST_MESSAGES, Backlog


def backlog_of(messages: int, size: int, *, drain_owed: bool = True) -> Backlog:
    backlog = Backlog(most_queued_bytes=10**9)
    backlog.accepted = 5000
    backlog.accepted_bytes = 5_000_000
    backlog.finished = backlog.accepted - messages
    backlog.finished_bytes = backlog.told_bytes = backlog.accepted_bytes - size
    backlog.drain_owed = drain_owed
    return backlog


def test_the_backlog_is_what_is_accepted_and_not_finished() -> None:
    backlog = backlog_of(messages=7, size=700)
    assert (backlog.messages, backlog.size) == (7, 700)


def test_a_new_backlog_is_empty_and_owes_nothing() -> None:
    backlog = Backlog(most_queued_bytes=1)
    assert (backlog.messages, backlog.size, backlog.drain_owed) == (0, 0, False)
    assert not backlog.drained()


@pytest.mark.parametrize(
    ("messages", "size", "drained"),
    [
        (0, 0, True),
        (MOST_MESSAGES // 2, MOST_BYTES // 2, True),
        (MOST_MESSAGES // 2 + 1, 0, False),
        (0, MOST_BYTES // 2 + 1, False),
        (MOST_MESSAGES, MOST_BYTES, False),
    ],
)
def test_an_owed_drain_falls_due_at_half_the_backlog(
    messages: int, size: int, *, drained: bool
) -> None:
    backlog = backlog_of(messages, size)
    assert backlog.drained() is drained
    assert backlog.drain_owed is not drained


def test_messages_count_until_their_on_sent_has_returned() -> None:
    backlog = backlog_of(messages=0, size=0)
    backlog.most_queued_bytes = 1000
    backlog.told_bytes -= 501
    assert backlog.held == 501
    assert not backlog.drained()
    backlog.told_bytes += 1
    assert backlog.drained()


def test_a_drain_falls_due_once() -> None:
    backlog = backlog_of(messages=0, size=0)
    assert backlog.drained()
    assert not backlog.drained()


def test_no_drain_falls_due_that_nobody_is_owed() -> None:
    assert not backlog_of(messages=0, size=0, drain_owed=False).drained()
