from __future__ import annotations

import pytest
from devserver_consumers import Recorder, numbered, orders

from mqlight_devserver.broker import Destination, Identity

SHARED = Identity("a/#", "share", None)


def destination(*orders: int, size: int = 10) -> Destination:
    made = Destination(SHARED, 0)
    for order in orders:
        made.put(numbered(order, size=size))
    return made


def test_messages_are_delivered_in_the_order_of_publication() -> None:
    queue, consumer = destination(1, 2, 3), Recorder("a", credit=10)
    queue.add(consumer)
    queue.deliver(0.0)
    assert consumer.taken == [1, 2, 3]
    assert not queue.messages


def test_a_consumer_gets_no_more_than_it_has_room_for() -> None:
    queue, consumer = destination(1, 2, 3), Recorder("a", credit=2)
    queue.add(consumer)
    queue.deliver(0.0)
    assert consumer.taken == [1, 2]
    assert orders(queue.messages) == [3]


def test_consumers_of_a_share_take_turns() -> None:
    queue = destination(1, 2, 3, 4, 5)
    first, second = Recorder("a", credit=10), Recorder("b", credit=10)
    queue.add(first)
    queue.add(second)
    queue.deliver(0.0)
    assert (first.taken, second.taken) == ([1, 3, 5], [2, 4])


def test_the_turn_goes_on_from_batch_to_batch() -> None:
    queue = destination()
    first, second = Recorder("a", credit=10), Recorder("b", credit=10)
    queue.add(first)
    queue.add(second)
    for order in (1, 2, 3, 4):
        queue.put(numbered(order))
        queue.deliver(0.0)
    assert (first.taken, second.taken) == ([1, 3], [2, 4])


def test_a_consumer_without_room_is_passed_over() -> None:
    queue = destination(1, 2, 3, 4, 5)
    full, slow, quick = Recorder("a", credit=0), Recorder("b", credit=1), Recorder("c", credit=9)
    for consumer in (full, slow, quick):
        queue.add(consumer)
    queue.deliver(0.0)
    assert (full.taken, slow.taken, quick.taken) == ([], [1], [2, 3, 4, 5])


def test_without_consumers_messages_stay() -> None:
    queue = destination(1, 2)
    queue.deliver(0.0)
    assert orders(queue.messages) == [1, 2]


def test_a_second_consumer_of_the_same_client_replaces_the_first() -> None:
    queue = destination(1)
    first, second = Recorder("a", credit=9), Recorder("a", credit=9)
    assert queue.add(first) is None
    assert queue.add(second) is first
    queue.deliver(0.0)
    assert (first.taken, second.taken) == ([], [1])


def test_a_removed_consumer_gets_nothing() -> None:
    queue = destination(1, 2)
    gone, left = Recorder("a", credit=9), Recorder("b", credit=9)
    queue.add(gone)
    queue.add(left)
    queue.remove(gone)
    queue.deliver(0.0)
    assert (gone.taken, left.taken) == ([], [1, 2])


def test_a_consumer_that_is_not_attached_cannot_be_removed() -> None:
    with pytest.raises(ValueError, match="not in list"):
        destination().remove(Recorder("a", credit=1))


@pytest.mark.parametrize("returned", [[1, 2], [2, 1], [1], []])
def test_returned_messages_go_back_to_the_front_in_order(returned: list[int]) -> None:
    queue = destination(5, 6)
    queue.give_back([numbered(order) for order in returned])
    assert orders(queue.messages) == [*sorted(returned), 5, 6]


def test_messages_of_two_consumers_are_returned_to_their_places() -> None:
    queue = destination(9)
    queue.give_back([numbered(1), numbered(3), numbered(8)])
    queue.give_back([numbered(4), numbered(2)])
    assert orders(queue.messages) == [1, 2, 3, 4, 8, 9]


def test_expired_messages_are_dropped_on_the_way_and_count_for_no_credit() -> None:
    queue, consumer = destination(), Recorder("a", credit=2)
    for order, expires_at in [(1, 5.0), (2, None), (3, 10.0), (4, 10.1), (5, None)]:
        queue.put(numbered(order, expires_at=expires_at))
    queue.add(consumer)
    queue.deliver(10.0)
    assert consumer.taken == [2, 4]
    assert orders(queue.messages) == [5]


def test_expired_messages_alone_are_no_delivery() -> None:
    queue, consumer = destination(), Recorder("a", credit=9)
    queue.put(numbered(1, expires_at=1.0))
    queue.add(consumer)
    queue.deliver(1.0)
    assert consumer.batches == []
    assert not queue.messages


def test_any_number_of_expired_messages_may_be_in_the_way() -> None:
    queue, consumer = destination(), Recorder("a", credit=1)
    for order in range(5000):
        queue.put(numbered(order, expires_at=1.0))
    queue.put(numbered(5000))
    queue.add(consumer)
    queue.deliver(1.0)
    assert consumer.taken == [5000]


@pytest.mark.parametrize("clients", [["a"], ["a", "b"]])
def test_large_messages_are_handed_out_a_few_at_a_time(clients: list[str]) -> None:
    queue = destination(*range(10), size=500_000)
    consumers = [Recorder(client, credit=20) for client in clients]
    for consumer in consumers:
        queue.add(consumer)
    assert queue.deliver(0.0)
    assert sum(len(consumer.taken) for consumer in consumers) == 3
    while queue.deliver(0.0):
        pass
    assert sorted(order for consumer in consumers for order in consumer.taken) == [*range(10)]


@pytest.mark.parametrize("clients", [["a"], ["a", "b"]])
def test_without_room_there_is_nothing_more_to_do_at_once(clients: list[str]) -> None:
    queue = destination(1, 2, 3)
    for client in clients:
        queue.add(Recorder(client, credit=1))
    assert not queue.deliver(0.0)
    assert queue.messages


def test_expired_messages_can_be_dropped_without_a_delivery() -> None:
    queue = destination()
    queue.put(numbered(1, expires_at=1.0))
    queue.put(numbered(2, expires_at=3.0))
    queue.drop_expired(2.0)
    assert orders(queue.messages) == [2]
    assert queue.queued_bytes == 10
    queue.drop_expired(2.0)
    assert orders(queue.messages) == [2]


def test_the_bytes_that_wait_are_counted() -> None:
    queue, consumer = destination(1, 2, 3, size=100), Recorder("a", credit=1)
    assert queue.queued_bytes == 300
    queue.add(consumer)
    queue.deliver(0.0)
    assert queue.queued_bytes == 200
    queue.give_back([numbered(1, size=100)])
    assert queue.queued_bytes == 300
    consumer.credit = 9
    queue.deliver(0.0)
    assert queue.queued_bytes == 0
