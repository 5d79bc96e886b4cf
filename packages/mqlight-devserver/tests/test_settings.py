from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from mqlight_devserver.settings import Settings, check_number


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"users": {"bob": "x"}},
        {"idle_timeout": 0.5},
        {"idle_timeout": 3},
        {"credit": 1, "max_message_size": 1, "max_queued_bytes": 0},
    ],
)
def test_valid_settings(given: dict[str, Any]) -> None:
    Settings(**given)


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"users": {1: "x"}}, TypeError, "users"),
        ({"users": {"bob": None}}, TypeError, "users"),
        ({"users": {"": "x"}}, ValueError, "empty"),
        ({"users": {"bob": ""}}, ValueError, "empty"),
        ({"users": {"a\0": "x"}}, ValueError, "NUL"),
        ({"users": {"a": "hush\0"}}, ValueError, "NUL"),
        ({"users": {"\ud800": "x"}}, ValueError, "Unicode"),
        ({"users": {"a": "hush\ud800"}}, ValueError, "Unicode"),
        ({"credit": 0}, ValueError, "credit must be from 1"),
        ({"credit": 1.5}, TypeError, "credit must be int, not float"),
        ({"credit": True}, TypeError, "credit must be int, not bool"),
        ({"max_message_size": 0}, ValueError, "max_message_size"),
        ({"max_message_size": 10**9, "store": Path("s")}, ValueError, "max_message_size"),
        ({"max_queued_bytes": -1}, ValueError, "max_queued_bytes"),
        ({"idle_timeout": -1}, ValueError, "idle_timeout"),
        ({"idle_timeout": "1"}, TypeError, "idle_timeout must be float, not str"),
        ({"idle_timeout": float("nan")}, ValueError, "idle_timeout"),
    ],
)
def test_invalid_settings_are_named(
    given: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text) as raised:
        Settings(**given)
    assert "hush" not in str(raised.value)


def test_passwords_are_not_shown() -> None:
    settings = Settings(users={"bob": "secret"})
    assert settings.users == {"bob": "secret"}
    assert "secret" not in f"{settings!r} {vars(settings)}"
    assert "'bob'" in repr(settings.users)


def test_passwords_are_not_pickled() -> None:
    with pytest.raises(TypeError, match="the passwords would be in clear"):
        pickle.dumps(Settings(users={"bob": "secret"}))


def test_an_undecodable_password_is_in_no_part_of_the_error() -> None:
    with pytest.raises(ValueError, match="must be Unicode text") as caught:
        Settings(users={"bob": "secret\udc80"})
    assert caught.value.__context__ is None


def test_the_ends_of_a_range_belong_to_it() -> None:
    check_number("n", 0, 0, 5)
    check_number("n", 5, 0, 5)
    with pytest.raises(ValueError, match="n must be from 0 to 5, not 6"):
        check_number("n", 6, 0, 5)
