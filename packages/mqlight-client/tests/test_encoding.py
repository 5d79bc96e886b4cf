"""From the arguments of `send()` to an encoded message."""

from __future__ import annotations

import logging
from typing import Any

import proton
import pytest

from mqlight._encoding import SendPlan, SendPlans
from mqlight_core.errors import InvalidArgumentError, RangeError


def decoded(encoded: bytes) -> proton.Message:
    message = proton.Message()
    message.decode(encoded)
    return message


class Words(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("data", "body", "content_type"),
    [
        ("text", "text", "text/plain"),
        ("", "", "text/plain"),
        (Words("text"), "text", "text/plain"),
        (b"\x00\xff", b"\x00\xff", "application/octet-stream"),
        (bytearray(b"\x00\xff"), b"\x00\xff", "application/octet-stream"),
        (memoryview(b"\x00\xff"), b"\x00\xff", "application/octet-stream"),
        ({"ä": [1, None, 1.5]}, '{"ä":[1,null,1.5]}', "application/json"),
        (False, "false", "application/json"),
        (0, "0", "application/json"),
    ],
)
def test_the_kind_of_data_decides_on_the_body(
    data: object, body: object, content_type: str
) -> None:
    plan = SendPlan()
    for _ in range(2):  # the second time the topic is known
        message = decoded(plan.encode("news/today", data))
        found: object = message.body
        found = bytes(found) if isinstance(found, memoryview) else found
        assert (found, message.content_type) == (body, content_type)
        assert message.address == "amqp:///news/today"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "no data"),
        (print, "function"),
        (float("nan"), "JSON"),
        ({"a": {1, 2}}, "JSON"),
        (object(), "object"),
    ],
)
def test_what_can_not_be_sent_is_a_type_error(data: object, reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        SendPlan().encode("t", data)


@pytest.mark.parametrize("data", ["\ud800", {"a": "\ud800"}])
def test_text_that_is_not_unicode_is_refused(data: object) -> None:
    with pytest.raises(InvalidArgumentError, match="not Unicode text"):
        SendPlan().encode("t", data)


@pytest.mark.parametrize("topic", ["", None, 1, b"t"])
@pytest.mark.parametrize("data", ["text", b"binary", []])
def test_a_topic_is_a_text_that_is_not_empty(topic: object, data: object) -> None:
    plan = SendPlan()
    with pytest.raises(InvalidArgumentError):
        plan.encode(topic, data)
    plan.encode("t", data)
    with pytest.raises(InvalidArgumentError):
        plan.encode(topic, data)


def test_options_become_sections() -> None:
    options = {"qos": 1, "ttl": 5000, "properties": {"n": 1}, "persistent": True}
    plan = SendPlans(set()).find(options)
    message = decoded(plan.encode("t", "text"))

    assert plan.qos == 1
    assert message.ttl == 5.0
    assert message.properties == {"n": 1}
    assert message.durable is True


def test_equal_options_share_a_plan_until_one_changes() -> None:
    plans = SendPlans(set())
    options = {"qos": 1, "ttl": 5000}
    first = plans.find(options)
    assert plans.find(dict(options)) is first

    options["ttl"] = 6000
    assert plans.find(options) is not first
    assert decoded(plans.find(options).encode("t", "text")).ttl == 6.0


def test_options_with_unhashable_values_are_checked_each_time() -> None:
    plans = SendPlans(set())
    options: dict[str, Any] = {"properties": {"n": 1}}
    assert decoded(plans.find(options).encode("t", "")).properties == {"n": 1}
    options["properties"]["n"] = 2
    assert decoded(plans.find(options).encode("t", "")).properties == {"n": 2}


@pytest.mark.parametrize("known", [{"qos": 0}, {"qos": 1}, {"qos": 1, "ttl": 1}, {"ttl": 1}])
def test_true_is_not_taken_for_the_one_that_it_equals(known: dict[str, Any]) -> None:
    plans = SendPlans(set())
    plans.find(known)
    for name in known:
        with pytest.raises(TypeError):
            plans.find(known | {name: True})


@pytest.mark.parametrize("options", [[], "qos", 1, ("qos", 1)])
def test_options_are_a_dict(options: object) -> None:
    with pytest.raises(TypeError, match="options must be a dict"):
        SendPlans(set()).find(options)


@pytest.mark.parametrize("options", [{"qos": 2}, {"qos": -1}, {"ttl": 0}, {"ttl": 2_592_000_001}])
def test_options_out_of_range_are_refused_again_and_again(options: dict[str, Any]) -> None:
    plans = SendPlans(set())
    for _ in range(2):
        with pytest.raises(RangeError, match=r"options\['(qos|ttl)'\] value"):
            plans.find(options)


def test_unknown_options_are_ignored_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    plans = SendPlans(set())
    with caplog.at_level(logging.WARNING, "mqlight"):
        assert plans.find({"qos": 1, "tll": 5}).qos == 1
        plans.find({"retain": True})

    assert [record.getMessage() for record in caplog.records] == [
        "send options that do not exist are ignored: tll"
    ]


def test_memory_of_topics_and_options_is_bounded() -> None:
    plan = SendPlan()
    for number in range(2000):
        plan.encode(f"topic/{number}", "text")
    assert len(plan.text) <= 1024

    plans = SendPlans(set())
    for number in range(1, 2000):
        plans.find({"ttl": number})
    assert len(plans._known) <= 64
    assert decoded(plans.find({"ttl": 1}).encode("t", "text")).ttl == 0.001


def test_options_one_by_one_mean_what_they_mean_in_a_dict() -> None:
    plans = SendPlans(set())
    plan = plans.of(qos=1, ttl=5000, properties={"a": 1}, persistent=True)
    message = decoded(plan.encode("news", "text"))
    assert (plan.qos, message.ttl, message.durable) == (1, 5.0, True)
    assert message.properties == {"a": 1}


def test_options_one_by_one_are_remembered() -> None:
    plans = SendPlans(set())
    plain: dict[str, Any] = {"properties": None, "persistent": False}
    first = plans.of(qos=0, ttl=5000, **plain)
    assert plans.of(qos=0, ttl=5000, **plain) is first
    assert plans.of(qos=1, ttl=None, **plain) is plans.of(qos=1, ttl=None, **plain)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"qos": 2}, RangeError, "qos value 2 is invalid"),
        ({"qos": True}, RangeError, "qos value True is invalid"),
        ({"ttl": 0}, RangeError, "ttl value 0 is invalid"),
        ({"ttl": []}, TypeError, "ttl value"),
        ({"properties": []}, TypeError, "properties must be a dict"),
        ({"persistent": 1}, TypeError, "persistent value 1 is invalid"),
    ],
)
def test_options_one_by_one_go_by_their_own_names(
    options: dict[str, Any], error: type[Exception], said: str
) -> None:
    plans = SendPlans(set())
    plain: dict[str, Any] = {"qos": 0, "ttl": None, "properties": None, "persistent": False}
    with pytest.raises(error, match=f"^{said}"):
        plans.of(**plain | options)
