from __future__ import annotations

import copy
import json
import pickle
import traceback
from typing import Any

import pytest

from mqlight_core import (
    BoundService,
    InvalidArgumentError,
    NetworkError,
    Service,
    bound_service,
    parse_service_url,
)
from mqlight_core.lookup import LookupSource
from mqlight_core.vcap import VcapSource

LOOKUP = "https://lookup.example/Lookup?serviceId=1"
MQLIGHT = {"connectionLookupURI": LOOKUP, "username": "ann", "password": "S3CRET"}
MESSAGE_HUB = {"mqlight_lookup_url": LOOKUP, "user": "ann", "password": "S3CRET"}
BOUND = BoundService(LOOKUP, "ann", "S3CRET")


def entry(label: str | None, credentials: object, name: str = "mine") -> dict[str, object]:
    found = {"name": name, "credentials": credentials}
    return found if label is None else found | {"label": label}


def bound_in(services: object) -> BoundService:
    return bound_service({"VCAP_SERVICES": json.dumps(services)})


def refused(services: object) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        bound_in(services)
    assert not isinstance(caught.value, TypeError)
    assert "S3CRET" not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "label", "credentials"),
    [
        ("mqlight", "mqlight", MQLIGHT),
        ("mqlight-dev", "mqlight-dev", MQLIGHT),
        ("messagehub", "messagehub", MESSAGE_HUB),
        ("messagehub", None, MESSAGE_HUB),
        ("mqlight", "mqlight", MESSAGE_HUB),
        ("user-provided", "user-provided", MQLIGHT),
        ("user-provided", "user-provided", MESSAGE_HUB),
    ],
)
def test_a_messaging_service_is_found(
    key: str, label: str | None, credentials: dict[str, str]
) -> None:
    others = {"db2": [entry("db2", {"uri": "db2://host"})], "empty": []}
    assert bound_in(others | {key: [entry(label, credentials)]}) == BOUND


@pytest.mark.parametrize("left_out", ["connectionLookupURI", "username", "password"])
def test_a_user_provided_service_for_something_else_is_passed_over(left_out: str) -> None:
    other = {name: value for name, value in MQLIGHT.items() if name != left_out}
    services = [
        entry("user-provided", other),
        entry("user-provided", None),
        entry("user-provided", MQLIGHT | {"user": "ann"}),
        entry("user-provided", MQLIGHT),
    ]
    assert bound_in({"user-provided": services}) == BOUND


@pytest.mark.parametrize("environment", [{}, {"VCAP_SERVICES": ""}])
def test_without_the_variable_a_service_must_be_given(environment: dict[str, str]) -> None:
    with pytest.raises(InvalidArgumentError, match=r"service must be .* VCAP_SERVICES") as caught:
        bound_service(environment)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("services", [{}, {"db2": [entry("db2", MQLIGHT)]}, {"mqlight": []}])
def test_a_variable_without_a_messaging_service_is_refused(services: object) -> None:
    assert refused(services) == "VCAP_SERVICES must have exactly one MQ Light service, and has none"


def test_several_messaging_services_are_refused_by_name() -> None:
    services = {
        "mqlight": [entry("mqlight", MQLIGHT, "one")],
        "messagehub": [entry("messagehub", MESSAGE_HUB, "two")],
    }
    assert refused(services).endswith("exactly one MQ Light service, and has 'one', 'two'")


@pytest.mark.parametrize(
    "text", ["{", "[]", "1", '{"mqlight": {}}', '{"mqlight": [1]}', "[" * 9999]
)
def test_a_variable_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="must be a JSON object whose values are lists"):
        bound_service({"VCAP_SERVICES": text})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"username": None}, "username or user"),
        ({"username": ""}, "username or user"),
        ({"user": "bob"}, "username or user"),
        ({"password": "S3CRET\0"}, "password"),
        ({"password": "S3CRET\ud800"}, "password"),
        ({"password": 1}, "password"),
        ({"connectionLookupURI": 1}, "connectionLookupURI or mqlight_lookup_url"),
        ({"mqlight_lookup_url": LOOKUP}, "connectionLookupURI or mqlight_lookup_url"),
    ],
)
def test_credentials_that_cannot_be_used_are_refused(change: dict[str, Any], named: str) -> None:
    message = refused({"mqlight": [entry("mqlight", MQLIGHT | change)]})
    assert message.startswith(f"VCAP_SERVICES: service 'mine' must have one {named} in its")


@pytest.mark.parametrize("credentials", [{}, None, "S3CRET"])
def test_a_messaging_service_without_credentials_is_refused(credentials: object) -> None:
    assert "connectionLookupURI" in refused({"mqlight": [entry("mqlight", credentials)]})


@pytest.mark.parametrize("url", ["amqp://host", "file:///path", "https://me:S3CRET@host/"])
def test_a_lookup_that_is_no_plain_http_url_is_refused(url: str) -> None:
    message = refused({"mqlight": [entry("mqlight", MQLIGHT | {"connectionLookupURI": url})]})
    assert message.startswith("VCAP_SERVICES: Service '")


def test_a_password_is_never_printed() -> None:
    assert "ann" in repr(BOUND)
    assert "S3CRET" not in repr(BOUND)


def test_a_bound_service_is_copied_and_not_pickled() -> None:
    assert copy.copy(BOUND) is copy.deepcopy(BOUND) is BOUND
    with pytest.raises(TypeError, match="BoundService cannot be pickled"):
        pickle.dumps(BOUND)


def test_the_query_of_the_lookup_is_never_printed() -> None:
    assert "S3CRET" not in repr(BoundService("https://host/?key=S3CRET", "ann", "x"))


def looked_up(*urls: str) -> tuple[Service, ...] | Exception:
    source = VcapSource(BOUND, LookupSource(LOOKUP, json.dumps({"service": urls}).encode))
    answers: list[tuple[Service, ...] | Exception] = []
    assert source.fixed is None
    assert source.credentials == ("ann", "S3CRET")
    source.request(answers.append)
    [answer] = answers
    return answer


def test_every_service_that_is_found_gets_the_credentials() -> None:
    urls = ("amqps://one.example", "amqps://ann:S3CRET@two.example")
    assert looked_up(*urls) == (
        parse_service_url("amqps://ann:S3CRET@one.example"),
        parse_service_url("amqps://ann:S3CRET@two.example"),
    )


@pytest.mark.parametrize("userinfo", ["bob:S3CRET", "ann:other"])
def test_a_service_with_other_credentials_is_refused(userinfo: str) -> None:
    answer = looked_up("amqps://one.example", f"amqps://{userinfo}@two.example")
    assert isinstance(answer, InvalidArgumentError)
    assert str(answer) == (
        "The credentials in the URL of service amqps://two.example:5671 do not match those in "
        "VCAP_SERVICES"
    )


def test_what_went_wrong_with_the_lookup_is_the_answer() -> None:
    error = NetworkError("no answer")

    def read() -> bytes:
        raise error

    answers: list[object] = []
    VcapSource(BOUND, LookupSource(LOOKUP, read)).request(answers.append)
    assert answers == [error]
