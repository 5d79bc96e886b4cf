from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight_core import (
    Destination,
    InvalidArgumentError,
    check_pattern,
    check_share,
    check_topic,
    parse_address,
    topic_from_to,
)

Check = Callable[[object], str | None]

unicode_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
share_names = unicode_text.filter(lambda share: ":" not in share)
each_check = pytest.mark.parametrize(
    ("check", "name"),
    [(check_topic, "topic"), (check_pattern, "topic_pattern"), (check_share, "share")],
)


@given(unicode_text)
def test_any_text_is_a_topic_and_a_pattern(text: str) -> None:
    assert check_topic(text) == text
    assert check_pattern(text) == text


@given(share_names)
def test_any_text_without_a_colon_is_a_share(share: str) -> None:
    assert check_share(share) == share


def test_no_share_is_none() -> None:
    assert check_share(None) is None


@each_check
@pytest.mark.parametrize("value", [1, True, b"a", ["a"], object()])
def test_a_wrong_type_is_an_invalid_argument_and_a_type_error(
    check: Check, name: str, value: object
) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{name} argument of type") as caught:
        check(value)
    assert isinstance(caught.value, TypeError)
    assert type(value).__name__ in str(caught.value)


@pytest.mark.parametrize("check", [check_topic, check_pattern])
def test_a_topic_and_a_pattern_cannot_be_none(check: Check) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check(None)
    assert isinstance(caught.value, TypeError)


@each_check
def test_text_that_utf8_cannot_represent_is_refused(check: Check, name: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{name} .* lone surrogate") as caught:
        check("a\ud800")
    assert not isinstance(caught.value, TypeError)
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (check_topic, "Cannot send to an empty topic"),
        (check_pattern, "Cannot subscribe to an empty pattern"),
        (check_share, "share argument must not be empty"),
    ],
)
def test_empty_text_is_refused(check: Check, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        check("")


def test_a_share_name_has_no_colon() -> None:
    with pytest.raises(InvalidArgumentError, match="'a:b' is invalid because it contains a colon"):
        check_share("a:b")


def test_a_private_destination_has_a_private_address() -> None:
    assert Destination("a/#").address == "private:a/#"


def test_a_shared_destination_has_its_share_in_the_address() -> None:
    assert Destination("a/#", "s").address == "share:s:a/#"


def test_a_share_name_ends_at_the_first_colon() -> None:
    assert parse_address("share:s:a:b") == Destination("a:b", "s")


def test_a_private_pattern_may_contain_colons() -> None:
    assert parse_address("private:a:b") == Destination("a:b")
    assert parse_address("private:share:s:a") == Destination("share:s:a")


@pytest.mark.parametrize("address", ["public", "a/+/b", "Private:a", "a:private:b"])
def test_a_plain_address_is_a_private_pattern(address: str) -> None:
    assert parse_address(address) == Destination(address)


def test_an_empty_share_is_what_ibms_python_client_may_send() -> None:
    destination = parse_address("share::a")
    assert destination == Destination("a", "")
    assert destination.address == "share::a"


@pytest.mark.parametrize("address", ["", "private:", "share:", "share:s", "share:s:", "share::"])
def test_an_address_without_a_pattern_is_refused(address: str) -> None:
    with pytest.raises(InvalidArgumentError, match="has no topic pattern"):
        parse_address(address)


@given(unicode_text, st.none() | share_names)
def test_every_destination_is_read_back_from_its_address(pattern: str, share: str | None) -> None:
    destination = Destination(pattern, share)
    assert parse_address(destination.address) == destination


@given(st.text())
def test_every_address_is_either_read_or_refused(address: str) -> None:
    try:
        destination = parse_address(address)
    except InvalidArgumentError:
        return
    assert parse_address(destination.address) == destination


@pytest.mark.parametrize(
    ("to", "topic"),
    [
        ("amqp://host:5672/a/b", "a/b"),
        ("amqps://host/a", "a"),
        ("amqp:///a", "a"),
        ("amqp://host//a", "/a"),
        ("amqp://host/a%20b", "a%20b"),
        ("amqp://host/amqp://host/a", "amqp://host/a"),
        ("a/b", "a/b"),
        ("x amqp://host/a", "x amqp://host/a"),
        ("amqp://host", "amqp://host"),
        ("http://host/a", "http://host/a"),
        ("", ""),
    ],
)
def test_the_topic_is_what_follows_the_service_in_to(to: str, topic: str) -> None:
    assert topic_from_to(to) == topic
