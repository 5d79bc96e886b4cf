from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from mqlight_core import InvalidArgumentError, NetworkError, Service
from mqlight_core.lookup import LookupSource, lookup_source

if TYPE_CHECKING:
    from pathlib import Path

Result = tuple[Service, ...] | Exception

HOST = Service("amqp", "host", 5672)
OTHER = Service("amqp", "other", 5672)


def asked(source: LookupSource) -> Result:
    answers: list[Result] = []
    source.request(answers.append)
    [answer] = answers
    return answer


def test_nothing_is_read_before_it_is_asked_for() -> None:
    def read() -> bytes:
        pytest.fail("nobody has asked")

    source = LookupSource("http://host", read)
    assert source.fixed is None
    assert source.credentials is None


def test_a_source_shows_no_query_and_is_not_pickled() -> None:
    source = lookup_source("https://host/?key=S3CRET", 1)
    assert "S3CRET" not in repr(source)
    assert not hasattr(source, "__dict__")
    with pytest.raises(TypeError, match="the source of a lookup cannot be pickled"):
        pickle.dumps(source)


def test_the_document_is_read_anew_for_each_request() -> None:
    documents = iter([b'{"service": "amqp://host"}', b'{"service": ["amqp://other"]}'])
    source = LookupSource("http://host", lambda: next(documents))
    assert asked(source) == (HOST,)
    assert asked(source) == (OTHER,)


def test_what_reading_raises_is_the_answer() -> None:
    error = NetworkError("no answer")

    def read() -> bytes:
        raise error

    assert asked(LookupSource("http://host", read)) is error


def test_an_error_in_the_document_says_where_the_document_is() -> None:
    answer = asked(LookupSource("http://host/lookup?key=S3CRET", lambda: b"{}"))
    assert isinstance(answer, InvalidArgumentError)
    assert not isinstance(answer, TypeError)
    assert str(answer) == (
        "http://host/lookup?********: the document is no JSON object with the key 'service'"
    )


def test_an_error_of_the_one_who_asks_is_no_answer() -> None:
    source = LookupSource("http://host", lambda: b'{"service": "amqp://host"}')
    error = RuntimeError("of the one who asks")

    def answer(_found: Result) -> None:
        raise error

    with pytest.raises(RuntimeError) as caught:
        source.request(answer)
    assert caught.value is error


def test_a_file_is_read_for_each_request(tmp_path: Path) -> None:
    path = tmp_path / "my services.json"
    source = lookup_source(path.as_uri(), 5.0)
    assert isinstance(asked(source), NetworkError)
    path.write_text('{"service": "amqp://host"}', encoding="utf-8")
    assert asked(source) == (HOST,)
    path.write_text('{"service": "amqp://other"}', encoding="utf-8")
    assert asked(source) == (OTHER,)
    path.write_text("{", encoding="utf-8")
    answer = asked(source)
    assert isinstance(answer, InvalidArgumentError)
    assert str(answer).startswith(f"{path.as_uri()}: the document is no JSON: ")


@pytest.mark.parametrize("url", ["http://me:S3CRET@host", "file://other/path", "amqp://host"])
def test_a_bad_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(InvalidArgumentError, match="is not a valid URL"):
        lookup_source(url, 5.0)
