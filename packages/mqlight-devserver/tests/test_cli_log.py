from __future__ import annotations

import logging

import pytest

from mqlight_devserver.cli_log import Formatter


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("a/b", "a/b"),
        ("Grüße/漢字", "Grüße/漢字"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b2J", r"\x9b2J"),
        ("one\r\ntwo", r"one\r\ntwo"),
        ("\u202eright to left", r"\u202eright to left"),
        ("\udcff", r"\udcff"),
    ],
)
def test_nothing_that_a_client_says_leaves_its_line(said: str, written: str) -> None:
    record = logging.makeLogRecord({"msg": "subscribes to %s", "args": (said,)})
    assert Formatter().format(record).endswith(f" subscribes to {written}")


def test_a_traceback_keeps_its_lines() -> None:
    with pytest.raises(ValueError, match="x") as raised:
        int("x")
    error = raised.value
    about = (type(error), error, error.__traceback__)
    record = logging.makeLogRecord({"msg": "failed", "exc_info": about})
    first, *others = Formatter().format(record).splitlines()
    assert first.endswith(" failed")
    assert others[-1].startswith("ValueError: ")
