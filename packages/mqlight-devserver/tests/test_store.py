"""What is in the file of a store, and what comes back."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from devserver_consumers import Recorder, orders
from devserver_history import HEADER, History, durable_state
from hypothesis import settings
from hypothesis.stateful import rule

from mqlight_devserver.broker import Broker, Destination, Identity
from mqlight_devserver.sections import Header, encode_header
from mqlight_devserver.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = Identity("a/#", "s", None)
PRIVATE = Identity("+/b", None, "c")
DAY = 86_400.0


class Life:
    """Servers that follow each other at one file; clocks move only when a test says so."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.time_of_day = 1_700_000_000.0
        self.now = 5.0
        self.start()

    def start(self) -> None:
        self.store = Store(self.path, lambda: self.time_of_day)
        self.broker = Broker(1_000_000, self.store)
        self.store.load(self.broker, self.now)

    def kill(self) -> None:
        """What has not been committed is lost."""
        self.store.close()

    def restart(self, seconds: float = 0) -> None:
        """Commit, be killed, and start so much later, with another clock."""
        self.store.commit(self.now)
        self.kill()
        self.time_of_day += seconds
        self.now = 777_777.0
        self.start()

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.time_of_day += seconds
        self.broker.expire(self.now)

    def attach(self, identity: Identity, *, ttl: float = 60, credit: int = 0) -> Recorder:
        consumer = Recorder("c", credit)
        self.broker.attach(identity, ttl, consumer)
        return consumer

    def leave(self, identity: Identity, consumer: Recorder) -> None:
        destination = self.destination(identity)
        self.broker.detach(destination, consumer, consumer.held(), self.now, closed=False)

    def publish(self, body: bytes = b"body", *, ttl: int | None = None) -> None:
        self.broker.publish("a/b", HEADER + body, Header(len(HEADER), ttl=ttl), self.now)

    def destination(self, identity: Identity) -> Destination:
        return self.broker._destinations[identity]

    @property
    def identities(self) -> set[Identity]:
        return set(self.broker._destinations)

    def rows(self, table: str) -> int:
        self.store.commit(self.now)
        query = f"SELECT count(*) FROM {table}"  # noqa: S608
        return int(self.store._database.execute(query).fetchone()[0])


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    life = Life(tmp_path / "store")
    yield life
    life.kill()


def test_destinations_come_back_with_their_messages_in_order(life: Life) -> None:
    life.attach(SHARED)
    life.attach(PRIVATE)
    for number in range(3):
        life.publish(b"%d" % number)
    life.restart()
    assert life.identities == {SHARED, PRIVATE}
    for identity in life.identities:
        messages = life.destination(identity).messages
        assert [m.encoded for m in messages] == [HEADER + body for body in (b"0", b"1", b"2")]
        assert messages[0].header == Header(len(HEADER))


def test_a_message_of_several_destinations_is_stored_and_loaded_once(life: Life) -> None:
    life.attach(SHARED)
    life.attach(PRIVATE)
    life.publish()
    assert (life.rows("messages"), life.rows("copies")) == (1, 2)
    life.restart()
    (first,), (second,) = (life.destination(i).messages for i in (SHARED, PRIVATE))
    assert first.encoded is second.encoded


def test_a_message_goes_from_the_file_with_its_last_copy(life: Life) -> None:
    for identity in (SHARED, PRIVATE):
        life.attach(identity)
    life.publish()
    for identity, left in ((SHARED, 1), (PRIVATE, 0)):
        destination = life.destination(identity)
        assert life.rows("messages") == 1
        life.store.gone(destination, destination.messages)
        assert (life.rows("messages"), life.rows("copies")) == (left, left)


def test_a_destination_goes_from_the_file_with_all_that_it_has(life: Life) -> None:
    for identity in (SHARED, PRIVATE):
        life.attach(identity)
    life.publish()
    life.store.commit(life.now)
    life.attach(SHARED, ttl=0)
    assert (life.rows("destinations"), life.rows("messages"), life.rows("copies")) == (1, 1, 1)
    life.attach(PRIVATE, ttl=0)
    assert (life.rows("destinations"), life.rows("messages"), life.rows("copies")) == (0, 0, 0)


def test_what_is_not_committed_is_not_there_after_a_kill(life: Life) -> None:
    life.attach(SHARED)
    life.publish(b"first")
    life.store.commit(life.now)
    life.publish(b"second")
    life.kill()
    life.start()
    assert [m.encoded for m in life.destination(SHARED).messages] == [HEADER + b"first"]


def test_publications_are_numbered_on_after_the_ones_that_are_stored(life: Life) -> None:
    life.attach(SHARED)
    life.publish()
    life.restart()
    life.publish()
    life.restart()
    assert orders(life.destination(SHARED).messages) == [1, 2]


