from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight_core import InvalidArgumentError, check_client_id, generate_client_id

ALLOWED = "ABCXYZabcxyz0189%/._"


@given(st.text(ALLOWED, min_size=1, max_size=256))
def test_an_id_of_up_to_256_allowed_characters_is_valid(client_id: str) -> None:
    assert check_client_id(client_id) == client_id


@pytest.mark.parametrize("client_id", ["a" * 256, "recv_1a2b3c4", "a/b.c%d"])
def test_the_boundaries_are_valid(client_id: str) -> None:
    assert check_client_id(client_id) == client_id


def test_an_id_of_257_characters_is_too_long() -> None:
    with pytest.raises(InvalidArgumentError, match="longer than the maximum ID length of 256"):
        check_client_id("a" * 257)


def test_an_empty_id_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="1 to 256 characters"):
        check_client_id("")


@pytest.mark.parametrize("character", ["-", ":", " ", "\n", "\0", "é", "٣", "\ud800", "\\"])
def test_the_message_names_a_character_that_is_not_allowed(character: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_client_id(f"a{character}b")
    assert f"contains invalid char: {character!r}" in str(caught.value)
    assert "A-Z a-z 0-9 % / . _" in str(caught.value)


def test_a_trailing_newline_is_not_overlooked() -> None:
    with pytest.raises(InvalidArgumentError):
        check_client_id("abc\n")


def test_an_int_is_taken_as_its_digits() -> None:
    assert check_client_id(42) == "42"


def test_a_negative_int_has_an_invalid_character() -> None:
    with pytest.raises(InvalidArgumentError, match="'-'"):
        check_client_id(-1)


@pytest.mark.parametrize("value", [10**256, 10**6000, -(10**6000)], ids=["257", "6001", "-6001"])
def test_an_int_of_too_many_digits_is_too_long(value: int) -> None:
    with pytest.raises(InvalidArgumentError, match="maximum ID length of 256"):
        check_client_id(value)


def test_an_int_of_256_digits_is_valid() -> None:
    assert len(check_client_id(10**255)) == 256


@pytest.mark.parametrize("value", [None, True, 1.5, b"abc", ["abc"], object()])
def test_any_other_type_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match=f"client_id must be a str, not {type(value).__name__}"):
        check_client_id(value)


@given(st.integers())
def test_a_generated_id_is_valid_and_has_seven_hex_digits(random_bits: int) -> None:
    client_id = generate_client_id(random_bits)
    assert re.fullmatch(r"AUTO_[0-9a-f]{7}", client_id)
    assert check_client_id(client_id) == client_id


def test_the_lowest_28_bits_make_a_generated_id() -> None:
    assert generate_client_id(0x1A2B3C4) == "AUTO_1a2b3c4"
    assert generate_client_id(0xF_0000_0001) == "AUTO_0000001"
