"""What a type checker must accept; mypy and pyright read this file, nothing runs it."""

from __future__ import annotations

from typing import Any, assert_type

import mqlight
from mqlight import typing as t
from mqlight_security import security_options


def on_started(client: mqlight.Client) -> None:
    assert_type(client.get_id(), str)
    assert_type(client.get_service(), str | None)
    assert_type(client.get_state(), mqlight.State)
    assert_type(client.state, mqlight.State)
    assert_type(client.is_stopped(), bool)


def on_state_changed(client: mqlight.Client, state: str, err: Exception | None) -> None:
    if state == mqlight.RETRYING and isinstance(err, mqlight.NetworkError):
        client.stop()


def on_exact_state(_client: mqlight.Client, state: mqlight.State, _err: Exception | None) -> int:
    return len(state.value)


def on_sent(
    _client: mqlight.Client, err: Exception | None, topic: str, data: object, options: Any
) -> None:
    print(err, topic, data, options)


def on_subscribed(
    _client: mqlight.Client, err: Exception | None, pattern: str, share: str | None
) -> None:
    print(err, pattern, share)


def on_message(message_type: str, data: object, delivery: dict[str, Any]) -> None:
    if message_type == mqlight.MALFORMED:
        print(delivery["malformed"]["condition"], data)
    else:
        delivery["message"]["confirm_delivery"](more_than_is_passed)


def on_exact_message(message_type: t.MessageType, _data: Any, delivery: t.Delivery) -> None:
    print(message_type, delivery["message"]["topic"])


def more_than_is_passed(client: mqlight.Client, err: Exception | None = None) -> None:
    print(client, err)


def find_services(callback: t.ServiceCallback) -> None:
    callback(None, ["amqp://one", "amqp://two"])
    callback(None, "amqp://one")
    callback("the registry is down", None)
    callback(OSError("the registry is down"), None)


def constructors() -> None:
    mqlight.Client("amqp://localhost")
    mqlight.Client("https://directory.example/mqlight")
    mqlight.Client(None)
    mqlight.Client(["amqp://one", "amqp://two"])
    mqlight.Client(("amqp://one", "amqp://two"), "client_1")
    mqlight.Client(find_services, on_drain=lambda client: client.start())
    mqlight.Client("amqp://localhost", None, None, on_started, on_state_changed, on_started)
    mqlight.Client(
        service="amqps://localhost",
        client_id="client_1",
        security_options={
            "user": "me",
            "password": "secret",
            "ssl_trust_certificate": "ca.pem",
            "ssl_client_certificate": "me.pem",
            "ssl_client_key": "me.key",
            "ssl_client_key_passphrase": None,
            "ssl_verify_name": False,
        },
        on_started=on_started,
        on_state_changed=on_exact_state,
        on_drain=more_than_is_passed,
        client_options={"connect_timeout": 1000, "insecure_plain": "allow"},
    )
    mqlight.Client(
        "amqp://localhost",
        security_options=security_options({"user": "me", "password": "secret"}),
        client_options=mqlight.ClientOptions(idle_timeout=1000),
    )
    with mqlight.Client("amqp://localhost") as client:
        assert_type(client, mqlight.Client)


def calls(client: mqlight.Client, confirm: dict[str, object]) -> None:
    assert_type(client.send("news", "text"), bool)
    client.send("news", b"binary", {"qos": mqlight.QOS_AT_LEAST_ONCE}, on_sent)
    client.send("news", {"any": ["json", 1, None]}, options={"ttl": 1000, "persistent": True})
    client.send("news", "text", {"properties": {"a": 1, "b": "x", "c": None, "d": b"", "e": 1.5}})
    kept: t.SendOptionsDict = {"qos": 1}
    client.send(topic="news", data="text", options=kept, on_sent=on_sent)

    assert_type(client.subscribe("news/#"), mqlight.Client)
    client.subscribe("news/#", "share", {"qos": 1, "auto_confirm": False}, None, on_message)
    client.subscribe("news", options={"ttl": 0, "credit": 10}, on_message=on_exact_message)
    client.subscribe("news", None, None, on_subscribed, lambda kind, data, delivery: None)
    assert_type(client.unsubscribe("news/#", "share", {"ttl": 0}, on_subscribed), mqlight.Client)

    assert_type(client.start(on_started).stop(more_than_is_passed), mqlight.Client)
    assert_type(client.stop().wait_stopped(1.5), bool)
    print(confirm)


def errors(error: mqlight.MQLightError) -> str:
    match error:
        case mqlight.InvalidArgumentError() | mqlight.RangeError():
            assert_type(error.args, tuple[Any, ...])
            return "a ValueError too"
        case _:
            return str(error)


assert_type(mqlight.__version__, str)
value_error: type[ValueError] = mqlight.InvalidArgumentError