def test_what_a_consumer_had_comes_back_as_a_failed_delivery(life: Life) -> None:
    life.attach(SHARED, credit=1)
    life.publish()
    life.publish()
    life.broker.deliver(life.now)
    life.restart()
    assert [m.failed for m in life.destination(SHARED).messages] == [1, 0]
    life.restart()
    assert [m.failed for m in life.destination(SHARED).messages] == [1, 0]


def test_failed_deliveries_are_counted_on(life: Life) -> None:
    for failed in range(3):
        consumer = life.attach(SHARED, credit=1)
        if not failed:
            life.publish()
        life.broker.deliver(life.now)
        assert [m.failed for m in consumer.held()] == [failed]
        life.leave(SHARED, consumer)
        life.restart()
    assert [m.failed for m in life.destination(SHARED).messages] == [3]


def test_an_attended_destination_has_its_whole_ttl_from_the_restart_on(life: Life) -> None:
    life.attach(SHARED, ttl=60)
    life.wait(30)
    life.restart(seconds=DAY)
    assert life.destination(SHARED).deadline == life.now + 60
    life.restart(seconds=20)
    assert life.destination(SHARED).deadline == life.now + 40


def test_an_unattended_destination_keeps_its_deadline(life: Life) -> None:
    life.leave(SHARED, life.attach(SHARED, ttl=60))
    life.wait(10)
    life.restart(seconds=20)
    assert life.destination(SHARED).deadline == life.now + 30


def test_a_destination_whose_deadline_has_passed_is_gone(life: Life) -> None:
    life.leave(SHARED, life.attach(SHARED, ttl=60))
    life.publish()
    life.restart(seconds=61)
    assert life.identities == set()
    assert (life.rows("destinations"), life.rows("messages")) == (0, 0)


def test_a_message_has_the_time_that_is_left_of_its_ttl(life: Life) -> None:
    life.attach(SHARED)
    life.publish(ttl=60_000)
    life.wait(10)
    life.restart(seconds=20)
    (message,) = life.destination(SHARED).messages
    assert message.expires_at == life.now + 30


def test_a_message_that_has_expired_is_gone(life: Life) -> None:
    life.attach(SHARED)
    life.publish(ttl=60_000)
    life.restart(seconds=61)
    assert not life.destination(SHARED).messages
    assert life.rows("messages") == 0


def test_a_clock_that_was_put_back_makes_nothing_last_longer(life: Life) -> None:
    life.attach(PRIVATE)
    life.broker.publish(
        "a/b", encode_header(Header(0), 5_000, 0), Header(len(HEADER), ttl=5_000), life.now
    )
    life.leave(PRIVATE, life.attach(PRIVATE, ttl=60))
    life.restart(seconds=-DAY)
    destination = life.destination(PRIVATE)
    assert destination.deadline == life.now + 60
    assert [m.expires_at for m in destination.messages] == [life.now + 5]


def test_a_message_that_comes_and_goes_between_two_commits_leaves_no_trace(life: Life) -> None:
    destination, _ = life.broker.attach(SHARED, 60, Recorder("c", 0))
    life.store.commit(life.now)
    life.publish()
    before = life.store._database.total_changes
    life.store.gone(destination, destination.messages)
    life.store.commit(life.now)
    assert life.store._database.total_changes == before


def test_a_commit_of_nothing_does_not_touch_the_file(life: Life) -> None:
    life.store.commit(life.now)
    life.kill()
    life.store.commit(life.now)


class StoreAndBroker(History):
    """Whatever happens, another server finds at the file what the killed one had."""

    def journal(self) -> Store:
        self.folder = TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / "store", self.time_of_day)
        return self.store

    def time_of_day(self) -> float:
        return self.now + 1_700_000_000

    @rule()
    def commit(self) -> None:
        self.store.commit(self.now)

    @rule()
    def restart(self) -> None:
        self.store.commit(self.now)
        before = durable_state(self.broker)
        self.store.close()
        self.holders.clear()
        self.store = Store(Path(self.folder.name) / "store", self.time_of_day)
        self.broker = Broker(30, self.store)
        self.store.load(self.broker, self.now)
        after = durable_state(self.broker)
        assert after.keys() == before.keys()
        for identity, (ttl, deadline, messages) in before.items():
            ttl_after, deadline_after, messages_after = after[identity]
            assert ttl_after == ttl
            assert deadline_after == pytest.approx(self.now + ttl if deadline is None else deadline)
            alive = {
                order: (encoded, expires_at, failed + handed_out, False)
                for order, (encoded, expires_at, failed, handed_out) in messages.items()
                if expires_at is None or expires_at > self.now
            }
            assert messages_after.keys() == alive.keys()
            for order, message in alive.items():
                assert messages_after[order] == pytest.approx(message)

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()


StoreAndBroker.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestStoreAndBroker = StoreAndBroker.TestCase
