"""The picture that lives below the messages on a terminal, and where there is none."""

from __future__ import annotations

import re
import shlex
import signal
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
from pseudo_terminal import CTRL_C, PseudoTerminal

from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from conftest import InTerminal

    from mqlight.blocking import Client

EXPECTED: Final = [f"{number}: Hello world!" for number in range(1, 13)]
PICTURE: Final = "100% 12 of 12 sent"
COLOUR: Final = re.compile(rb"\x1b\[[\d;]*\b(3[0-8]|4[0-8]|9[0-7]|10[0-7])\b[\d;]*m")


class Setting(NamedTuple):
    """Where a sender runs."""

    environment: Mapping[str, str] = {}
    redirection: str = ""
    columns: int = 100


SETTINGS: Final = {
    "plain": Setting(),
    "no colour": Setting({"NO_COLOR": "1"}),
    "dumb": Setting({"TERM": "dumb"}),
    "narrow": Setting(columns=45),
    "output elsewhere": Setting(redirection=">out"),
    "errors elsewhere": Setting(redirection="2>err"),
    "logging": Setting({"MQLIGHT_PYTHON_LOG": "error"}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs write files."""
    return tmp_path_factory.mktemp("redirected")


@pytest.fixture(scope="module")
def senders(folder: Path) -> Iterator[dict[str, PseudoTerminal]]:
    """A sender in each setting, all at once: each lives for as long as it takes to show more."""
    with DevServer() as server:
        arguments = ["-s", server.url, "-r", "12", "-d", "0.15", "--sequence"]
        sender = shlex.join([sys.executable, "-m", "mqlight_samples.send", *arguments])
        terminals = {
            name: PseudoTerminal(
                ["sh", "-c", f"cd {shlex.quote(str(folder))}; exec {sender} {setting.redirection}"],
                columns=setting.columns,
                environment=setting.environment,
            )
            for name, setting in SETTINGS.items()
        }
        assert [terminal.end() for terminal in terminals.values()] == [0] * len(terminals)
    yield terminals
    for terminal in terminals.values():
        terminal.close()


def messages(lines: list[str]) -> list[str]:
    return [line for line in lines if line.endswith("Hello world!")]


@pytest.mark.parametrize("setting", ["plain", "no colour", "narrow"])
def test_the_picture_stands_once_below_the_messages(
    senders: dict[str, PseudoTerminal], setting: str
) -> None:
    sender = senders[setting]

    assert sender.lines[-13:-1] == messages(sender.lines) == EXPECTED
    assert "12 of 12 sent" in sender.lines[-1]
    assert re.search(r" \d+/s ", sender.lines[-1])
    assert len([line for line in sender.lines if " sent" in line]) == 1
    assert sender.cursor_is_visible
    assert sender.cursor_column == 0


def test_the_picture_has_colours_and_the_messages_have_none(
    senders: dict[str, PseudoTerminal],
) -> None:
    sender = senders["plain"]

    assert COLOUR.search(sender.written)
    *above, picture = (
        {cell.fg for cell in row} for row in sender.cells if any(cell.data != " " for cell in row)
    )
    assert all(colours == {"default"} for colours in above)
    assert len(picture) > 1


def test_no_color_takes_the_colours_from_the_picture(senders: dict[str, PseudoTerminal]) -> None:
    assert not COLOUR.search(senders["no colour"].written)


@pytest.mark.parametrize("setting", ["dumb", "logging"])
def test_where_no_picture_can_live_there_are_plain_lines(
    senders: dict[str, PseudoTerminal], setting: str
) -> None:
    sender = senders[setting]

    assert sender.lines[-12:] == EXPECTED
    assert b"\x1b" not in sender.written


def test_messages_go_to_a_file_while_the_picture_is_watched(
    senders: dict[str, PseudoTerminal], folder: Path
) -> None:
    (line,) = senders["output elsewhere"].lines
    written = (folder / "out").read_text().splitlines()

    assert PICTURE in line
    assert written[0].startswith("Connected to")
    assert written[1:] == ["Sending to: public", *EXPECTED]


def test_without_errors_on_the_terminal_there_is_no_picture(
    senders: dict[str, PseudoTerminal], folder: Path
) -> None:
    sender = senders["errors elsewhere"]

    assert sender.lines[-12:] == EXPECTED
    assert b"\x1b" not in sender.written
    assert (folder / "err").read_text() == ""


def test_a_receiver_counts_what_arrives_above_it(
    in_terminal: InTerminal, server: DevServer, client: Client
) -> None:
    receiver = in_terminal("recv", "-s", server.url, lines=10)
    receiver.until_printed("0 received")
    for number in range(1, 1001):
        client.send("public", f"{number}: Hello world!")
    receiver.until_printed("1,000 received")
    receiver.resize(90)
    server.stop()
    receiver.until_printed("reconnecting")
    server.start()
    receiver.until(lambda: len([line for line in receiver.lines if "Connected" in line]) == 2)
    receiver.type(CTRL_C)

    assert receiver.end() == 130
    assert messages(receiver.lines) == [f"{number}: Hello world!" for number in range(1, 1001)]
    assert "1,000 received" in receiver.lines[-1]
    assert receiver.cursor_is_visible
    assert "Traceback" not in "".join(receiver.lines)


def test_a_killed_program_leaves_the_cursor(in_terminal: InTerminal, server: DevServer) -> None:
    receiver = in_terminal("recv", "-s", server.url)
    receiver.until_printed("0 received")

    assert receiver.end(signal.SIGKILL) == -signal.SIGKILL
    assert receiver.cursor_is_visible
