"""A record finds every broken promise, and nothing where there is none."""

from __future__ import annotations

import pytest

from .record import Reader, Record

MESSAGES = 6


@pytest.fixture
def record() -> Record:
    """A run of six messages over two topics, all accepted."""
    made = Record(MESSAGES, topics=2)
    made.readers.append(Reader("reader", credit=1))
    for _ in range(MESSAGES):
        made.accept()
    return made


def receive(record: Record, *numbers: int) -> None:
    for number in numbers:
        record.receive(record.readers[0], record.topic(number), number)


def tell(record: Record, *numbers: int) -> None:
    for number in numbers:
        record.tell(number, None)


def test_a_good_run_has_no_violations(record: Record) -> None:
    tell(record, 0, 2, 4, 1, 3, 5)
    assert not record.complete
    receive(record, 1, 0, 2, 3, 4, 5)
    assert record.complete
    assert record.violations() == []


def test_what_is_missing_is_found(record: Record) -> None:
    tell(record, 0, 1, 2)
    receive(record, 0, 1, 2, 3)
    assert record.violations() == [
        "3 messages never told: 3, 4, 5",
        "2 messages never received by reader: 4, 5",
    ]


def test_what_is_told_twice_or_with_an_error_is_found(record: Record) -> None:
    tell(record, 0, 1, 2, 3, 4, 5, 5)
    record.tell(5, "refused")
    receive(record, *range(MESSAGES))
    assert record.violations() == [
        "2 messages told twice: 5, 5",
        "1 messages told with an error: (5, 'refused')",
    ]


def test_a_wrong_order_within_a_topic_is_found(record: Record) -> None:
    tell(record, *range(MESSAGES))
    receive(record, 0, 1, 4, 2, 3, 5)
    assert record.violations() == [
        "1 messages received by reader out of order (a message, after which): (2, 4)"
    ]


def test_a_wrong_topic_is_found(record: Record) -> None:
    tell(record, *range(MESSAGES))
    receive(record, *range(MESSAGES - 1))
    record.receive(record.readers[0], "elsewhere", 5)
    assert record.violations() == ["1 messages received by reader with another topic: 5"]


def test_a_drain_that_does_not_come_is_found(record: Record) -> None:
    tell(record, *range(MESSAGES))
    receive(record, *range(MESSAGES))
    record.refused_sends = 2
    record.drains = 1
    assert record.violations() == ["2 sends said to wait, 1 drains followed"]


def test_a_message_may_come_again_after_a_loss(record: Record) -> None:
    receive(record, 0)
    record.lose_sender()
    receive(record, 0)
    record.readers[0].losses += 1
    receive(record, 0, 0, *range(1, MESSAGES))
    tell(record, *range(MESSAGES))
    assert record.violations() == []


@pytest.mark.parametrize("lost", ["nothing", "before it was accepted", "after it was told"])
def test_a_message_that_comes_again_for_no_reason_is_found(lost: str) -> None:
    record = Record(1, topics=1)
    record.readers.append(Reader("reader", credit=1))
    if lost == "before it was accepted":
        record.lose_sender()
        record.readers[0].losses += 1
    record.accept()
    receive(record, 0)
    tell(record, 0)
    if lost == "after it was told":
        record.lose_sender()
    receive(record, 0)
    assert "1 messages received by reader too often: 0" in record.violations()


def test_more_messages_again_than_were_unsettled_are_found(record: Record) -> None:
    tell(record, *range(MESSAGES))
    receive(record, *range(MESSAGES))
    record.readers[0].losses += 1
    receive(record, 0, 1, 2)
    assert record.violations() == [
        "reader received 3 messages again, but only 2 were unsettled when connections were lost"
    ]
