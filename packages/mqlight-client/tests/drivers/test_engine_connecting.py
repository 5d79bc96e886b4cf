"""The engine connects, keeps the connection alive, and makes it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import proton
import pytest
from driven_client import ADDRESS, BROKEN, SERVICE

from mqlight._drivers.control import Invoke
from mqlight._machine.states import State
from mqlight_core.errors import NetworkError, ReplacedError
from mqlight_security.credentials import Credentials

if TYPE_CHECKING:
    from driven_client import DrivenClient


def test_a_start_looks_up_dials_opens_and_tells(idle: DrivenClient) -> None:
    idle.start()
    assert idle.taken_log() == [("starting", None)]
    idle.dial()
    assert idle.taken_log() == []
    assert idle.engine.deadline() == idle.now + 30.0
    idle.turn()
    assert idle.taken_log() == [("started", None)]
    assert idle.host.started == [idle.on_started]
    assert idle.control.service == SERVICE
    assert idle.peer.connection.remote_container == "client-1"
    assert idle.peer.connection.remote_hostname == "host"


def test_an_attempt_that_failed_is_followed_by_a_wait(idle: DrivenClient) -> None:
    idle.start()
    idle.engine.attempt_failed(idle.host.resolving.pop(), BROKEN, idle.now)
    idle.turn()
    assert idle.taken_log() == [("starting", None), ("retrying", BROKEN)]
    assert idle.engine.deadline() == 1002.0
    assert idle.host.resolving == []
    idle.now = 1001.9
    idle.turn()
    assert idle.host.resolving == []
    idle.now = 1002.0
    idle.turn()
    assert len(idle.host.resolving) == 1
    idle.reconnect()
    assert idle.taken_log() == [("started", None)]
    assert idle.host.started == [idle.on_started]


def test_a_dialled_service_that_does_not_answer_is_an_attempt_that_failed(
    idle: DrivenClient,
) -> None:
    idle.start()
    idle.control.resolved(idle.host.resolving.pop(), (SERVICE,))
    idle.turn()
    hung_up = idle.host.hung_up
    idle.engine.attempt_failed(idle.host.dialling.pop()[0], BROKEN, idle.now)
    idle.turn()
    assert idle.host.hung_up > hung_up
    assert idle.control.state is State.RETRYING


@pytest.mark.parametrize("dialled", [False, True])
def test_an_attempt_has_its_time(idle: DrivenClient, *, dialled: bool) -> None:
    idle.start()
    if dialled:
        idle.dial()
        idle.connected = False
    else:
        idle.control.resolved(idle.host.resolving.pop(), (SERVICE,))
    idle.turn()
    idle.now += 29.9
    idle.turn()
    assert idle.control.state is State.STARTING
    idle.now += 0.2
    idle.turn()
    state, error = idle.taken_log()[-1]
    assert state == "retrying"
    if dialled:
        hint = "(is there an AMQP 1.0 server at this port, and is the scheme right?)"
        assert str(error) == f"amqp://host:5672: no answer within 30 seconds {hint}"
    else:
        assert str(error) == "amqp://host:5672: no connection within 30 seconds"
    assert idle.engine.connection is None


def test_a_stream_that_nobody_waits_for_is_not_taken(idle: DrivenClient) -> None:
    idle.start()
    idle.control.resolved(idle.host.resolving.pop(), (SERVICE,))
    idle.turn()
    attempt, _ = idle.host.dialling.pop()
    assert not idle.engine.stream_open(attempt + 1, None)
    idle.stop()
    assert not idle.engine.stream_open(attempt, None)
    assert idle.engine.connection is None


def test_credentials_are_used(idle: DrivenClient) -> None:
    idle.start()
    idle.control.resolved(idle.host.resolving.pop(), (SERVICE,))
    idle.turn()
    idle.peer.transport.sasl().allowed_mechs("PLAIN")
    idle.connected = idle.engine.stream_open(
        idle.host.dialling.pop()[0], Credentials("ann", "secret")
    )
    idle.step()
    assert idle.engine.connection is not None
    assert "ann" not in repr(idle.engine.connection)


def test_a_server_that_closes_at_once_is_an_attempt_that_failed(idle: DrivenClient) -> None:
    idle.start()
    idle.dial()
    idle.lose()
    state, error = idle.taken_log()[-1]
    assert state == "retrying"
    assert str(BROKEN) in str(error)
    assert idle.engine.deadline() == 1002.0


def test_a_lost_connection_is_made_again_at_once(client: DrivenClient) -> None:
    client.lose()
    assert client.taken_log() == [("retrying", BROKEN)]
    assert client.control.service is None
    assert len(client.host.resolving) == 1
    client.reconnect()
    assert client.taken_log() == [("started", None)]
    assert client.host.started == [client.on_started]


def test_connections_that_carry_nothing_are_made_again_ever_more_slowly(
    client: DrivenClient,
) -> None:
    client.lose()
    client.reconnect()
    for wait in (2, 4):
        client.lose()
        assert client.host.resolving == []
        assert client.engine.deadline() == client.now + wait
        client.now += wait
        client.turn()
        client.reconnect()


def test_what_an_earlier_connection_has_carried_does_not_count(client: DrivenClient) -> None:
    client.send("one", qos=1)
    client.turn()
    client.peer.settle_all()
    client.turn()
    client.lose()
    for wait in (None, None, 2, 4):
        if wait is not None:
            assert client.host.resolving == []
            client.now += wait
            client.turn()
        # A server that opens, begins and closes in one go.
        client.peer = client.make_peer()
        client.dial()
        assert client.engine.connection is not None
        client.peer.connection.open()
        while client.peer.exchange(client.engine.connection):
            pass
        client.peer.connection.condition = proton.Condition("amqp:connection:forced", "no")
        client.peer.connection.close()
        while client.peer.exchange(client.engine.connection):
            pass
        client.turn()
        assert client.control.state is State.RETRYING


@pytest.mark.parametrize("proof", ["time", "sent", "received"])
def test_a_connection_that_works_is_made_again_at_once_however_often(
    client: DrivenClient, proof: str
) -> None:
    client.subscribe()
    client.turn()
    for _ in range(5):
        if proof == "time":
            client.now += 10
        elif proof == "sent":
            client.send("one", qos=1)
            client.turn()
            client.peer.settle_all()
            client.turn()
        else:
            client.deliver("one")
            client.turn()
        client.lose()
        assert len(client.host.resolving) == 1
        client.reconnect()


def test_a_link_that_ends_again_and_again_is_not_attached_again_at_once(
    client: DrivenClient,
) -> None:
    client.subscribe()
    client.turn()
    for wait in (None, 2, 4):
        client.deliver("one")
        client.turn()
        client.peer.end(client.peer.links[ADDRESS], "amqp:resource-limit-exceeded", "no room")
        client.turn()
        if wait is not None:
            assert client.host.resolving == []
            client.now += wait
            client.turn()
        client.reconnect()


def test_a_connection_that_the_server_closes_for_good_stops_the_client(
    client: DrivenClient,
) -> None:
    client.peer.connection.condition = proton.Condition("ServerContext_Takeover", "another")
    client.peer.connection.close()
    client.turn()
    ((state, error),) = client.taken_log()
    assert state == "stopped"
    assert type(error) is ReplacedError
    assert client.host.stops == 1
    assert client.host.resolving == []


def test_before_a_connection_is_given_up_the_server_is_told(client: DrivenClient) -> None:
    client.subscribe()
    client.turn()
    client.peer.end(client.peer.links[ADDRESS], "amqp:link:detach-forced", "deleted")
    client.turn()
    assert len(client.host.said_last) == 1
    assert client.control.state is State.RETRYING


def test_heartbeats_are_a_deadline(idle: DrivenClient) -> None:
    idle.peer.transport.idle_timeout = 10
    idle.start()
    idle.dial()
    idle.turn()
    deadline = idle.engine.deadline()
    assert deadline is not None
    assert idle.now < deadline <= idle.now + 10


def test_silence_of_the_server_is_a_lost_connection(client: DrivenClient) -> None:
    client.connected = False
    client.now += 59
    client.turn()
    assert client.control.state is State.STARTED
    client.now += 61
    client.turn()
    ((state, error),) = client.taken_log()
    assert state == "retrying"
    assert type(error) is NetworkError


def test_steps_of_other_threads_are_taken_on_the_engines(client: DrivenClient) -> None:
    client.control.post(Invoke(lambda: client.log.append(("step",))))
    client.turn()
    assert client.taken_log() == [("step",)]


def test_nothing_is_taken_in_without_a_connection(idle: DrivenClient) -> None:
    idle.engine.stream_broken(BROKEN, idle.now)
    assert not idle.engine.advance(idle.now)
    assert idle.engine.deadline() is None
