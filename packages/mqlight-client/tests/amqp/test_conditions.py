from __future__ import annotations

import pytest

from mqlight._amqp.conditions import BY_CONDITION, BY_TEXT, documented_error, readable
from mqlight_core.errors import (
    MQLightError,
    NetworkError,
    NotPermittedError,
    ReplacedError,
    SecurityError,
)

WHERE = "amqp://host:5672"

BY_CONDITION_ROWS: list[tuple[str, type[MQLightError]]] = [
    ("amqp:link:stolen", ReplacedError),
    ("amqp:unauthorized-access", SecurityError),
    ("amqp:precondition-failed", NotPermittedError),
    ("amqp:not-allowed", NotPermittedError),
    ("amqp:not-implemented", NotPermittedError),
    ("amqp:resource-limit-exceeded", NetworkError),
    ("amqp:link:detach-forced", NetworkError),
    ("amqp:link:message-size-exceeded", NetworkError),
    ("amqp:connection:forced", NetworkError),
]

BY_TEXT_ROWS: list[tuple[str, str, type[MQLightError]]] = [
    ("ServerContext_Takeover", "a second client", ReplacedError),
    ("amqp:connection:forced", "ServerContext_Takeover: id x", ReplacedError),
    ("amqp:invalid-field", "Server_InvalidSourceTimeout", NotPermittedError),
    ("amqp:internal-error", "sasl authentication failed", SecurityError),
    ("amqp:internal-error", "SSL handshake failed", SecurityError),
    ("amqp:internal-error", "AMQXR0100E: 2035 : not authorized", SecurityError),
    ("amqp:internal-error", "MQ reason 2035", SecurityError),
    ("amqp:internal-error", "AMQXR0100E: A connection was not authorized.", SecurityError),
]


@pytest.mark.parametrize(("condition", "error"), BY_CONDITION_ROWS)
def test_a_condition_has_its_exception(condition: str, error: type[MQLightError]) -> None:
    assert type(documented_error(condition, "because", WHERE)) is error
    assert type(documented_error(condition, "", WHERE)) is error


@pytest.mark.parametrize(("condition", "description", "error"), BY_TEXT_ROWS)
def test_a_text_has_its_exception(
    condition: str, description: str, error: type[MQLightError]
) -> None:
    assert type(documented_error(condition, description, WHERE)) is error


def test_every_row_of_the_tables_is_tried() -> None:
    assert {condition for condition, _ in BY_CONDITION_ROWS} == BY_CONDITION.keys()
    tried = [f"{condition} {description} " for condition, description, _ in BY_TEXT_ROWS]
    assert all(any(part in text for text in tried) for part, _ in BY_TEXT)


@pytest.mark.parametrize(
    ("condition", "description"),
    [
        ("amqp:internal-error", "something broke"),
        ("amqp:internal-error", "message 12035 of 20350"),
        ("vendor:something", ""),
        ("", ""),
        ("", "no condition"),
    ],
)
def test_everything_else_is_a_network_error(condition: str, description: str) -> None:
    assert type(documented_error(condition, description, WHERE)) is NetworkError


def test_the_text_comes_before_the_condition() -> None:
    error = documented_error("amqp:not-allowed", "ServerContext_Takeover", WHERE)
    assert type(error) is ReplacedError


@pytest.mark.parametrize(
    ("condition", "description", "text"),
    [
        ("amqp:not-allowed", "no", "amqp://host:5672: amqp:not-allowed: no"),
        ("amqp:not-allowed", "", "amqp://host:5672: amqp:not-allowed"),
        ("", "no", "amqp://host:5672: no"),
        ("", "", "amqp://host:5672: the server gave no reason"),
    ],
)
def test_the_message_says_where_and_what_the_server_said(
    condition: str, description: str, text: str
) -> None:
    assert str(documented_error(condition, description, WHERE)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 世界", "Grüße, 世界"),
        ("a\r\nb\tc\0", r"a\r\nb\tc\x00"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\u202eright to left\u2028line", r"\u202eright to left\u2028line"),
        ("x" * 1000, "x" * 1000),
        ("x" * 1001, "x" * 1000 + "..."),
    ],
)
def test_the_text_of_a_peer_is_one_line_that_is_safe_to_print(text: str, shown: str) -> None:
    assert readable(text) == shown
