"""Names, arguments and defaults are those that the MQ Light module documents."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

import mqlight
import mqlight.exceptions
from mqlight._arguments import ClientOptions, SendOptions, SubscribeOptions, UnsubscribeOptions
from mqlight_core import errors

if TYPE_CHECKING:
    from mqlight_core.arguments import Arguments

CONSTANTS = {
    "STARTED": "started",
    "STARTING": "starting",
    "STOPPED": "stopped",
    "STOPPING": "stopping",
    "RETRYING": "retrying",
    "ERROR": "error",
    "MESSAGE": "message",
    "MALFORMED": "malformed",
    "DRAIN": "drain",
    "QOS_AT_MOST_ONCE": 0,
    "QOS_AT_LEAST_ONCE": 1,
}

EXCEPTIONS = [
    "InternalError",
    "InvalidArgumentError",
    "MQLightError",
    "NetworkError",
    "NotPermittedError",
    "RangeError",
    "ReplacedError",
    "SecurityError",
    "StoppedError",
    "SubscribedError",
    "UnsubscribedError",
]


def test_the_constants_are_the_documented_words() -> None:
    assert {name: getattr(mqlight, name) for name in CONSTANTS} == CONSTANTS
    assert set(CONSTANTS) <= set(mqlight.__all__)


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_is_the_same_object_wherever_it_is_taken_from(name: str) -> None:
    assert getattr(mqlight, name) is getattr(errors, name)
    assert getattr(mqlight.exceptions, name) is getattr(errors, name)
    assert name in mqlight.__all__
    assert name in mqlight.exceptions.__all__


def test_every_name_that_is_exported_is_there() -> None:
    assert [name for name in mqlight.__all__ if not hasattr(mqlight, name)] == []


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        (
            "__init__",
            {
                "service": inspect.Parameter.empty,
                "client_id": None,
                "security_options": None,
                "on_started": None,
                "on_state_changed": None,
                "on_drain": None,
            },
        ),
        ("get_id", {}),
        ("get_service", {}),
        ("get_state", {}),
        ("is_stopped", {}),
        (
            "send",
            {
                "topic": inspect.Parameter.empty,
                "data": inspect.Parameter.empty,
                "options": None,
                "on_sent": None,
            },
        ),
        ("start", {"on_started": None}),
        ("stop", {"on_stopped": None}),
        (
            "subscribe",
            {
                "topic_pattern": inspect.Parameter.empty,
                "share": None,
                "options": None,
                "on_subscribed": None,
                "on_message": None,
            },
        ),
        (
            "unsubscribe",
            {
                "topic_pattern": inspect.Parameter.empty,
                "share": None,
                "options": None,
                "on_unsubscribed": None,
            },
        ),
    ],
)
def test_a_method_has_the_documented_arguments_in_their_order(
    method: str, arguments: dict[str, object]
) -> None:
    _, *parameters = inspect.signature(getattr(mqlight.Client, method)).parameters.values()
    positional = [one for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert [(one.name, one.default) for one in positional] == list(arguments.items())


def test_the_state_is_an_attribute_too() -> None:
    assert isinstance(mqlight.Client.state, property)


@pytest.mark.parametrize(
    ("model", "defaults"),
    [
        (SendOptions, {"qos": 0, "ttl": None, "properties": None, "persistent": False}),
        (SubscribeOptions, {"qos": 0, "ttl": 0, "credit": 1024, "auto_confirm": True}),
        (UnsubscribeOptions, {"ttl": None}),
        (
            ClientOptions,
            {
                "connect_timeout": 30_000,
                "idle_timeout": 60_000,
                "stop_timeout": 10_000,
                "max_queued_bytes": 256 * 1024 * 1024,
                "insecure_plain": "warn",
                "dialect": "auto",
            },
        ),
    ],
)
def test_an_option_that_is_not_given_has_the_documented_default(
    model: type[Arguments], defaults: dict[str, object]
) -> None:
    assert dict(model()) == defaults
