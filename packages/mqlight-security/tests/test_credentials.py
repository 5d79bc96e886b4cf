from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from mqlight_core import InvalidArgumentError, parse_service_url
from mqlight_security import (
    Credentials,
    SecurityOptions,
    agreed_credentials,
    credentials_for,
    security_options,
)

PLAIN = parse_service_url("amqp://host")
WITH_ALICE = parse_service_url("amqp://alice:s%40cret@host")
NO_OPTIONS = SecurityOptions()


def options_of(user: str, password: str) -> SecurityOptions:
    return security_options({"user": user, "password": password})


def test_without_credentials_there_are_none() -> None:
    assert credentials_for(PLAIN, NO_OPTIONS) is None


def test_the_url_may_give_them() -> None:
    assert credentials_for(WITH_ALICE, NO_OPTIONS) == Credentials("alice", "s@cret")


def test_the_options_may_give_them() -> None:
    assert credentials_for(PLAIN, options_of("bob", "pass")) == Credentials("bob", "pass")


def test_both_may_give_the_same() -> None:
    options = options_of("alice", "s@cret")
    assert credentials_for(WITH_ALICE, options) == Credentials("alice", "s@cret")


@pytest.mark.parametrize(
    ("user", "password", "which"),
    [
        ("bob", "s@cret", "user"),
        ("alice", "other", "password"),
        ("bob", "other", "user"),
        ("alice", "s%40cret", "password"),
    ],
)
def test_contradictory_ones_are_refused_without_showing_them(
    user: str, password: str, which: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        credentials_for(WITH_ALICE, options_of(user, password))
    assert str(caught.value) == (
        f"The {which} in the URL of service amqp://host:5672 does not match "
        f"the {which} in the security options"
    )


def test_credentials_from_elsewhere_agree_with_the_options_or_are_refused() -> None:
    bob = Credentials("bob", "pass")
    assert agreed_credentials("the vault", None, NO_OPTIONS) is None
    assert agreed_credentials("the vault", bob, NO_OPTIONS) == bob
    assert agreed_credentials("the vault", None, options_of("bob", "pass")) == bob
    assert agreed_credentials("the vault", bob, options_of("bob", "pass")) == bob
    with pytest.raises(InvalidArgumentError) as caught:
        agreed_credentials("the vault", bob, options_of("bob", "other"))
    assert str(caught.value) == (
        "The password in the vault does not match the password in the security options"
    )


def test_a_password_is_never_printed() -> None:
    credentials = Credentials("alice", "S3CRET")
    for text in (str(credentials), repr(credentials), f"{credentials}"):
        assert "alice" in text
        assert "S3CRET" not in text


def test_credentials_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Credentials("alice", "secret").user = "bob"  # type: ignore[misc]
