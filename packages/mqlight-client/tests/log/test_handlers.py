from __future__ import annotations

import io
import logging
import re
import sys
from typing import TYPE_CHECKING

import pytest

from mqlight._log.client_log import ClientLog
from mqlight._log.handlers import apply
from mqlight._log.plan import Plan, RotatingFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A tree of loggers of the test's own, below nothing."""
    root = logging.getLogger("mqlight.test_handlers")
    root.propagate = False
    yield root
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(logging.NOTSET)


def test_a_line_has_the_documented_parts(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    apply(Plan(logging.DEBUG, ("stderr",)), logger)
    ClientLog(logger.name, "client_1").debug("hello %s", "you")
    logger.info("nobody's")

    lines = capsys.readouterr().err.splitlines()
    parts = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[\d+:MainThread\] - mqlight\.test_handlers"
    assert re.fullmatch(parts + r" - client_1 - DEBUG hello you", lines[0])
    assert re.fullmatch(parts + r" - \* - INFO nobody's", lines[1])


def test_what_a_server_says_stays_on_its_line(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    apply(Plan(logging.INFO, ("stdout",)), logger)
    logger.info("refused: no\n2026-01-01 all is well\x1b[2J")

    assert capsys.readouterr().out.endswith(r"no\x0a2026-01-01 all is well\x1b[2J" + "\n")


def test_only_the_level_asked_for_is_written(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.setLevel(logging.DEBUG)
    apply(Plan(logging.CRITICAL, ("stderr",)), logger)
    logger.error("not this")
    logger.critical("this")

    assert logger.level == logging.DEBUG  # the application's handlers want more
    assert [line[-4:] for line in capsys.readouterr().err.splitlines()] == ["this"]


def test_a_handler_of_the_application_still_gets_each_record_once(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    text = io.StringIO()
    logger.addHandler(logging.StreamHandler(text))
    apply(Plan(logging.INFO, ("stderr",)), logger)
    logger.info("hello")

    assert text.getvalue() == "hello\n"
    assert capsys.readouterr().err.count("hello") == 1


def test_a_stream_that_the_application_writes_records_to_is_left_to_it(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.addHandler(logging.StreamHandler(sys.stderr))
    apply(Plan(logging.INFO, ("stderr",)), logger)
    logger.info("hello")

    assert capsys.readouterr().err == "hello\n"


def test_a_handler_for_worse_only_does_not_count(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    application = logging.StreamHandler(sys.stderr)
    application.setLevel(logging.ERROR)
    logger.addHandler(application)
    apply(Plan(logging.INFO, ("stderr",)), logger)
    logger.info("hello")

    assert capsys.readouterr().err.count("hello") == 1


def test_a_file_is_written_beside_stderr_and_rotated(
    logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mq.log"
    apply(Plan(logging.INFO, (RotatingFile(str(path), 200), "stderr")), logger)
    for number in range(5):
        logger.info("record %d %s", number, "ü" * 20)

    assert capsys.readouterr().err.count("record") == 5
    assert "record 4 ü" in path.read_text(encoding="utf-8")
    assert path.stat().st_size <= 200
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["mq.log", "mq.log.1"]


def test_a_file_that_can_not_be_written_is_told_and_stderr_is_left(
    logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "missing" / "mq.log")
    apply(Plan(logging.INFO, (RotatingFile(path, 200), "stderr"), ("odd size",)), logger)
    logger.info("hello")

    told, warned, line = capsys.readouterr().err.splitlines()
    assert told == "mqlight: odd size"
    assert warned == (
        f"mqlight: the log file {path!r} can not be written: No such file or directory"
    )
    assert line.endswith("INFO hello")


def test_a_process_without_standard_streams_gets_no_handler(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = logger.handlers[:]
    monkeypatch.setattr(sys, "stderr", None)
    apply(Plan(logging.INFO, ("stderr",), ("odd size",)), logger)

    assert logger.handlers == before
