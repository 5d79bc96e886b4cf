"""States, reconnection, replacement and the end, with a real server and real sockets."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mqlight
from mqlight_devserver import DevServer

Make = Callable[..., Any]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def says() -> Iterator[Callable[[bytes], str]]:
    """Make servers that say something to everyone who connects, and hang up."""
    listeners: list[socket.socket] = []

    def make(words: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    peer.sendall(words)
                    peer.shutdown(socket.SHUT_WR)
                    while peer.recv(4096):
                        pass

        threading.Thread(target=serve, daemon=True).start()
        return f"amqp://127.0.0.1:{listener.getsockname()[1]}"

    yield make
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_a_client_reports_each_change_of_state_once_and_in_order(started: Make) -> None:
    program = started("me")
    assert program.client.state == mqlight.STARTED
    assert program.client.get_id() == "me"
    assert program.client.get_service().startswith("amqp://127.0.0.1:")
    program.stop()
    assert program.client.is_stopped()
    assert program.client.get_service() is None
    assert [entry[:2] for entry in program.log] == [
        ("on_state_changed", "starting"),
        ("on_state_changed", "started"),
        ("on_started",),
        ("on_state_changed", "stopping"),
        ("on_state_changed", "stopped"),
        ("on_stopped", None),
    ]


def test_a_stopped_client_refuses_work_and_can_start_again(started: Make) -> None:
    program = started()
    program.subscribe("t")
    program.stop()
    with pytest.raises(mqlight.StoppedError):
        program.client.send("t", "x")
    with pytest.raises(mqlight.StoppedError):
        program.client.subscribe("t")
    with pytest.raises(mqlight.StoppedError):
        program.client.unsubscribe("t")
    program.client.start(program.recorder("started again"))
    program.wait_named("started again")
    program.subscribe("t")
    program.deliver("t", "x")
    program.wait_named("on_message")


def test_a_start_while_stopping_begins_again(started: Make) -> None:
    program = started()
    program.client.stop()
    program.client.start(program.recorder("started again"))
    program.wait_named("started again")
    assert program.states == [
        "starting", "started", "stopping", "stopped", "starting", "started",
    ]  # fmt: skip


def test_stop_sends_what_was_accepted(started: Make) -> None:
    receiver, sender = started(), started()
    receiver.subscribe("t", qos=1)
    for number in range(500):
        sender.send("t", number, qos=number % 2)
    sender.stop()
    assert [error for error, *_ in sender.named("on_sent")] == [None] * 500
    receiver.wait_named("on_message", 500)
    assert receiver.messages == list(range(500))


def test_a_client_outlives_its_server(program: Make) -> None:
    port = _free_port()
    with DevServer(port=port) as server:
        one = program(server.url)
        one.wait_named("on_started")
        one.subscribe("t", qos=1)
    error = one.wait_state("retrying")
    assert isinstance(error, mqlight.NetworkError)
    for number in range(10):
        assert one.send("t", number, qos=1) is False
    with DevServer(port=port):
        one.wait_named("on_sent", 10)
        one.wait_named("on_message", 10)
        assert one.messages == list(range(10))
        assert one.states == ["starting", "started", "retrying", "started"]
        assert len(one.named("on_started")) == 1
        assert len(one.named("on_subscribed")) == 1
        one.wait_named("on_drain")
        one.stop()


def test_services_of_a_list_are_tried_in_turn(server: DevServer, program: Make) -> None:
    one = program([f"amqp://127.0.0.1:{_free_port()}", server.url])
    one.wait_named("on_started")
    assert one.client.get_service() == server.url
    assert one.states == ["starting", "started"]


def test_a_function_is_asked_for_the_services(server: DevServer, program: Make) -> None:
    def service(callback: Callable[..., object]) -> None:
        threading.Thread(target=callback, args=(None, [server.url])).start()

    one = program(service)
    one.wait_named("on_started")
    assert one.client.get_service() == server.url


def test_a_fault_of_the_service_function_is_reported(program: Make) -> None:
    def service(callback: Callable[..., object]) -> None:
        callback(mqlight.NetworkError("no idea"), None)

    one = program(service)
    assert "no idea" in str(one.wait_state("retrying"))


def test_a_second_client_of_the_same_id_replaces_the_first(started: Make) -> None:
    first = started("same")
    first.subscribe("t")
    second = started("same")
    error = first.wait_state("stopped")
    assert isinstance(error, mqlight.ReplacedError)
    assert first.client.wait_stopped(10)
    assert first.states == ["starting", "started", "stopped"]
    assert second.client.state == mqlight.STARTED


def test_an_unreachable_port_is_reported_with_host_port_and_reason(program: Make) -> None:
    port = _free_port()
    one = program(f"amqp://127.0.0.1:{port}")
    error = one.wait_state("retrying")
    assert isinstance(error, mqlight.NetworkError)
    assert f"amqp://127.0.0.1:{port}" in str(error)
    assert "refused" in str(error)


@pytest.mark.parametrize(
    "words", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01", b""]
)
def test_a_server_that_is_not_amqp_is_named_as_such(
    says: Callable[[bytes], str], program: Make, words: bytes
) -> None:
    one = program(says(words))
    error = one.wait_state("retrying")
    assert isinstance(error, mqlight.NetworkError)
    assert "is there an AMQP 1.0 server at this port" in str(error)


def test_a_silent_server_is_given_up_after_the_connect_timeout(program: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        one = program(f"amqp://127.0.0.1:{port}", client_options={"connect_timeout": 200})
        error = one.wait_state("retrying")
        assert "no answer within 0.2 seconds (is there an AMQP 1.0 server" in str(error)
        one.stop()


def test_credentials_are_checked_and_a_wrong_password_stops_the_client(program: Make) -> None:
    with DevServer(port=0, users={"ann": "secret"}) as server:
        good = program(server.url, security_options={"user": "ann", "password": "secret"})
        good.wait_named("on_started")
        in_url = program(server.url.replace("://", "://ann:secret@"))
        in_url.wait_named("on_started")
        assert in_url.client.get_service() == server.url
        bad = program(server.url, security_options={"user": "ann", "password": "wrong"})
        anonymous = program(server.url)
        for refused in (bad, anonymous):
            error = refused.wait_state("stopped")
            assert isinstance(error, mqlight.SecurityError)
            assert refused.client.wait_stopped(10)
            assert "wrong" not in str(error)
        good.stop()
        in_url.stop()


def test_a_callback_that_raises_stops_the_client_with_its_exception(started: Make) -> None:
    program, other = started("reader"), started()
    problem = ValueError("no such thing")

    def on_message(*_: object) -> None:
        raise problem

    program.client.subscribe(
        "t", None, {"qos": 1, "ttl": 60_000}, program.recorder("on_subscribed"), on_message
    )
    program.wait_named("on_subscribed")
    other.deliver("t", "x")
    assert program.wait_state("stopped") is problem
    again = started("reader")
    again.subscribe("t", qos=1, ttl=60_000)
    again.wait_named("on_message")
    assert again.messages == ["x"]


def test_a_blocked_callback_does_not_stop_acknowledgements_or_other_clients(
    started: Make,
) -> None:
    program, other = started(), started()
    entered, release = threading.Event(), threading.Event()

    def on_message(*_: object) -> None:
        entered.set()
        assert release.wait(20)

    program.client.subscribe("t", None, None, program.recorder("on_subscribed"), on_message)
    program.wait_named("on_subscribed")
    other.deliver("t", "x")
    assert entered.wait(20)
    other.subscribe("answers")
    program.send("answers", "from a client whose callback is blocked", qos=1)
    other.wait_named("on_message")
    release.set()
    program.wait_named("on_sent")


def test_every_method_may_be_called_from_on_message(started: Make) -> None:
    program = started()

    def on_message(*_: object) -> None:
        program.client.send("u", "y", {"qos": 1}, program.recorder("on_sent"))
        program.client.subscribe("v", on_subscribed=program.recorder("on_subscribed"))
        program.client.unsubscribe("t", on_unsubscribed=program.recorder("on_unsubscribed"))
        program.client.stop(program.recorder("on_stopped"))
        assert program.client.wait_stopped() is False

    program.client.subscribe("t", None, None, None, on_message)
    program.send("t", "x", qos=1)
    program.wait_named("on_stopped")
    assert program.client.wait_stopped(10)
    assert len(program.named("on_sent")) == 2


def test_what_is_sent_before_the_connection_is_up_survives_a_stop(
    server: DevServer, started: Make
) -> None:
    reader = started()
    reader.subscribe("t")
    errors: list[object] = []
    with mqlight.Client(server.url) as client:
        for number in range(200):
            options: Any = {"qos": number % 2}
            client.send("t", str(number), options, lambda _, error, *__: errors.append(error))
    assert errors == [None] * 200
    reader.wait_named("on_message", 200)
    assert reader.messages == [str(number) for number in range(200)]


def test_a_client_as_context_manager_stops_on_leaving(server: DevServer) -> None:
    with mqlight.Client(server.url) as client:
        client.send("t", "x")
    assert client.state == mqlight.STOPPED


def test_subscribing_and_unsubscribing_before_the_connection_succeeds_on_both_callbacks(
    program: Make,
) -> None:
    one = program(f"amqp://127.0.0.1:{_free_port()}")
    one.client.subscribe("t", on_subscribed=one.recorder("on_subscribed"))
    with pytest.raises(mqlight.SubscribedError):
        one.client.subscribe("t")
    one.client.unsubscribe("t", on_unsubscribed=one.recorder("on_unsubscribed"))
    with pytest.raises(mqlight.UnsubscribedError):
        one.client.unsubscribe("t")
    assert one.wait_named("on_subscribed") == [(None, "t", None)]
    assert one.wait_named("on_unsubscribed") == [(None, "t", None)]


def test_a_server_that_is_quiet_is_kept_by_heartbeats(server: DevServer, program: Make) -> None:
    one = program(server.url, client_options={"idle_timeout": 400})
    one.wait_named("on_started")
    ticks = threading.Event()
    assert not ticks.wait(1.5), "a quiet time longer than the idle timeout"
    assert one.states == ["starting", "started"]


def test_a_program_for_the_original_runs_to_its_end(server: DevServer) -> None:
    """It stays in on_started, waits there for on_drain, and its main thread ends at once."""
    example = Path(__file__).with_name("program_for_the_original.py")
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(example), server.url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "main thread ends",
        "every message is accepted",
        "every message is sent",
        "stopped None",
    ]
    assert done.returncode == 0
