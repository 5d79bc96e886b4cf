"""The server over real sockets."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import closing

import pytest
from devserver_socket import SocketClient
from devserver_wire import SASL_HEADER, Composite
from devserver_world import body_of

from mqlight_devserver import DevServer
from mqlight_devserver.broker import Broker, Destination


def test_messages_travel_over_sockets() -> None:
    with DevServer() as served, SocketClient(served.port, "s") as subscriber:
        subscriber.subscribe("private:a/#")
        with SocketClient(served.port, "p") as publisher:
            publisher.publish_to("a/b")
            for number in range(2000):
                publisher.publish(str(number))
            assert [subscriber.next_body() for _ in range(2000)] == [str(n) for n in range(2000)]


def test_a_large_message_travels_in_both_directions() -> None:
    text = "x" * 3_000_000
    with DevServer() as served, SocketClient(served.port, "c") as client:
        client.subscribe("private:a")
        client.publish_to("a")
        client.publish(text)
        assert client.next_body() == text


def test_a_client_that_reads_late_gets_everything() -> None:
    text = "x" * 200_000
    with DevServer() as served, SocketClient(served.port, "late") as late:
        late.subscribe("private:a")
        with SocketClient(served.port, "p") as publisher:
            publisher.publish_to("a")
            for _ in range(100):
                publisher.publish(text)
        received = [late.wait_for("transfer").payload for _ in range(100)]
        assert [body_of(payload) for payload in received] == [text] * 100


def test_a_client_that_goes_while_it_is_written_to_costs_nothing() -> None:
    with DevServer() as served:
        leaving = SocketClient(served.port, "leaving")
        leaving.subscribe("private:a")
        with SocketClient(served.port, "p") as publisher:
            publisher.publish_to("a")
            for number in range(100):
                publisher.publish("x" * 200_000)
                if number == 50:
                    leaving.close()


def test_many_clients_at_once() -> None:
    with DevServer() as served:
        clients = [SocketClient(served.port, f"c{number}") for number in range(100)]
        for client in clients:
            client.subscribe("private:a")
        clients[0].publish_to("a")
        clients[0].publish("to all")
        assert [client.next_body() for client in clients] == ["to all"] * 100
        for client in clients:
            client.close()


def test_destinations_expire_without_anyone_doing_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone, delete = threading.Event(), Broker._delete

    def observed(broker: Broker, destination: Destination) -> None:
        delete(broker, destination)
        gone.set()

    monkeypatch.setattr(Broker, "_delete", observed)
    with DevServer() as served:
        with SocketClient(served.port, "c") as client:
            client.subscribe("private:a", timeout=1)
        assert gone.wait(20)


def test_heartbeats_are_sent_in_time() -> None:
    with DevServer() as served, SocketClient(served.port, "c", idle_time_out=200) as client:
        for _ in range(3):
            assert client.next_frame().kind == "empty"


def test_a_silent_client_is_disconnected() -> None:
    with DevServer(idle_timeout=0.2) as served, SocketClient(served.port, "c") as client:
        assert client.next_frame().kind == "close"


def test_takeover_by_another_connection() -> None:
    with DevServer() as served, SocketClient(served.port, "c") as older:
        with SocketClient(served.port, "c"):
            closed = older.next_frame()
        error = closed["error"]
        assert isinstance(error, Composite)
        assert error["condition"] == "amqp:link:stolen"


def test_a_client_that_ignores_its_close_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mqlight_devserver.settings.Settings.closing_timeout", 0.1)
    with (
        DevServer() as served,
        SocketClient(served.port, "c") as older,
        SocketClient(served.port, "c"),
    ):
        assert older.next_frame().kind == "close"
        assert older.at_end()


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"])
def test_what_is_not_amqp_is_hung_up_on(said: bytes) -> None:
    with DevServer() as served, socket.create_connection(("127.0.0.1", served.port), 10) as client:
        client.sendall(said)
        assert client.recv(100) == SASL_HEADER
        assert client.recv(100) == b""


def test_with_users_only_they_get_in() -> None:
    with DevServer(users={"bob": "secret"}) as served:
        with SocketClient(served.port, "c", plain=b"\0bob\0secret") as client:
            client.subscribe("private:a")
        with pytest.raises(PermissionError):
            SocketClient(served.port, "c", plain=b"\0bob\0wrong")
        with pytest.raises(PermissionError):
            SocketClient(served.port, "c")


def test_stopping_disconnects_everyone_and_frees_the_port() -> None:
    served = DevServer()
    served.start()
    client = SocketClient(served.port, "c")
    served.stop()
    assert client.at_end()
    client.close()
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", served.port))


def test_a_restart_keeps_the_port_and_forgets_all_else() -> None:
    served = DevServer()
    assert served.port == 0
    with pytest.raises(RuntimeError, match="before it is started"):
        _ = served.url
    served.start()
    url = served.url
    assert url == f"amqp://127.0.0.1:{served.port}"
    with SocketClient(served.port, "c") as client:
        client.subscribe("private:a", timeout=60)
    for _ in range(3):
        served.stop()
        served.start()
        assert served.url == url
        with SocketClient(served.port, "p") as publisher:
            publisher.publish_to("a")
            publisher.publish("x")
    with SocketClient(served.port, "c") as client:
        client.subscribe("private:a", timeout=60)
        client.publish_to("a")
        client.publish("new")
        assert client.next_body() == "new"
    served.stop()


def test_starting_and_stopping_twice_is_starting_and_stopping_once() -> None:
    served = DevServer()
    served.stop()
    served.start()
    port = served.port
    served.start()
    assert served.port == port
    served.stop()
    served.stop()


def test_a_port_in_use_is_named() -> None:
    with DevServer() as first, pytest.raises(OSError, match=rf"127.0.0.1:{first.port}: ") as raised:
        DevServer(port=first.port).start()
    assert "cannot listen on" in str(raised.value)
    assert "in use" in str(raised.value)


def test_a_host_that_cannot_be_listened_on_is_named() -> None:
    with pytest.raises(OSError, match=r"cannot listen on \[::zz\]:0: "):
        DevServer("::zz").start()
    with pytest.raises(OSError, match=r"cannot listen on no\.such\.host\.invalid:0: "):
        DevServer("no.such.host.invalid").start()


@pytest.mark.parametrize(
    ("port", "error"), [(-1, ValueError), (65536, ValueError), ("1", TypeError)]
)
def test_a_bad_port_is_refused_at_once(port: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="port must be"):
        DevServer(port=port)


def test_a_bad_limit_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="max_message_size must be"):
        DevServer(max_message_size=0)


def test_ipv6() -> None:
    try:
        served = DevServer("::1")
        served.start()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    assert served.url == f"amqp://[::1]:{served.port}"
    with SocketClient(served.port, "c", host="::1") as client:
        client.subscribe("private:a")
    served.stop()


@pytest.mark.parametrize("place", ["attach.published_topic", "output.Output.before_output"])
def test_an_error_in_the_server_costs_one_client_its_connection(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    with DevServer() as served, SocketClient(served.port, "good") as good:
        bad = SocketClient(served.port, "bad")
        with monkeypatch.context() as broken, caplog.at_level(logging.ERROR):
            broken.setattr(f"mqlight_devserver.{place}", lambda *_: 1 / 0)
            bad.send_attach_to("a")
            assert bad.at_end()
        bad.close()
        assert "ZeroDivisionError" in caplog.text
        good.subscribe("private:a")
        good.publish_to("a")
        good.publish("still here")
        assert good.next_body() == "still here"


def test_an_answer_that_fails_costs_nobody_anything(caplog: pytest.LogCaptureFixture) -> None:
    told = threading.Event()

    def fail(_: object) -> None:
        raise ZeroDivisionError

    with DevServer() as served, SocketClient(served.port, "good") as good:
        assert served._server is not None
        served._server.ask(fail)
        served._server.ask(lambda _: told.set())
        assert told.wait(20)
        good.subscribe("private:a")
        good.publish_to("a")
        good.publish("still here")
        assert good.next_body() == "still here"
    assert "ZeroDivisionError" in caplog.text


def test_without_file_descriptors_the_loop_waits_for_clients_to_go(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with DevServer() as served:
        first = SocketClient(served.port, "first")
        with monkeypatch.context() as broken:
            tried = threading.Event()

            def accept(_listener: socket.socket) -> None:
                tried.set()
                raise OSError(24, "Too many open files")

            assert served._server is not None
            broken.setattr(socket.socket, "accept", accept)
            waiting = socket.create_connection(("127.0.0.1", served.port), 10)
            assert tried.wait(10)
        first.close()
        with waiting:
            waiting.sendall(SASL_HEADER)
            assert waiting.recv(8) == SASL_HEADER
        assert "no more clients are accepted until one has gone" in caplog.text
