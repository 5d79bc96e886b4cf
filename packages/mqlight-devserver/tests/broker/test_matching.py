"""Topic patterns: mqlight-protocol.md §4.9."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight_devserver.broker import PatternIndex

MATCHES = [
    ("a", "a"),
    ("a/b", "a/b"),
    ("+", "a"),
    ("a/+", "a/b"),
    ("+/b", "a/b"),
    ("+/b", "/b"),
    ("a/+", "a/"),
    ("+/+", "/"),
    ("#", "a"),
    ("#", "a/b/c"),
    ("#", "/"),
    ("USA/#", "USA"),
    ("USA/#", "USA/Iowa"),
    ("USA/#", "USA/Iowa/Ames"),
    ("USA/#", "USA/"),
    ("#/Results", "Results"),
    ("#/Results", "Sport/Results"),
    ("#/Results", "Sport/Tennis/Results"),
    ("a/#/z", "a/z"),
    ("a/#/z", "a/b/c/z"),
    ("a/#/z", "a/z/z"),
    ("#/+", "a"),
    ("+/#", "a"),
    ("#/#", "a"),
    ("#/b/#", "a/b/c/b"),
    ("/a", "/a"),
    ("USA#", "USA#"),
    ("a+", "a+"),
    ("+a/b#", "+a/b#"),
    ("+", "+"),
    ("a/+", "a/#"),
    ("Ä/ö", "Ä/ö"),
]
MISSES = [
    ("a", "b"),
    ("a", "A"),
    ("a", "a/b"),
    ("a", "/a"),
    ("/a", "a"),
    ("a/", "a"),
    ("+", "a/b"),
    ("a/+", "a"),
    ("a/+", "a/b/c"),
    ("USA/#", "USAX"),
    ("USA#", "USA"),
    ("USA#", "USA/Iowa"),
    ("a+", "ab"),
    ("#/Results", "Results/x"),
    ("a/#/z", "a"),
    ("a/#/z", "a/b"),
    ("+/#/+", "a"),
    ("a", "+"),
    ("a/b", "a/#"),
    ("a/b", "#"),
]


def index_of(*patterns: str) -> PatternIndex[str]:
    index: PatternIndex[str] = PatternIndex()
    for pattern in patterns:
        index.add(pattern, pattern)
    return index


@pytest.mark.parametrize(("pattern", "topic"), MATCHES)
def test_a_pattern_matches_a_topic(pattern: str, topic: str) -> None:
    assert index_of(pattern).match(topic) == (pattern,)


@pytest.mark.parametrize(("pattern", "topic"), MISSES)
def test_a_pattern_does_not_match_a_topic(pattern: str, topic: str) -> None:
    assert index_of(pattern).match(topic) == ()


def test_every_pattern_that_matches_is_found_once() -> None:
    index = index_of("a/b", "a/+", "#", "+/#", "#/#", "x")
    assert sorted(index.match("a/b")) == sorted(["a/b", "a/+", "#", "+/#", "#/#"])


def test_several_values_under_one_pattern_are_all_found() -> None:
    index: PatternIndex[int] = PatternIndex()
    index.add("a/#", 1)
    index.add("a/#", 2)
    index.add("a/#", 2)
    assert index.match("a/b") == (1, 2)


def test_a_value_that_is_removed_is_not_found_any_more() -> None:
    index = index_of("a/#", "a/b", "+/+")
    index.remove("a/#", "a/#")
    assert sorted(index.match("a/b")) == ["+/+", "a/b"]


def test_what_was_never_filed_cannot_be_removed() -> None:
    index = index_of("a/b")
    with pytest.raises(KeyError):
        index.remove("a/c", "a/c")
    with pytest.raises(KeyError):
        index.remove("a/b", "other")


def test_removing_everything_leaves_nothing_behind() -> None:
    patterns = ["a/b", "a/b/c", "+/x", "#", "a/#/z", "a/+"]
    index = index_of(*patterns)
    for pattern in patterns:
        index.remove(pattern, pattern)
    assert index._root.bare


def test_many_hashes_cost_no_more_than_few() -> None:
    index = index_of("/".join(["#", "a"] * 30 + ["b"]))
    started = time.process_time()
    assert index.match("/".join(["a"] * 200)) == ()
    assert time.process_time() - started < 1


LEVELS = st.sampled_from(["", "a", "b", "+", "#", "a+"])


@given(
    st.lists(LEVELS, min_size=1, max_size=5),
    st.lists(LEVELS, min_size=1, max_size=6),
)
def test_matching_agrees_with_a_regular_expression(pattern: list[str], topic: list[str]) -> None:
    # Each level of the topic ends with a slash here, so that "#" can stand for whole levels.
    forms = {"+": "[^/]*/", "#": "(?:[^/]*/)*"}
    expression = "".join(forms.get(level, re.escape(level) + "/") for level in pattern)
    expected = re.fullmatch(expression, "".join(level + "/" for level in topic)) is not None
    assert bool(index_of("/".join(pattern)).match("/".join(topic))) is expected
