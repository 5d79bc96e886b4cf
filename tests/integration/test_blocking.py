"""The blocking client: every call returns when it is done, or says why it is not."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import mqlight
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqlight.blocking import Client

NOWHERE = "amqp://127.0.0.1:1"
"""Nobody listens at this port."""

PATIENCE = 20.0


@pytest.fixture
def client(server: DevServer) -> Iterator[Client]:
    with mqlight.blocking.Client(server.url, "me") as started:
        yield started


def test_a_block_is_the_life_of_a_client(server: DevServer) -> None:
    client = mqlight.blocking.Client(server.url, "me")
    assert client.state == mqlight.STOPPED
    with client as entered:
        assert entered is client
        assert (client.client_id, client.state) == ("me", mqlight.STARTED)
        assert client.service == server.url
        assert client.error is None
    assert client.state == mqlight.STOPPED
    with client:
        client.send("t", "again", qos=1)


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("data", ["text", "", b"\x00\xff", {"a": [1, None]}])
def test_what_is_sent_is_received(client: Client, data: Any, qos: int) -> None:
    with client.subscribe("news/#", "readers", qos=qos) as messages:
        client.send("news/today", data, qos=qos, ttl=60_000, properties={"n": 1})
        message = messages.receive(PATIENCE)
    assert (message.data, message.topic, message.qos) == (data, "news/today", qos)
    assert (message.topic_pattern, message.share) == ("news/#", "readers")
    assert message.properties == {"n": 1}
    assert message.ttl is not None
    assert 0 < message.ttl <= 60_000


def test_a_start_in_vain_says_why(server: DevServer) -> None:
    client = mqlight.blocking.Client(NOWHERE)
    with pytest.raises(TimeoutError, match=r"not started within 0\.5 seconds: .*refused"):
        client.start(timeout=0.5)
    assert client.state == mqlight.STOPPED


def test_a_start_tells_why_it_can_not_succeed() -> None:
    with DevServer(users={"alice": "secret"}) as server:
        client = mqlight.blocking.Client(server.url)
        with pytest.raises(mqlight.SecurityError, match="ANONYMOUS"):
            client.start(PATIENCE)
        assert isinstance(client.error, mqlight.SecurityError)


def test_a_message_that_can_not_be_sent_in_time_is_taken_back(server: DevServer) -> None:
    with mqlight.blocking.Client(server.url) as client:
        server.stop()
        with pytest.raises(TimeoutError, match=r"'t' was not sent within 0\.1 seconds; .*taken"):
            client.send("t", "lost", qos=1, timeout=0.1)
        server.start()
        with client.subscribe("t", timeout=PATIENCE) as messages:
            client.send("t", "found", qos=1, timeout=PATIENCE)
            assert messages.receive(PATIENCE).data == "found"


def test_a_subscription_that_is_not_accepted_in_time_is_taken_back(server: DevServer) -> None:
    with mqlight.blocking.Client(server.url) as client:
        server.stop()
        with pytest.raises(TimeoutError, match=r"'t' within 0\.1 seconds"):
            client.subscribe("t", timeout=0.1)
        server.start()
        client.subscribe("t", timeout=PATIENCE).unsubscribe()


def test_a_message_may_not_come_in_time(client: Client) -> None:
    messages = client.subscribe("t")
    with pytest.raises(TimeoutError, match=r"no message within 0\.01 seconds"):
        messages.receive(timeout=0.01)
    with pytest.raises(TimeoutError):
        messages.receive(timeout=0)


@pytest.mark.parametrize(
    ("timeout", "error"), [(-1, mqlight.RangeError), ("1", TypeError), (True, TypeError)]
)
def test_a_bad_timeout_is_told_at_the_call(client: Client, timeout: Any, error: Any) -> None:
    messages = client.subscribe("t")
    calls: list[Any] = [
        lambda: client.start(timeout),
        lambda: client.stop(timeout),
        lambda: client.send("t", "x", timeout=timeout),
        lambda: client.subscribe("u", timeout=timeout),
        lambda: messages.receive(timeout),
    ]
    for call in calls:
        with pytest.raises(error):
            call()
    assert client.state == mqlight.STARTED


def test_refusals_of_the_server_are_raised() -> None:
    with DevServer(max_message_size=1000) as server, mqlight.blocking.Client(server.url) as client:
        with pytest.raises(mqlight.NotPermittedError, match="too large"):
            client.send("t", "x" * 2000, qos=1, timeout=PATIENCE)
        client.send("t", "small", qos=1, timeout=PATIENCE)


def test_a_stopped_client_refuses_calls(server: DevServer) -> None:
    client = mqlight.blocking.Client(server.url)
    assert client.stop()
    with pytest.raises(mqlight.StoppedError):
        client.send("t", "x")
    with pytest.raises(mqlight.StoppedError):
        client.subscribe("t")


def test_a_loop_ends_with_the_stop(server: DevServer) -> None:
    client = mqlight.blocking.Client(server.url)
    client.start()
    messages = client.subscribe("t")
    got: list[Any] = []
    first = threading.Event()

    def read() -> None:
        for message in messages:
            got.append(message.data)
            first.set()

    reader = threading.Thread(target=read)
    reader.start()
    client.send("t", "one")
    assert first.wait(PATIENCE)
    client.stop()
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert got == ["one"]


def test_a_loop_raises_the_reason_of_another_end(server: DevServer, client: Client) -> None:
    messages = client.subscribe("t")
    with mqlight.blocking.Client(server.url, "me"), pytest.raises(mqlight.ReplacedError):
        next(messages)


def test_a_subscription_outlives_a_reconnection(server: DevServer, client: Client) -> None:
    with client.subscribe("t", qos=1) as messages:
        server.stop()
        server.start()
        client.send("t", "after", qos=1, timeout=PATIENCE)
        assert messages.receive(PATIENCE).data == "after"


def redelivered(client: Client) -> list[Any]:
    with client.subscribe("t", qos=1, ttl=60_000) as again:
        client.send("t", "end", qos=1)
        return list(iter(lambda: again.receive(PATIENCE).data, "end"))


def test_asking_for_the_next_message_confirms_the_last_one(client: Client) -> None:
    messages = client.subscribe("t", qos=1, ttl=60_000)
    for number in range(3):
        client.send("t", number, qos=1)
    assert [messages.receive(PATIENCE).data for _ in range(2)] == [0, 1]
    messages.unsubscribe()
    messages.unsubscribe()
    assert redelivered(client) == [1, 2]


def test_a_block_that_fails_does_not_confirm_its_last_message(client: Client) -> None:
    messages = client.subscribe("t", qos=1, ttl=60_000)
    client.send("t", "one", qos=1)

    def fail() -> None:
        with messages:
            raise ValueError(messages.receive(PATIENCE).data)

    with pytest.raises(ValueError, match="one"):
        fail()
    assert redelivered(client) == ["one"]


def test_messages_can_be_confirmed_by_hand(client: Client) -> None:
    with client.subscribe("t", qos=1, ttl=60_000, auto_confirm=False) as messages:
        for number in range(3):
            client.send("t", number, qos=1)
        got = [messages.receive(PATIENCE) for _ in range(3)]
        got[2].confirm()
        got[0].confirm()
        got[0].confirm()
    with pytest.raises(mqlight.NetworkError, match="unsubscribed"):
        got[1].confirm()
    assert redelivered(client) == [1]


def test_an_unsubscribe_can_delete_the_destination(client: Client) -> None:
    messages = client.subscribe("t", qos=1, ttl=60_000)
    client.send("t", "one", qos=1)
    messages.unsubscribe(delete=True)
    assert redelivered(client) == []


def test_threads_may_share_a_client_and_a_subscription(client: Client) -> None:
    got: list[int] = []
    confirmed = threading.Semaphore(0)
    with client.subscribe("t", qos=1, auto_confirm=False) as messages:

        def work() -> None:
            for message in messages:
                got.append(message.data)
                message.confirm()
                confirmed.release()

        def send(first: int) -> None:
            for number in range(first, first + 50):
                client.send("t", number, qos=1)

        workers = [threading.Thread(target=work) for _ in range(3)]
        senders = [threading.Thread(target=send, args=(n,)) for n in (0, 50)]
        for thread in (*workers, *senders):
            thread.start()
        for thread in senders:
            thread.join(PATIENCE)
        for _ in range(100):
            assert confirmed.acquire(timeout=PATIENCE)
    for thread in workers:
        thread.join(PATIENCE)
    assert sorted(got) == list(range(100))


def test_a_loop_ends_when_its_subscription_is_closed(client: Client) -> None:
    messages = client.subscribe("t", qos=1, ttl=60_000, auto_confirm=False)
    client.send("t", "one", qos=1)
    got = messages.receive(PATIENCE)
    closing = threading.Timer(0.05, messages.close)
    closing.start()
    assert list(messages) == []
    closing.join()
    got.confirm()
    messages.unsubscribe()
    assert redelivered(client) == []


PROGRAM = """
import mqlight.blocking, sys
client = mqlight.blocking.Client(sys.argv[1]).start()
client.send("t", "x", qos=1)
print("sent")
"""


def test_a_program_that_forgets_to_stop_ends_all_the_same(server: DevServer) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, server.url],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "sent\n", "")
