"""Lines, and the picture that lives below them on a terminal."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pytest

from mqlight_samples import _terminal
from mqlight_samples._terminal import Display

if TYPE_CHECKING:
    from collections.abc import Callable


class Picture:
    """What is drawn, and when it has been drawn."""

    def __init__(self) -> None:
        self.text = "first"
        self.asked = threading.Semaphore(0)

    def __call__(self) -> str:
        self.asked.release()
        return self.text

    def until_drawn(self) -> None:
        """Wait until the picture has been asked for twice: what was before is on the terminal."""
        for _ in range(2):
            assert self.asked.acquire(timeout=20)


@pytest.fixture
def picture(monkeypatch: pytest.MonkeyPatch) -> Picture:
    """A picture that a program need not run for a while to show."""
    monkeypatch.setattr(_terminal, "_SECONDS_TO_PICTURE", 0)
    monkeypatch.setattr(_terminal, "_SECONDS_TO_REFRESH", 0.01)
    monkeypatch.setenv("TERM", "xterm-256color")
    for variable in ("NO_COLOR", "MQLIGHT_PYTHON_LOG"):
        monkeypatch.delenv(variable, raising=False)
    return Picture()


class Terminal:
    """A terminal for both streams of this process, until it is closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._reading, self._writing = os.openpty()
        self._written = bytearray()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._streams: list[TextIO] = []
        # Here and not in a fixture: pytest has other streams for each test and its fixtures.
        for name in ("stdout", "stderr"):
            stream = os.fdopen(self._writing, "w", encoding="utf-8", closefd=False)
            self._streams.append(stream)
            monkeypatch.setattr(sys, name, stream)

    def _read(self) -> None:
        with suppress(OSError):  # Linux's way to say that nobody writes any more
            while some := os.read(self._reading, 65536):
                self._written.extend(some)

    def close(self) -> str:
        """Return all that was written."""
        for stream in self._streams:
            stream.close()
        os.close(self._writing)
        self._reader.join()
        os.close(self._reading)
        return self._written.decode()


@pytest.fixture
def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    return lambda: Terminal(monkeypatch)


def on_screen(written: str) -> list[str]:
    """The lines of which the last state was not erased, without colours."""
    plain = re.sub(r"\x1b\[[0-9;?]*[mhlK]", "", written.replace("\r\x1b[2K", "\0"))
    return [line.rpartition("\0")[2].strip("\r") for line in plain.split("\n")]


