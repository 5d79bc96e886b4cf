from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mqlight_core import describe_value, printable, redact_options, redact_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://host", "amqp://host"),
        ("amqp://host:5672/", "amqp://host:5672/"),
        ("amqp://[::1]:5672", "amqp://[::1]:5672"),
        ("amqp://user:secret@host:5672/", "amqp://user:********@host:5672/"),
        ("https://user:secret@host/lookup", "https://user:********@host/lookup"),
        ("localhost:5672", "localhost:5672"),
        ("http:///no:host", "http:///no:host"),
        ("file:///a:b", "file:///a:b"),
        ("not a URL", "not a URL"),
        ("", ""),
    ],
)
def test_a_url_keeps_all_but_its_password(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("user:secret@host", "********@host"),
        ("amqp:user:secret@host", "********@host"),
        ("amqp:/user:secret@host", "********@host"),
        ("mqtt://user:secret@host", "mqtt://********@host"),
        ("amqp://user:se@cret@host", "amqp://user:********@host"),
        ("amqp://user:se/cret@host", "amqp://user:********@host"),
        ("amqp://user:se?cret@host", "amqp://user:********@host"),
        ("amqp://user:se#cret@host", "amqp://user:********@host"),
        ("amqp://user:se cret\n@host", "amqp://user:********@host"),
        ("amqp://user:se://cret@host", "amqp://user:********@host"),
    ],
)
def test_a_password_is_hidden_however_badly_the_url_is_formed(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://secret@host", "amqp://********@host"),
        ("amqp://secret:@host", "amqp://********@host"),
        ("amqp://user:secret", "amqp://user:********"),
        ("amqp://user:12ab34/", "amqp://user:********"),
        ("amqp://user:123456", "amqp://user:********"),
        ("user:secret", "user:********"),
        ("amqp:user:secret", "amqp:user:********"),
        ("amqp:/user:secret", "amqp:/user:********"),
        ("amqp//user:secret", "amqp//user:********"),
        ("amqp://user@host:secret", "amqp://********@host:********"),
        ("amqp://u:p@host:secret", "amqp://u:********@host:********"),
        ("amqp://u:p@[::1]:secret", "amqp://u:********@[::1]:********"),
        ("amqp://host:5672:secret", "amqp://host:********"),
        ("https://host/lookup?key=secret", "https://host/lookup?********"),
        ("https://host/lookup#secret", "https://host/lookup#********"),
        ("https://u:p@host/lookup?key=secret", "https://u:********@host/lookup?********"),
    ],
)
def test_what_may_be_a_secret_is_hidden_too(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@given(st.text(), st.text(), st.sampled_from(["amqp://", "amqps://", "AMQP://", "", "amqp:", "x"]))
@example("@", "", "amqp://")
@example("", "@", "amqp://")
@example("//", ":", "")
def test_no_part_of_a_password_before_the_host_is_shown(
    before: str, after: str, scheme: str
) -> None:
    assert "S3CRET" not in redact_url(f"{scheme}user:{before}S3CRET{after}@host:5672")


@pytest.mark.parametrize(
    "name", ["password", "ssl_client_key_passphrase", "ssl_keystore_passphrase", "PASSWORD"]
)
def test_a_secret_option_is_hidden(name: str) -> None:
    assert redact_options({name: "secret"}) == {name: "********"}


def test_other_options_are_copied_as_they_are() -> None:
    options = {"user": "alice", "ssl_client_key": "key.pem", "ssl_verify_name": False}
    copy = redact_options(options)
    assert copy == options
    assert copy is not options


def test_a_secret_that_was_not_given_is_shown_as_none() -> None:
    assert redact_options({"password": None}) == {"password": None}


def test_a_value_is_described_by_its_repr() -> None:
    assert describe_value("a\n") == r"'a\n'"


def test_a_long_description_is_cut() -> None:
    assert describe_value("x" * 1000) == "'" + "x" * 199 + "..."


def test_a_value_without_a_repr_is_described_by_its_type() -> None:
    class Unprintable:
        def __repr__(self) -> str:
            raise RuntimeError

    assert describe_value(Unprintable()) == "<Unprintable>"
    assert describe_value(10**5000) == "<int>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("a/b", "a/b"),
        ("Grüße/漢字 😀", "Grüße/漢字 😀"),
        (r"C:\new", r"C:\new"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b2J", r"\x9b2J"),
        ("one\r\n\ttwo", r"one\r\n\ttwo"),
        ("one\u2028two\x85", r"one\u2028two\x85"),
        ("\u202eright to left\u2066", r"\u202eright to left\u2066"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_a_terminal_would_obey_is_written_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_printable_text_is_one_line_that_can_be_encoded(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert printable(shown) == shown
