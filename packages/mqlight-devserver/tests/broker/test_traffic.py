from __future__ import annotations

from mqlight_devserver.broker import Account, Traffic


def test_topics_add_up() -> None:
    traffic = Traffic()
    for topic, messages, size in (("a", 2, 20), ("b", 1, 5), ("a", 3, 30)):
        traffic.publish(topic, messages, size)
    shown = [(topic.name, topic.messages, topic.bytes) for topic in traffic.topics()]
    assert shown == [("b", 1, 5), ("a", 5, 50)]
    assert (traffic.received, traffic.received_bytes) == (6, 55)


def test_of_very_many_topics_the_busiest_and_the_newest_are_kept() -> None:
    traffic = Traffic()
    traffic.publish("busy", 100, 100)
    for number in range(100_000):
        traffic.publish(str(number), 1, 1)
    kept = [topic.name for topic in traffic.topics()]
    assert kept[0] == "busy"
    assert kept[-500:] == [str(number) for number in range(99_500, 100_000)]
    assert len(kept) == 1000
    assert traffic.more_topics
    assert traffic.received == 100_100


def test_all_of_a_thousand_topics_are_kept_however_often_they_come() -> None:
    traffic = Traffic()
    for number in range(5000):
        traffic.publish(str(number % 1000), 1, 1)
    assert [topic.messages for topic in traffic.topics()] == [5] * 1000
    assert not traffic.more_topics


def test_the_table_of_topics_never_grows_beyond_twice_what_is_kept() -> None:
    traffic = Traffic()
    for number in range(5000):
        traffic.publish(str(number), 1, 1)
        assert len(traffic._topics) <= 2000


def test_what_a_client_does_counts_for_it_and_for_all() -> None:
    traffic = Traffic()
    first, second = Account(traffic), Account(traffic)
    first.publish("a", 2, 20)
    second.publish("a", 1, 10)
    second.deliver(3)
    second.deliver(-1)
    first.reject()
    assert (first.sent, first.received) == (2, 0)
    assert (second.sent, second.received) == (1, 2)
    assert (traffic.received, traffic.delivered, traffic.rejected) == (3, 2, 1)