def test_without_a_picture_lines_are_written_as_they_come(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Display() as display:
        display.line("one", "two")
        display.error("problem")
        assert capsys.readouterr() == ("one\ntwo\n", "problem\n")


def test_lines_aside_leave_standard_output_to_a_payload(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Display(aside=True) as display:
        display.line("one")
    assert capsys.readouterr() == ("", "one\n")


def test_where_there_is_no_terminal_no_picture_is_asked_for(picture: Picture) -> None:
    with Display(picture) as display:
        display.begin()
        display.line("one")
    assert not picture.asked.acquire(blocking=False)


@pytest.mark.parametrize(
    ("variable", "value"), [("TERM", "dumb"), ("TERM", "unknown"), ("MQLIGHT_PYTHON_LOG", "debug")]
)
def test_where_a_picture_would_be_torn_there_is_none(
    picture: Picture,
    open_terminal: Callable[[], Terminal],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, value)
    terminal = open_terminal()
    with Display(picture) as display:
        display.begin()
        display.line("one")
    assert terminal.close() == "one\r\n"


def test_lines_stand_above_the_picture_and_the_last_one_stays(
    picture: Picture, open_terminal: Callable[[], Terminal]
) -> None:
    terminal = open_terminal()
    with Display(picture) as display:
        display.begin()
        picture.until_drawn()
        display.line("one", "two")
        display.error("problem")
        display.line("three")
        picture.text = "last"
    assert on_screen(terminal.close()) == ["one", "two", "problem", "three", "last", ""]


def test_many_lines_do_not_wait_for_the_next_picture(
    picture: Picture, open_terminal: Callable[[], Terminal]
) -> None:
    terminal = open_terminal()
    with Display(picture) as display:
        display.begin()
        picture.until_drawn()
        for number in range(5000):
            display.line(str(number))
        assert len(display._pending) < 1000
    assert on_screen(terminal.close()) == [*map(str, range(5000)), "first", ""]


def test_a_line_is_neither_wrapped_nor_coloured_nor_read_as_markup(
    picture: Picture, open_terminal: Callable[[], Terminal]
) -> None:
    line = "[red]http://host/ 42[/red] :smile: " + "x" * 200
    terminal = open_terminal()
    with Display(picture) as display:
        display.begin()
        picture.until_drawn()
        display.line(line)
    assert line in terminal.close()


def test_the_cursor_is_visible_while_the_picture_lives(
    picture: Picture, open_terminal: Callable[[], Terminal]
) -> None:
    terminal = open_terminal()
    with Display(picture) as display:
        display.begin()
        picture.until_drawn()
    written = terminal.close()
    assert written.index("\x1b[?25h") < written.index("first")
    assert written.count("\x1b[?25l") == 1


def test_lines_go_to_a_file_while_the_picture_is_on_the_terminal(
    picture: Picture,
    open_terminal: Callable[[], Terminal],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    terminal = open_terminal()
    with (tmp_path / "lines").open("w", encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stdout", file)
        with Display(picture) as display:
            display.begin()
            picture.until_drawn()
            display.line("one")
    assert (tmp_path / "lines").read_text("utf-8") == "one\n"
    assert on_screen(terminal.close()) == ["first", ""]


def test_a_program_that_is_done_sooner_shows_no_picture(
    picture: Picture, open_terminal: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_terminal, "_SECONDS_TO_PICTURE", 600)
    terminal = open_terminal()
    with Display(picture) as display:
        display.begin()
        display.line("one")
    assert terminal.close() == "one\r\n"


def test_before_it_has_begun_there_is_no_picture(
    picture: Picture, open_terminal: Callable[[], Terminal]
) -> None:
    terminal = open_terminal()
    with Display(picture) as display:
        display.line("one")
    display.begin()
    assert terminal.close() == "one\r\n"
    assert not picture.asked.acquire(blocking=False)


def test_where_lines_go_through_a_pipe_what_reads_them_has_the_terminal_for_itself(
    picture: Picture, open_terminal: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = open_terminal()
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as lines:
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            monkeypatch.setattr(sys, "stdout", pipe)
            with Display(picture) as display:
                display.begin()
                display.line("one")
                assert not display.live
        assert lines.read() == "one\n"
    assert terminal.close() == ""


@pytest.mark.parametrize("aside", [False, True])
def test_a_payload_on_the_terminal_is_not_drawn_over(
    picture: Picture, open_terminal: Callable[[], Terminal], *, aside: bool
) -> None:
    terminal = open_terminal()
    with Display(picture, aside=aside) as display:
        display.begin()
        if not aside:
            picture.until_drawn()
    assert bool(terminal.close()) is not aside


def test_what_cannot_be_written_is_told_with_the_name_of_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Path("/dev/full").open("w", buffering=1, encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(OSError, match="No space left on device: 'standard output'"):
            Display().line("one")
        monkeypatch.undo()
        with suppress(OSError):
            full.close()


def test_a_stream_without_a_descriptor_does_not_disturb_the_picture(
    picture: Picture, open_terminal: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = open_terminal()
    lines = io.StringIO()
    monkeypatch.setattr(sys, "stdout", lines)
    with Display(picture) as display:
        display.begin()
        picture.until_drawn()
        display.line("one")
    assert lines.getvalue() == "one\n"
    assert "first" in terminal.close()
