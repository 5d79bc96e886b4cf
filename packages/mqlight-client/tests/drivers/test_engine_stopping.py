"""The engine stops: what is accepted is finished, and told in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driven_client import BROKEN, SERVICE

from mqlight._machine.states import State
from mqlight_core.errors import ReplacedError

if TYPE_CHECKING:
    from driven_client import DrivenClient


def test_a_stop_closes_and_tells(client: DrivenClient) -> None:
    client.stop()
    assert client.taken_log() == [("stopping", None), ("stopped", None), ("on_stopped", None)]
    assert client.host.stops == 1
    assert client.engine.connection is None
    assert client.engine.deadline() is None


def test_a_stop_sends_what_is_accepted_and_awaits_its_settlement(client: DrivenClient) -> None:
    client.send("one", qos=1)
    client.send("two")
    client.stop()
    assert client.arrived == ["one", "two"]
    assert client.taken_log() == [("stopping", None), ("sent", "news", "two", None)]
    client.peer.settle_all()
    client.turn()
    assert client.taken_log() == [
        ("sent", "news", "one", None),
        ("stopped", None),
        ("on_stopped", None),
    ]


def test_a_stop_tells_in_order(client: DrivenClient) -> None:
    client.subscribe()
    client.turn()
    client.send("one", qos=1)
    client.send("two", qos=1)
    client.backlog.drain_owed = True
    client.stop()
    client.taken_log()
    client.now += 10
    client.turn()
    aborted = "send aborted due to disconnect"
    assert client.taken_log() == [
        ("sent", "news", "one", aborted),
        ("sent", "news", "two", aborted),
        ("drain",),
        ("stopped", None),
        ("on_stopped", None),
    ]


def test_a_stop_has_its_time(client: DrivenClient) -> None:
    client.send("one", qos=1)
    client.stop()
    assert client.engine.deadline() == client.now + 10.0
    client.now += 9.9
    client.turn()
    assert client.control.state is State.STOPPING
    client.now += 0.1
    client.turn()
    assert str(client.control.state) == "stopped"
    assert client.backlog.messages == 0


def test_a_stop_lets_an_attempt_under_way_send_what_waits(idle: DrivenClient) -> None:
    idle.start()
    idle.send("one")
    idle.send("two", qos=1)
    idle.stop()
    assert idle.engine.deadline() == idle.now + 10.0
    idle.dial()
    idle.turn()
    assert idle.arrived == ["one", "two"]
    idle.peer.settle_all()
    idle.turn()
    assert idle.taken_log() == [
        ("starting", None),
        ("stopping", None),
        ("sent", "news", "one", None),
        ("sent", "news", "two", None),
        ("stopped", None),
        ("on_stopped", None),
    ]
    assert idle.host.started == []


def test_a_stop_attaches_no_subscription(idle: DrivenClient) -> None:
    idle.start()
    idle.send("one")
    idle.subscribe()
    idle.stop()
    idle.dial()
    idle.turn()
    assert idle.arrived == ["one"]
    assert list(idle.peer.links) == ["news"]
    assert ("subscribed", "news", None) in [entry[:3] for entry in idle.taken_log()]


def test_a_stop_tries_every_service_once(idle: DrivenClient) -> None:
    idle.start()
    idle.send("one")
    idle.stop()
    idle.control.resolved(idle.host.resolving.pop(), (SERVICE, SERVICE))
    for _ in range(2):
        idle.turn()
        assert idle.control.state is State.STOPPING
        idle.engine.attempt_failed(idle.host.dialling.pop()[0], BROKEN, idle.now)
    idle.turn()
    assert idle.host.dialling == []
    assert idle.taken_log()[2:] == [
        ("sent", "news", "one", "send aborted due to disconnect"),
        ("stopped", None),
        ("on_stopped", None),
    ]


def test_a_stop_waits_for_an_attempt_no_longer_than_its_time(idle: DrivenClient) -> None:
    idle.start()
    idle.send("one")
    idle.stop()
    idle.control.resolved(idle.host.resolving.pop(), (SERVICE, SERVICE))
    idle.turn()
    idle.now += 9.9
    idle.engine.attempt_failed(idle.host.dialling.pop()[0], BROKEN, idle.now)
    idle.turn()
    assert len(idle.host.dialling) == 1
    idle.now += 0.1
    idle.turn()
    assert idle.taken_log()[-1] == ("on_stopped", None)


def test_between_two_attempts_a_stop_fails_what_waits_at_once(idle: DrivenClient) -> None:
    idle.start()
    idle.engine.attempt_failed(idle.host.resolving.pop(), BROKEN, idle.now)
    idle.turn()
    idle.taken_log()
    idle.send("one")
    idle.send("two", qos=1)
    idle.stop()
    aborted = "send aborted due to disconnect"
    assert idle.taken_log() == [
        ("stopping", None),
        ("sent", "news", "one", aborted),
        ("sent", "news", "two", aborted),
        ("stopped", None),
        ("on_stopped", None),
    ]


def test_without_messages_a_stop_gives_the_attempt_up(idle: DrivenClient) -> None:
    idle.start()
    idle.subscribe()
    idle.stop()
    assert idle.taken_log()[-1] == ("on_stopped", None)


def test_messages_that_come_in_while_it_stops_are_sent_too(client: DrivenClient) -> None:
    client.control.stop(None)
    client.send("late")
    client.turn()
    assert ("sent", "news", "late", None) in client.taken_log()


def test_a_stop_waits_for_callbacks_that_are_being_made(client: DrivenClient) -> None:
    client.host.callbacks_pending = True
    client.stop()
    assert client.control.state is State.STOPPING
    client.host.callbacks_pending = False
    client.turn()
    assert str(client.control.state) == "stopped"


def test_a_connection_that_breaks_while_stopping_is_the_error(client: DrivenClient) -> None:
    client.send("one", qos=1)
    client.stop()
    client.lose()
    assert client.taken_log() == [
        ("stopping", None),
        ("sent", "news", "one", f"send aborted due to disconnect: {BROKEN}"),
        ("stopped", BROKEN),
        ("on_stopped", BROKEN),
    ]


def test_a_server_that_hangs_up_instead_of_closing_is_no_error(client: DrivenClient) -> None:
    client.peer.answering = False
    client.stop()
    assert client.control.state is State.STOPPING
    client.lose()
    assert client.taken_log()[-1] == ("on_stopped", None)


def test_a_server_that_does_not_close_does_not_keep_the_client(client: DrivenClient) -> None:
    client.peer.answering = False
    client.stop()
    client.now += 10
    client.turn()
    assert client.taken_log()[-1] == ("on_stopped", None)


def test_a_stopped_client_can_be_stopped_again(client: DrivenClient) -> None:
    client.stop()
    client.taken_log()
    client.stop()
    assert client.taken_log() == [("on_stopped", None)]
    assert client.host.stops == 2


def test_a_start_while_stopping_begins_again(client: DrivenClient) -> None:
    client.subscribe()
    client.send("one", qos=1)
    client.control.stop(client.on_stopped)
    client.control.start(client.on_started)
    client.turn()
    client.peer.settle_all()
    client.turn()
    assert client.taken_log()[-3:] == [("stopped", None), ("on_stopped", None), ("starting", None)]
    client.reconnect()
    assert client.taken_log() == [("started", None)]
    assert client.host.started == [client.on_started] * 2
    assert client.peer.links == {}


def test_what_is_accepted_after_a_restart_is_not_the_last_lifes(client: DrivenClient) -> None:
    client.control.stop(None)
    client.control.start(None)
    while client.control.state is not State.STARTING:
        client.step()
        client.run_calls()
    client.subscribe()
    client.turn()
    client.taken_log()
    client.reconnect()
    assert ("subscribed", "news", None, None) in client.taken_log()


def test_a_message_of_the_next_life_is_not_failed_with_the_last_ones(client: DrivenClient) -> None:
    client.stop()
    client.start()
    client.reconnect()
    client.send("old", qos=1)
    client.control.stop(None)
    client.control.closed()
    client.control.start(None)
    client.send("new")
    client.taken_log()
    client.turn()
    client.reconnect()
    assert client.taken_log() == [
        ("stopping", None),
        ("sent", "news", "old", "send aborted due to disconnect"),
        ("stopped", None),
        ("starting", None),
        ("started", None),
        ("sent", "news", "new", None),
    ]


def test_a_stop_that_meets_the_answer_of_the_server_is_not_kept_waiting(
    idle: DrivenClient,
) -> None:
    idle.start()
    idle.send("one", qos=1)
    idle.dial()
    assert idle.engine.connection is not None
    while idle.peer.exchange(idle.engine.connection):
        pass
    # Asked for when the server's answer is read and not yet looked at.
    idle.control.stop(idle.on_stopped)
    idle.engine.advance(idle.now)
    idle.turn()
    idle.peer.settle_all()
    idle.turn()
    assert str(idle.control.state) == "stopped"
    assert ("sent", "news", "one", None) in idle.taken_log()


def test_a_stop_that_takes_too_long_tells_the_server(client: DrivenClient) -> None:
    client.send("one", qos=1)
    client.stop()
    client.now += 10
    client.turn()
    assert str(client.control.state) == "stopped"
    assert len(client.host.said_last) == 1


def test_a_callback_that_raises_stops_the_client_with_its_error(client: DrivenClient) -> None:
    raised = ValueError("an application's")

    def on_sent(*_: object) -> None:
        raise raised

    client.control.inbox.append(("news", b"encoded", 0, on_sent, None, None))
    client.turn()
    assert client.taken_log() == [("raised", "on_sent"), ("stopping", raised), ("stopped", raised)]


def test_a_replaced_client_takes_leave_of_the_server(client: DrivenClient) -> None:
    client.subscribe()
    client.send("one", qos=1)
    client.turn()
    client.taken_log()
    error, gone = ReplacedError("another client"), []
    client.control.replaced(error, lambda: gone.append(client.engine.connection))
    client.turn()
    assert gone == [None]
    assert len(client.host.said_last) == 1
    assert client.taken_log() == [
        ("sent", "news", "one", f"send aborted due to disconnect: {error}"),
        ("stopped", error),
    ]


def test_a_message_of_the_next_life_owes_no_drain_in_the_last_one(client: DrivenClient) -> None:
    def on_sent(*_: object) -> None:
        client.log.append(("sent",))
        client.send("two", 1)
        client.backlog.drain_owed = True

    client.send("one", 1)
    topic, encoded, qos, _, data, options = client.control.inbox.pop()
    client.control.inbox.append((topic, encoded, qos, on_sent, data, options))
    client.turn()
    client.control.stop(client.on_stopped)
    client.control.start(None)
    client.lose()
    names = [entry[0] for entry in client.taken_log()]
    assert names == ["stopping", "sent", "stopped", "on_stopped", "starting"]
