"""Calls of `mqlight.blocking` that a type checker must accept; nothing runs this file."""

from __future__ import annotations

from typing import Any, assert_type

import mqlight.blocking


def session() -> None:
    with mqlight.blocking.Client(
        "amqps://localhost",
        security_options={"ssl_trust_certificate": "ca.pem"},
        client_options={"connect_timeout": 1000},
    ) as client:
        assert_type(client, mqlight.blocking.Client)
        assert_type(client.state, mqlight.State)
        client.send("news", "text", qos=1, ttl=1000, properties={"a": 1}, timeout=1.5)
        with client.subscribe("news/#", "share", qos=1, credit=10) as messages:
            assert_type(messages.topic_pattern, str)
            handle(messages.receive(timeout=1))
            for message in messages:
                handle(message)
            messages.unsubscribe()
        assert_type(client.stop(timeout=1), bool)
    assert_type(mqlight.blocking.Client("amqp://localhost").start(1), mqlight.blocking.Client)


def handle(message: mqlight.blocking.Delivery) -> None:
    assert_type(message.data, Any)
    assert_type(message.topic, str)
    message.confirm()
