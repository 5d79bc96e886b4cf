from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from mqlight_core import InvalidArgumentError, NetworkError, Service, service_source

if TYPE_CHECKING:
    from pathlib import Path

Result = tuple[Service, ...] | Exception
Callback = Callable[..., None]

HOST = Service("amqp", "host", 5672)
SECURE = Service("amqps", "other", 5671)


def asked(service: object) -> list[Result]:
    answers: list[Result] = []
    service_source(service).request(answers.append)
    return answers


@pytest.mark.parametrize(
    ("service", "services"),
    [
        ("amqp://host", (HOST,)),
        (["amqp://host"], (HOST,)),
        (["amqp://host", "amqps://other"], (HOST, SECURE)),
        (("amqps://other", "amqp://host", "amqps://other"), (SECURE, HOST, SECURE)),
    ],
)
def test_urls_are_known_at_once_and_answered_in_their_order(
    service: object, services: tuple[Service, ...]
) -> None:
    assert service_source(service).fixed == services
    assert service_source(service).credentials is None
    assert asked(service) == [services]


def test_a_list_that_changes_later_changes_nothing() -> None:
    urls = ["amqp://host"]
    source = service_source(urls)
    urls.clear()
    assert source.fixed == (HOST,)


@pytest.mark.parametrize("service", [[], ()])
def test_an_empty_list_is_refused(service: object) -> None:
    with pytest.raises(InvalidArgumentError, match="service must have at least one URL") as caught:
        service_source(service)
    assert not isinstance(caught.value, TypeError)


@pytest.mark.parametrize("service", [1, b"amqp://host", {"amqp://host"}, {"amqp://host": 1}])
def test_another_type_is_an_invalid_argument_and_a_type_error(service: object) -> None:
    with pytest.raises(InvalidArgumentError, match="service must be") as caught:
        service_source(service)
    assert isinstance(caught.value, TypeError)
    assert type(service).__name__ in str(caught.value)


def test_an_entry_of_another_type_is_named_by_its_position() -> None:
    with pytest.raises(InvalidArgumentError, match=r"service: entry 1 .* not bytes") as caught:
        service_source(["amqp://host", b"amqp://host"])
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("service", ["ftp://host", ["amqp://host", "ftp://host"]])
def test_a_bad_url_is_refused_at_once(service: object) -> None:
    with pytest.raises(InvalidArgumentError, match="'ftp://host' is not a valid URL"):
        service_source(service)


def test_a_url_of_no_kind_is_told_of_all_kinds() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        service_source("host:5672")
    assert str(caught.value).endswith(
        "it must start with amqp://, amqps://, http://, https:// or file://"
    )


@pytest.mark.parametrize("url", ["http://host", "HTTPS://host/path?query", "file:///path"])
def test_the_url_of_a_lookup_is_not_looked_up_before_it_is_asked_for(url: str) -> None:
    source = service_source(url)
    assert source.fixed is None
    assert source.credentials is None


@pytest.mark.parametrize("url", ["http://me:S3CRET@host", "https://", "file://other/path"])
def test_a_bad_url_of_a_lookup_is_refused_at_once(url: str) -> None:
    with pytest.raises(InvalidArgumentError, match="is not a valid URL") as caught:
        service_source(url)
    assert "S3CRET" not in str(caught.value)


def test_a_lookup_in_a_list_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="service: 'http://host' is the URL of a lookup"):
        service_source(["amqp://host", "http://host"])


def test_a_file_is_looked_up(tmp_path: Path) -> None:
    path = tmp_path / "services.json"
    path.write_text('{"service": ["amqp://host", "amqps://other"]}', encoding="utf-8")
    assert asked(path.as_uri()) == [(HOST, SECURE)]


def test_none_is_for_the_service_of_the_environment() -> None:
    credentials = {"mqlight_lookup_url": "http://host", "user": "ann", "password": "S3CRET"}
    services = {"messagehub": [{"name": "mine", "credentials": credentials}]}
    source = service_source(None, environment={"VCAP_SERVICES": json.dumps(services)})
    assert source.fixed is None
    assert source.credentials == ("ann", "S3CRET")


