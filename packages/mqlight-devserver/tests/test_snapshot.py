"""What is counted, and what one look at a server shows."""

from __future__ import annotations

from devserver_wire import Composite
from devserver_world import SETTLED, Client, World

from mqlight_devserver.sections import Header
from mqlight_devserver.snapshot import Publication, Subscription

RELEASED = Composite("released")


def test_a_server_that_nobody_has_used(world: World) -> None:
    seen = world.snapshot()
    assert (seen.received, seen.delivered, seen.waiting, seen.client_count) == (0, 0, 0, 0)
    assert (seen.topics, seen.destinations, seen.clients, seen.recent) == ((), (), (), ())


def test_messages_are_counted_by_topic_client_and_destination(world: World) -> None:
    receiver, sender = world.connect("r"), world.connect("s")
    receiver.subscribe("private:a/#")
    sender.publish_to("a/b")
    for _ in range(3):
        sender.publish("hello")
    seen = world.snapshot()
    (topic,), (destination,), (r, s) = seen.topics, seen.destinations, seen.clients
    assert (topic.topic, topic.messages, topic.destinations) == ("a/b", 3, (0,))
    assert topic.bytes == seen.received_bytes > 3 * len("hello")
    assert (destination.pattern, destination.client_id, destination.share) == ("a/#", "r", None)
    assert (destination.delivered, destination.unsettled, destination.waiting) == (3, 3, 0)
    assert (r.client_id, r.sent, r.received) == ("r", 0, 3)
    assert (s.client_id, s.sent, s.received) == ("s", 3, 0)
    assert r.subscriptions == (Subscription("a/#", None, 3),)
    assert s.publications == (Publication("a/b", 3),)
    assert (seen.received, seen.delivered, seen.unsettled) == (3, 3, 3)


def test_to_look_twice_counts_nothing_twice(world: World, publisher: Client) -> None:
    publisher.publish()
    world.snapshot()
    publisher.publish()
    assert [world.snapshot().received for _ in range(3)] == [2, 2, 2]


def test_counts_go_on_over_grants_of_credit(world: World, publisher: Client) -> None:
    for _ in range(2500):
        publisher.publish(settled=True)
    seen = world.snapshot()
    assert (seen.received, seen.topics[0].messages, seen.clients[0].sent) == (2500, 2500, 2500)
    assert seen.clients[0].publications == (Publication("a/b", 2500),)


def test_counts_outlive_links_and_clients(world: World, publisher: Client) -> None:
    publisher.subscribe("private:a/b", mode=SETTLED)
    publisher.publish()
    publisher.detach(1)
    seen = world.snapshot()
    assert (seen.clients[0].sent, seen.clients[0].publications) == (1, ())
    publisher.drop()
    seen = world.snapshot()
    assert (seen.received, seen.delivered, seen.topics[0].messages) == (1, 1, 1)
    assert (seen.client_count, seen.destination_count) == (0, 0)


def test_messages_that_are_not_taken_count_as_rejected_only() -> None:
    world = World(max_message_size=1000)
    publisher = world.connect("p")
    publisher.publish_to("a")
    publisher.publish("x" * 2000)
    publisher.publish(b"this is not AMQP")
    publisher.publish("good")
    seen = world.snapshot()
    assert (seen.received, seen.rejected) == (1, 2)
    assert seen.received_bytes < 200
    assert seen.clients[0].sent == 1


def test_what_comes_back_has_not_been_delivered(world: World, publisher: Client) -> None:
    receiver = world.connect("r")
    receiver.subscribe("share:s:a/b", credit=2, timeout=60)
    publisher.publish()
    publisher.publish()
    receiver.settle(0)
    receiver.settle(1, state=RELEASED)
    assert world.snapshot().delivered == 1
    publisher.publish()
    receiver.credit(2, count=2)
    assert world.snapshot().delivered == 3
    receiver.drop()
    seen = world.snapshot()
    assert (seen.delivered, seen.destinations[0].delivered) == (1, 1)
    assert (seen.waiting, seen.unsettled) == (2, 0)


def test_a_destination_that_nobody_attends_to(world: World, publisher: Client) -> None:
    receiver = world.connect("r")
    receiver.subscribe("share:s:a/b", timeout=60)
    (destination,) = world.snapshot().destinations
    assert (destination.consumers, destination.ttl, destination.deleted_in) == (1, 60, None)
    receiver.drop()
    publisher.publish()
    world.wait(20)
    (destination,) = world.snapshot().destinations
    assert (destination.consumers, destination.deleted_in) == (0, 40)
    assert (destination.share, destination.client_id, destination.waiting) == ("s", None, 1)
    assert destination.waiting_bytes == world.snapshot().waiting_bytes > 0


def test_messages_whose_time_has_passed_are_counted(world: World, publisher: Client) -> None:
    watcher = world.connect("w")
    watcher.subscribe("private:a/b", credit=0)
    for _ in range(3):
        world.broker.publish("a/b", b"", Header(0, ttl=1000), world.now)
    world.wait(2)
    watcher.credit(10)
    assert world.snapshot().expired == 3
    watcher.detach(0)
    assert world.snapshot().expired == 3


def test_a_client_is_described(world: World) -> None:
    client = world.client()
    client.log_in("PLAIN", b"\0bob\0secret")
    client.open("c")
    world.wait(5)
    (seen,) = world.snapshot().clients
    assert (seen.client_id, seen.user, seen.address) == ("c", "bob", "test")
    assert (seen.connected_for, seen.tls) == (5, False)


def test_a_client_without_a_name(world: World) -> None:
    world.connect("c")
    assert world.snapshot().clients[0].user is None


def test_a_client_that_has_not_opened_or_has_closed_is_none(world: World) -> None:
    world.client().log_in()
    closing = world.connect("c")
    closing.send(b"nonsense")
    assert world.snapshot().client_count == 0


def test_the_last_messages_are_there_with_or_without_a_destination(
    world: World, publisher: Client
) -> None:
    for text in ("one", "two"):
        publisher.publish(text)
        world.wait(1)
    seen = world.snapshot()
    assert [(one.number, one.topic, seen.now - one.at) for one in seen.recent] == [
        (2, "a/b", 1),
        (1, "a/b", 2),
    ]
    assert b"two" in seen.recent[0].beginning


def test_topics_that_come_back_again_and_again_are_not_counted_again(world: World) -> None:
    for number in range(10_000):
        world.broker.traffic.publish(str(number % 2500), 1, 1)
    seen = world.snapshot()
    assert (seen.topic_count, len(seen.topics), seen.more_topics) == (1000, 1000, True)


def test_of_very_many_destinations_the_largest_are_shown_and_all_are_counted(
    world: World,
) -> None:
    client = world.connect("c")
    for number in range(1010):
        client.subscribe(f"private:t/{number}", handle=number, credit=0)
    client.publish_to("t/1009", handle=2000)
    client.publish(handle=2000)
    seen = world.snapshot()
    assert (seen.destination_count, len(seen.destinations)) == (1010, 1000)
    assert seen.destinations[-1].pattern == "t/1009"
    assert seen.topics[0].destinations == (999,)


def test_of_a_client_with_very_many_links_some_are_shown_and_its_subscriptions_counted(
    world: World,
) -> None:
    client = world.connect("c")
    for number in range(150):
        client.subscribe(f"private:t/{number}", handle=number, credit=0)
        client.publish_to(f"t/{number}", handle=1000 + number)
    (seen,) = world.snapshot().clients
    assert (len(seen.subscriptions), len(seen.publications)) == (100, 100)
    assert seen.subscription_count == 150
