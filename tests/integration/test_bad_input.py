"""Bad arguments are refused at the call, by name, and leave nothing behind (design §4)."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

import mqlight

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Program

    Started = Callable[..., Program]

SERVICE = "amqp://127.0.0.1:5672"


def nothing() -> None:
    """Take no argument, where every callback gets some."""


@pytest.mark.parametrize(
    ("arguments", "kinds", "said"),
    [
        ({"service": "amqp//host"}, (mqlight.InvalidArgumentError,), "amqp//host"),
        ({"service": "ftp://host"}, (mqlight.InvalidArgumentError,), "https?://"),
        ({"service": ["http://host"]}, (mqlight.InvalidArgumentError,), "lookup"),
        ({"service": "http://ann:pw@host"}, (mqlight.InvalidArgumentError,), "security options"),
        ({"service": "file://host/path"}, (mqlight.InvalidArgumentError,), "file:///path"),
        ({"service": "amqp://host:port"}, (mqlight.InvalidArgumentError,), "port"),
        ({"service": "amqp://host/path"}, (mqlight.InvalidArgumentError,), "path"),
        ({"service": ""}, (mqlight.InvalidArgumentError,), "amqps?://"),
        ({"service": []}, (mqlight.InvalidArgumentError,), "service"),
        ({"service": 5672}, (mqlight.InvalidArgumentError, TypeError), "service"),
        ({"service": [SERVICE, 1]}, (mqlight.InvalidArgumentError, TypeError), "service"),
        ({"client_id": "a-b"}, (mqlight.InvalidArgumentError,), "-"),
        ({"client_id": "a" * 257}, (mqlight.InvalidArgumentError,), "256"),
        ({"client_id": b"a"}, (TypeError,), "bytes"),
        ({"security_options": "user"}, (TypeError,), "security_options"),
        ({"security_options": {"usr": "ann"}}, (mqlight.InvalidArgumentError,), "usr"),
        ({"security_options": {"user": "ann"}}, (mqlight.InvalidArgumentError,), "password"),
        ({"on_started": "call me"}, (TypeError,), "on_started"),
        ({"on_started": nothing}, (TypeError,), "on_started"),
        ({"on_state_changed": nothing}, (TypeError,), "on_state_changed"),
        ({"on_drain": nothing}, (TypeError,), "on_drain"),
        ({"client_options": {"stop_timeout": -1}}, (mqlight.RangeError,), "stop_timeout"),
        ({"client_options": {"timeout": 1}}, (mqlight.InvalidArgumentError,), "timeout"),
    ],
)
def test_a_client_is_not_made(
    arguments: dict[str, Any], kinds: tuple[type[Exception], ...], said: str
) -> None:
    before = set(threading.enumerate())
    with pytest.raises(kinds[0], match=said) as raised:
        mqlight.Client(**({"service": SERVICE} | arguments))

    assert all(isinstance(raised.value, kind) for kind in kinds)
    assert set(threading.enumerate()) <= before


def test_a_password_that_is_refused_is_not_shown() -> None:
    with pytest.raises(mqlight.InvalidArgumentError) as raised:
        mqlight.Client("amqp://ann:s3cret@host/path")
    assert "s3cret" not in str(raised.value)


CALLS: Sequence[tuple[str, tuple[Any, ...], tuple[type[Exception], ...], str]] = [
    ("send", (1, "data"), (mqlight.InvalidArgumentError, TypeError), "topic"),
    ("send", (None, "data"), (mqlight.InvalidArgumentError, TypeError), "topic"),
    ("send", ("", "data"), (mqlight.InvalidArgumentError,), "topic"),
    ("send", ("t", None), (TypeError,), "no data"),
    ("send", ("t", print), (TypeError,), "function"),
    ("send", ("t", {1, 2}), (TypeError,), "set"),
    ("send", ("t", "data", "qos"), (TypeError,), "options"),
    ("send", ("t", "data", {"qos": 2}), (mqlight.RangeError,), r"options\['qos'\] value 2"),
    ("send", ("t", "data", {"qos": True}), (mqlight.RangeError, TypeError), "qos"),
    ("send", ("t", "data", {"qos": 1}), (mqlight.InvalidArgumentError,), "on_sent"),
    ("send", ("t", "data", {"ttl": -1}), (mqlight.RangeError,), r"options\['ttl'\] value -1"),
    ("send", ("t", "data", {"ttl": "5"}), (TypeError,), "ttl"),
    ("send", ("t", "data", None, nothing), (TypeError,), "on_sent"),
    ("subscribe", (1,), (mqlight.InvalidArgumentError, TypeError), "topic"),
    ("subscribe", ("",), (mqlight.InvalidArgumentError,), "pattern"),
    ("subscribe", ("t", 1), (mqlight.InvalidArgumentError, TypeError), "share"),
    ("subscribe", ("t", "a:b"), (mqlight.InvalidArgumentError,), "share"),
    ("subscribe", ("t", None, []), (TypeError,), "options"),
    ("subscribe", ("t", None, {"qos": 2}), (mqlight.RangeError,), "qos"),
    ("subscribe", ("t", None, {"credit": -1}), (mqlight.RangeError,), "credit"),
    ("subscribe", ("t", None, {"ttl": -1}), (mqlight.RangeError,), "ttl"),
    ("subscribe", ("t", None, {"auto_confirm": 1}), (TypeError,), "auto_confirm"),
    ("subscribe", ("t", None, None, nothing), (TypeError,), "on_subscribed"),
    ("subscribe", ("t", None, None, None, nothing), (TypeError,), "on_message"),
    ("unsubscribe", ("t",), (mqlight.UnsubscribedError,), "'t'"),
    ("unsubscribe", (1,), (mqlight.InvalidArgumentError, TypeError), "topic"),
    ("unsubscribe", ("t", None, {"ttl": 1}), (mqlight.RangeError,), "ttl"),
    ("unsubscribe", ("t", None, None, nothing), (TypeError,), "on_unsubscribed"),
    ("start", (nothing,), (TypeError,), "on_started"),
    ("stop", (nothing,), (TypeError,), "on_stopped"),
]


def test_a_call_is_refused_and_the_client_goes_on(started: Started) -> None:
    program = started()
    for method, arguments, kinds, said in CALLS:
        with pytest.raises(kinds[0], match=said) as raised:
            getattr(program.client, method)(*arguments)
        assert all(isinstance(raised.value, kind) for kind in kinds), (method, arguments)

    program.subscribe("t")
    program.deliver("t", "still here")
    program.wait_named("on_message")
    assert program.messages == ["still here"]
    assert program.states == ["starting", "started"]


def test_unknown_options_are_ignored_with_one_warning(
    started: Started, caplog: pytest.LogCaptureFixture
) -> None:
    program = started()
    with caplog.at_level(logging.WARNING, "mqlight"):
        for topic in ("a", "b"):
            program.subscribe(topic, qoss=1)
            program.send(topic, "data", tll=5)

    assert [record.getMessage() for record in caplog.records] == [
        "subscribe options that do not exist are ignored: qoss",
        "send options that do not exist are ignored: tll",
    ]