@pytest.mark.parametrize("environment", [None, {}])
def test_none_without_an_environment_is_another_type(environment: dict[str, str] | None) -> None:
    with pytest.raises(InvalidArgumentError, match=r"not None: .* VCAP_SERVICES") as caught:
        service_source(None, environment=environment)
    assert isinstance(caught.value, TypeError)


def test_a_function_is_called_for_every_request() -> None:
    urls = iter(["amqp://host", "amqps://other"])

    def function(callback: Callback) -> None:
        callback(None, next(urls))

    source = service_source(function)
    answers: list[Result] = []
    assert source.fixed is None
    assert source.credentials is None
    assert answers == []
    source.request(answers.append)
    source.request(answers.append)
    assert answers == [(HOST,), (SECURE,)]


@pytest.mark.parametrize("function", [lambda: None, lambda _a, _b: None])
def test_a_function_of_other_arguments_is_refused(function: object) -> None:
    with pytest.raises(
        InvalidArgumentError, match=r"service must be a function .* 1 argument: func\(callback\)"
    ) as caught:
        service_source(function)
    assert isinstance(caught.value, TypeError)


def test_an_async_function_is_refused() -> None:
    async def function(_callback: Callback) -> None: ...

    with pytest.raises(InvalidArgumentError, match=r"mqlight\.aio"):
        service_source(function)


def test_a_function_may_answer_later_on_another_thread() -> None:
    callbacks: list[Callback] = []
    answers: list[tuple[Result, int]] = []
    service_source(callbacks.append).request(
        lambda answer: answers.append((answer, threading.get_ident()))
    )
    assert answers == []
    thread = threading.Thread(target=callbacks[0], args=(None, ["amqp://host"]))
    thread.start()
    thread.join()
    assert answers == [((HOST,), thread.ident)]


def test_only_the_first_answer_counts(caplog: pytest.LogCaptureFixture) -> None:
    def function(callback: Callback) -> None:
        callback(None, "amqp://host")
        callback(None, "amqps://other")
        callback("failed")

    assert asked(function) == [(HOST,)]
    assert "answered again" in caplog.text


def test_an_error_object_is_the_answer() -> None:
    error = RuntimeError("no directory")
    assert asked(lambda callback: callback(error, None)) == [error]


@pytest.mark.parametrize("arguments", [("no directory", None), ("no directory",)])
def test_any_other_error_becomes_a_network_error(arguments: tuple[object, ...]) -> None:
    (answer,) = asked(lambda callback: callback(*arguments))
    assert isinstance(answer, NetworkError)
    assert str(answer) == "The service function failed: no directory"


def test_an_error_counts_even_with_services() -> None:
    (answer,) = asked(lambda callback: callback("failed", "amqp://host"))
    assert isinstance(answer, NetworkError)


@pytest.mark.parametrize(
    ("services", "is_type_error"),
    [(None, True), (1, True), ([1], True), ([], False), ("http://host", False)],
)
def test_a_bad_answer_becomes_an_invalid_argument_error(
    services: object, *, is_type_error: bool
) -> None:
    (answer,) = asked(lambda callback: callback(None, services))
    assert isinstance(answer, InvalidArgumentError)
    assert isinstance(answer, TypeError) is is_type_error


def test_a_bad_answer_names_the_service_function() -> None:
    (answer,) = asked(lambda callback: callback(None, []))
    assert str(answer) == "The answer of the service function must have at least one URL, not none"


def test_what_a_function_raises_is_the_answer() -> None:
    error = RuntimeError("broken")

    def function(_callback: Callback) -> None:
        raise error

    assert asked(function) == [error]


def test_what_a_function_raises_after_its_answer_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def function(callback: Callback) -> None:
        callback(None, "amqp://host")
        message = "too late"
        raise RuntimeError(message)

    assert asked(function) == [(HOST,)]
    (record,) = caplog.records
    assert record.name == "mqlight"
    assert record.levelno == logging.WARNING
    assert "too late" in caplog.text


def test_a_request_to_exit_is_not_an_answer() -> None:
    def function(_callback: Callback) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        asked(function)


def test_a_callback_with_too_few_arguments_is_the_answer() -> None:
    (answer,) = asked(lambda callback: callback())
    assert isinstance(answer, TypeError)
