"""The options of the client's methods and the documented exceptions (design §4)."""

from __future__ import annotations

from typing import Any

import pytest

from mqlight._arguments import ClientOptions, SendOptions, SubscribeOptions, UnsubscribeOptions
from mqlight_core.arguments import Arguments, validate
from mqlight_core.errors import InvalidArgumentError, MQLightError, RangeError

Model = type[Arguments]

RANGE_AND_TYPE = (RangeError, TypeError)
"""Documented differently by the seed and by the original: both hold."""


@pytest.mark.parametrize(
    ("model", "name", "values"),
    [
        (SendOptions, "qos", [0, 1]),
        (SendOptions, "ttl", [1, 2_592_000_000, None]),
        (SendOptions, "persistent", [True, False]),
        (
            SendOptions,
            "properties",
            [None, {}, {"s": "", "b": True, "i": -(2**63), "f": 1.5, "y": b"\0", "n": None}],
        ),
        (SubscribeOptions, "qos", [0, 1]),
        (SubscribeOptions, "ttl", [0, 1, 10**12]),
        (SubscribeOptions, "credit", [0, 1, 2**32 - 1]),
        (SubscribeOptions, "auto_confirm", [True, False]),
        (UnsubscribeOptions, "ttl", [0, None]),
        (ClientOptions, "connect_timeout", [1, 86_400_000]),
        (ClientOptions, "idle_timeout", [1, 86_400_000]),
        (ClientOptions, "stop_timeout", [1, 86_400_000]),
        (ClientOptions, "max_queued_bytes", [1, 2**40]),
        (ClientOptions, "insecure_plain", ["warn", "allow", "refuse"]),
        (ClientOptions, "dialect", ["auto", "mqlight"]),
    ],
)
def test_what_is_allowed(model: Model, name: str, values: list[object]) -> None:
    for value in values:
        assert getattr(validate(model, "options", {name: value}), name) == value


@pytest.mark.parametrize(
    ("model", "name", "values", "kinds"),
    [
        (SendOptions, "qos", ["1", 1.0, True, None], RANGE_AND_TYPE),
        (SendOptions, "qos", [-1, 2], (RangeError,)),
        (SendOptions, "ttl", ["1", 1.5, True], (TypeError,)),
        (SendOptions, "ttl", [0, -1, 2_592_000_001], (RangeError,)),
        (SendOptions, "persistent", [0, 1, "yes", None], (TypeError,)),
        (SendOptions, "properties", [[], "a", {1: "a"}, {"a": []}, {"a": {}}], (TypeError,)),
        (SendOptions, "properties", [{"a": 2**63}, {"a": -(2**63) - 1}], (RangeError,)),
        (SubscribeOptions, "qos", ["1", True, None], RANGE_AND_TYPE),
        (SubscribeOptions, "qos", [-1, 2], (RangeError,)),
        (SubscribeOptions, "credit", ["1", True, None], RANGE_AND_TYPE),
        (SubscribeOptions, "credit", [-1, 2**32], (RangeError,)),
        (SubscribeOptions, "ttl", ["1", True, None], (TypeError,)),
        (SubscribeOptions, "ttl", [-1], (RangeError,)),
        (SubscribeOptions, "auto_confirm", [0, 1, None], (TypeError,)),
        (UnsubscribeOptions, "ttl", ["0", False], (TypeError,)),
        (UnsubscribeOptions, "ttl", [-1, 1], (RangeError,)),
        (ClientOptions, "connect_timeout", ["1", True, None], (TypeError,)),
        (ClientOptions, "connect_timeout", [0, 86_400_001], (RangeError,)),
        (ClientOptions, "max_queued_bytes", [0], (RangeError,)),
        (ClientOptions, "insecure_plain", ["Warn", None, 1], (InvalidArgumentError,)),
        (ClientOptions, "dialect", ["amqp"], (InvalidArgumentError,)),
    ],
)
def test_what_is_refused(
    model: Model, name: str, values: list[object], kinds: tuple[type[Exception], ...]
) -> None:
    for value in values:
        with pytest.raises(kinds[0]) as raised:
            validate(model, "options", {name: value})
        for kind in (RangeError, TypeError, InvalidArgumentError):
            assert isinstance(raised.value, kind) == (kind in kinds), (value, raised.value)
        assert f"options['{name}']" in str(raised.value)


@pytest.mark.parametrize("model", [SendOptions, SubscribeOptions, UnsubscribeOptions])
def test_unknown_options_are_ignored(model: Model) -> None:
    assert validate(model, "options", {"unheard_of": 1}) == validate(model, "options", None)


@pytest.mark.parametrize("properties", [{"\ud800": 1}, {"a": "\ud800"}])
def test_properties_are_unicode_text(properties: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError, match=r"options\['properties'\] key"):
        validate(SendOptions, "options", {"properties": properties})


def test_an_unknown_client_option_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match=r"'stop_timout'\] is not a client option"):
        validate(ClientOptions, "client_options", {"stop_timout": 1})


def test_options_of_a_client_can_be_made_beforehand() -> None:
    options = ClientOptions(stop_timeout=5)
    assert validate(ClientOptions, "client_options", options) is options
    with pytest.raises(MQLightError):
        ClientOptions(stop_timeout=0)
    changed: Any = options
    with pytest.raises(ValueError, match="frozen"):
        changed.stop_timeout = 6


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2), (2**50, 2**32 - 1)],
)
def test_a_subscriptions_ttl_is_rounded_up_to_the_wires_seconds(
    milliseconds: int, seconds: int
) -> None:
    assert SubscribeOptions(ttl=milliseconds).ttl_seconds == seconds
