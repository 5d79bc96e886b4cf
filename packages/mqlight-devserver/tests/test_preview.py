"""What a person sees of a message."""

from __future__ import annotations

import pytest
from devserver_wire import message

from mqlight_devserver.ui.preview import preview


def value(code: bytes, content: bytes, width: int = 1) -> bytes:
    return b"\x00\x53\x77" + code + len(content).to_bytes(width, "big") + content


def test_text_is_shown_as_it_is() -> None:
    assert preview(message("<b>hello</b>\n"), 100) == ("text", "<b>hello</b>\n", True)


def test_what_comes_before_the_body_is_skipped() -> None:
    encoded = b"\x00\x53\x70\x45" + b"\x00\x53\x73\x45" + value(b"\xb1", b"hi", 4)
    assert preview(encoded, 100) == ("text", "hi", True)


def test_long_text_is_cut() -> None:
    assert preview(message("ä" * 1000), 10) == ("text", "ä" * 10, False)


def test_text_of_exactly_the_length_is_whole() -> None:
    assert preview(message("ä" * 10), 10) == ("text", "ä" * 10, True)


def test_a_character_is_never_cut_in_two() -> None:
    encoded = value(b"\xb1", ("x" + "😀" * 10_000).encode(), 4)[: 5 + 8 + 20]
    assert set(preview(encoded, 100).text) == {"x", "😀"}


def test_text_that_is_not_utf8_is_shown_as_far_as_it_is() -> None:
    assert preview(value(b"\xa1", b"a\xffb"), 100) == ("text", "a\ufffdb", True)


def test_binary_is_shown_in_hexadecimal() -> None:
    assert preview(value(b"\xa0", bytes(range(4))), 3) == ("binary", "00 01 02", False)


def test_a_data_section_is_binary() -> None:
    assert preview(b"\x00\x53\x75\xa0\x02\x01\xff", 9) == ("binary", "01 ff", True)


def test_other_values_are_named_only() -> None:
    assert preview(b"\x00\x53\x77\x54\x05", 9) == ("other", "", True)


@pytest.mark.parametrize("size", range(40))
def test_of_a_beginning_nothing_more_is_expected_than_is_there(size: int) -> None:
    encoded = b"\x00\x53\x70\xc0\x05\x01" + b"\xa1\x02ab" + value(b"\xb1", b"text" * 9, 4)
    shown = preview(encoded[:size], 100)
    assert (shown.kind, shown.text) == (
        ("other", "") if size < 14 else ("text", ("text" * 9)[: max(size - 18, 0)])
    )
