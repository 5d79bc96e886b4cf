from __future__ import annotations

import logging

import pytest

from mqlight._log.levels import FRAMES, LEVELS
from mqlight._log.plan import DEFAULT_SIZE, Plan, RotatingFile, plan


def test_an_environment_that_says_nothing_asks_for_nothing() -> None:
    assert plan({}) is None
    assert plan({"MQLIGHT_PYTHON_LOG": " ", "MQLIGHT_PYTHON_LOG_STREAM": ""}) is None
    assert plan({"MQLIGHT_PYTHON_LOG_SIZE": "5", "MQLIGHT_PYTHON_NO_HANDLER": "1"}) is None


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("ALL", FRAMES),
        ("detail", FRAMES),
        ("Exit_Often", FRAMES),
        ("debug", logging.DEBUG),
        ("FROM", logging.DEBUG),
        ("state", logging.INFO),
        ("DATA", logging.INFO),
        ("PARMS", logging.INFO),
        ("ENTRY_EXIT", logging.INFO),
        ("info", logging.INFO),
        ("warn", logging.WARNING),
        ("warning", logging.WARNING),
        ("ERROR", logging.ERROR),
        ("FFDC", logging.CRITICAL),
        ("critical", logging.CRITICAL),
    ],
)
def test_the_names_of_the_original_and_of_the_standard_library_are_levels(
    name: str, level: int
) -> None:
    assert plan({"MQLIGHT_PYTHON_LOG": name}) == Plan(level, ("stderr",))


def test_no_name_is_more_talkative_than_one_before_it() -> None:
    assert list(LEVELS.values()) == sorted(LEVELS.values())


def test_a_level_that_does_not_exist_is_told_and_becomes_the_default() -> None:
    asked = plan({"MQLIGHT_PYTHON_LOG": "loud"})
    assert asked is not None
    assert asked.level == logging.CRITICAL
    [problem] = asked.problems
    assert problem.startswith("MQLIGHT_PYTHON_LOG 'loud' is no level, FFDC is taken; known: ALL, ")


@pytest.mark.parametrize(
    ("stream", "outputs"),
    [
        ("stderr", ("stderr",)),
        ("STDOUT", ("stdout",)),
        ("/var/log/mq.log", (RotatingFile("/var/log/mq.log", DEFAULT_SIZE), "stderr")),
    ],
)
def test_a_stream_alone_is_asked_for_first_failures(
    stream: str, outputs: tuple[object, ...]
) -> None:
    asked = plan({"MQLIGHT_PYTHON_LOG_STREAM": stream})
    assert asked is not None
    assert (asked.level, asked.outputs, asked.problems) == (logging.CRITICAL, outputs, ())


@pytest.mark.parametrize(("text", "size"), [("5000", 5000), ("0", 0)])
def test_a_file_is_rotated_at_its_size(text: str, size: int) -> None:
    asked = plan({"MQLIGHT_PYTHON_LOG_STREAM": "mq.log", "MQLIGHT_PYTHON_LOG_SIZE": text})
    assert asked is not None
    assert asked.outputs == (RotatingFile("mq.log", size), "stderr")


@pytest.mark.parametrize("text", ["10MB", "-1", "1.5", "²"])
def test_a_size_that_is_no_number_is_told_and_becomes_the_default(text: str) -> None:
    asked = plan({"MQLIGHT_PYTHON_LOG_STREAM": "mq.log", "MQLIGHT_PYTHON_LOG_SIZE": text})
    assert asked is not None
    assert asked.outputs[0] == RotatingFile("mq.log", 10_000_000)
    assert asked.problems == (
        f"MQLIGHT_PYTHON_LOG_SIZE {text!r} is no number of bytes, 10000000 is taken",
    )
