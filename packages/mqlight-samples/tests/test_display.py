"""Payloads on a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight_core import printable
from mqlight_samples._display import as_bytes, describe, preview


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("", ""),
        ("Hello world!", "Hello world!"),
        ("Grüße, 世界 👋", "Grüße, 世界 👋"),
        ("a\\b", "a\\b"),
        ("one\ntwo\tthree\r", r"one\ntwo\tthree\r"),
        ("\x1b[31mred\x9b0m\x7f\0", r"\x1b[31mred\x9b0m\x7f\x00"),
        ("\u2028\u2029\u202e\u2066\ud800", r"\u2028\u2029\u202e\u2066\ud800"),
        (b"", "(0 bytes)"),
        (bytearray(b"\x00\xff"), "(2 bytes) 00 ff"),
        (bytes(16), "(16 bytes)" + " 00" * 16),
        (bytes(17), "(17 bytes)" + " 00" * 16 + " ..."),
        ({"a": [1, None, "ü\n"]}, '{"a": [1, null, "ü\\n"]}'),
        (None, "null"),
        (1.5, "1.5"),
        ({b"key": 1}, "{b'key': 1}"),
    ],
)
def test_a_payload_is_shown_on_one_line(data: object, shown: str) -> None:
    assert preview(data) == shown


def test_a_payload_that_is_not_of_json_and_refers_to_itself_is_shown_too() -> None:
    data: list[object] = []
    data.append(data)

    assert preview(data) == "[[...]]"


def test_a_very_long_text_is_cut_and_its_length_told() -> None:
    assert preview("x" * 4096) == "x" * 4096
    assert preview("x" * 4097) == "x" * 4096 + " ... (4097 characters)"


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_no_character_that_controls_a_terminal_is_left(text: str) -> None:
    shown = printable(text)

    assert not [one for one in shown if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"}]
    assert not [one for one in shown if unicodedata.bidirectional(one) in {"RLO", "LRO", "RLI"}]
    assert shown.splitlines() == ([shown] if shown else [])


def test_what_is_known_about_a_message_is_a_line_for_each_value() -> None:
    delivery = {
        "message": {
            "topic": "a/b",
            "qos": 1,
            "properties": {"n\n": 1, "raw": b"\0", "nothing": None},
            "confirm_delivery": lambda: None,
        },
        "destination": {"topic_pattern": "a/#", "share": "work"},
    }

    assert list(describe(delivery)) == [
        "  message.topic: a/b",
        "  message.qos: 1",
        r"  message.properties.n\n: 1",
        "  message.properties.raw: (1 bytes) 00",
        "  message.properties.nothing: null",
        "  destination.topic_pattern: a/#",
        "  destination.share: work",
    ]


@pytest.mark.parametrize(
    ("data", "content"),
    [
        ("Grüße\n", "Grüße\n".encode()),
        (bytearray(b"\r\n\0"), b"\r\n\0"),
        ({"a": "ü"}, '{"a": "ü"}'.encode()),
    ],
)
def test_a_payload_goes_into_a_file_as_it_is(data: object, content: bytes) -> None:
    assert as_bytes(data) == content
