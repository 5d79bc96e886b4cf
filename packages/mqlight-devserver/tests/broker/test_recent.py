from __future__ import annotations

from mqlight_devserver.broker import RecentMessages


def test_the_last_are_kept_the_newest_first() -> None:
    recent = RecentMessages(2)
    for number in (1, 2, 3):
        recent.add(f"t{number}", b"x" * number, float(number))
    assert [(one.number, one.topic, one.at, one.size) for one in recent.newest_first()] == [
        (3, "t3", 3.0, 3),
        (2, "t2", 2.0, 2),
    ]


def test_of_a_large_message_only_the_beginning_is_held() -> None:
    recent = RecentMessages(1)
    recent.add("t", b"abc" + bytes(1_000_000), 0.0)
    (only,) = recent.newest_first()
    assert only.size == 1_000_003
    assert only.beginning.startswith(b"abc")
    assert len(only.beginning) <= 16 * 1024


def test_a_small_message_is_not_copied() -> None:
    recent, encoded = RecentMessages(1), b"small"
    recent.add("t", encoded, 0.0)
    assert recent.newest_first()[0].beginning is encoded
