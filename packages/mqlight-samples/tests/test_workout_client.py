"""A client of `mqlight-uiworkout`, without a connection; the rest is in integration."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

import pytest

import mqlight
from mqlight_samples._workout_options import workout_options
from mqlight_samples.uiworkout import Workout

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight_samples._workout_client import WorkoutClient


class Connection:
    """As much of `mqlight.Client` as is sent to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.more = True
        self.meanwhile: Callable[[], object] = lambda: None

    def send(self, topic: str, data: str, *, on_sent: object) -> bool:
        self.sent.append((topic, data))
        self.meanwhile()
        return self.more


@pytest.fixture
def workout() -> Workout:
    return Workout(workout_options([]), random.Random(4))  # noqa: S311 - the same on every run


@pytest.fixture
def client(workout: Workout) -> WorkoutClient:
    """The first one, which is for `shared1`."""
    return workout.clients[0]


@pytest.fixture
def connection(client: WorkoutClient) -> Any:
    connection: Any = Connection()
    client.client = connection
    return connection


def test_ids_are_random_and_each_has_its_own(workout: Workout) -> None:
    ids = [client.entry.client_id for client in workout.clients]

    assert len(set(ids)) == 8
    assert all(re.fullmatch("CLIENT_[0-9a-f]{7}", one) for one in ids)


def test_words_are_sent_to_the_topic(client: WorkoutClient, connection: Connection) -> None:
    assert client.send()
    assert client.send()

    assert [topic for topic, _ in connection.sent] == ["shared1", "shared1"]
    assert all(data for _, data in connection.sent)


def test_when_messages_have_to_wait_the_next_is_sent_after_they_are_gone(
    client: WorkoutClient, connection: Any
) -> None:
    connection.more = False
    assert client.send()
    assert not client.send()
    client.on_drain(connection)
    assert client.send()

    assert len(connection.sent) == 2


def test_they_may_be_gone_before_it_is_said_that_they_have_to_wait(
    client: WorkoutClient, connection: Any
) -> None:
    connection.more = False
    connection.meanwhile = lambda: client.on_drain(connection)

    assert client.send()
    assert client.send()


def test_a_client_that_has_stopped_sends_nothing(client: WorkoutClient, connection: Any) -> None:
    def stopped() -> None:
        raise mqlight.StoppedError("stopped")

    connection.meanwhile = stopped

    assert not client.send()


def test_what_is_sent_and_received_is_counted(client: WorkoutClient, connection: Any) -> None:
    client.on_sent(connection, None, "shared1", "Lorem", None)
    for data in ("ipsum", "dolor"):
        client.on_message("message", data, {"message": {"topic": "shared1"}})

    entry = client.entry
    assert (entry.sent, entry.received, entry.last) == (1, 2, "dolor")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (mqlight.NotPermittedError("not yours"), "mqlight-uiworkout: Problem with {}: not yours\n"),
        (mqlight.StoppedError("stopped before"), ""),
    ],
)
def test_a_refusal_is_told_and_being_overtaken_by_a_stop_is_not(
    workout: Workout,
    connection: Any,
    error: Exception,
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = workout.clients[0]
    client.on_sent(connection, error, "shared1", "Lorem", None)
    assert capsys.readouterr().err == told.format("send request")

    client = Workout(workout.options, workout.chance).clients[0]
    client.on_subscribed(connection, error, "shared1", "share1")
    assert capsys.readouterr().err == told.format("subscribe request")
    assert client.entry.sent == 0


def test_a_malformed_message_is_told_and_counts(
    client: WorkoutClient, capsys: pytest.CaptureFixture[str]
) -> None:
    delivery = {
        "message": {"topic": "shared1"},
        "malformed": {"condition": "PAYLOADENCODING", "description": "no UTF-8"},
    }
    client.on_message("malformed", bytearray(b"\xff"), delivery)

    assert client.entry.received == 1
    assert capsys.readouterr().err == (
        f"mqlight-uiworkout: {client.entry.client_id}: received malformed message: "
        '{"condition": "PAYLOADENCODING", "description": "no UTF-8"}\n'
    )


def test_nobody_sends_before_all_have_subscribed(workout: Workout, connection: Any) -> None:
    for client in workout.clients:
        assert not workout.ready.is_set()
        client.on_subscribed(connection, None, client.entry.topic, client.entry.share)

    assert workout.ready.is_set()


def test_a_pause_is_as_long_as_the_delay_at_most(workout: Workout) -> None:
    pauses = [workout.pause() for _ in range(1000)]

    assert 0 <= min(pauses) < 1
    assert 19 < max(pauses) <= 20
