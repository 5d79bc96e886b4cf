"""How the programs behave in a shell: keys, signals, pipelines, closed streams."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pseudo_terminal import CTRL_C, CTRL_D, CTRL_Z

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import InTerminal, Run
    from pseudo_terminal import PseudoTerminal

    from mqlight.blocking import Client
    from mqlight_devserver import DevServer

PATIENCE = 30.0
"""Seconds after which a test gives up waiting."""
NUMBERED = re.compile(r"(\d+): Hello world!")
PROGRAMS = pytest.mark.parametrize("program", ["send", "recv"])


def command(program: str, *arguments: str) -> str:
    """What a person would type."""
    return shlex.join([sys.executable, "-m", f"mqlight_samples.{program}", *arguments])


def stop_typed(program: PseudoTerminal) -> int:
    program.type(CTRL_C)
    return program.end()


def stop_asked(program: PseudoTerminal) -> int:
    return program.end(signal.SIGTERM)


STOPS = pytest.mark.parametrize(("stop", "status"), [(stop_typed, 130), (stop_asked, 143)])


@STOPS
def test_a_stopped_sender_has_finished_what_it_showed_and_what_was_under_way(
    in_terminal: InTerminal,
    server: DevServer,
    client: Client,
    stop: Callable[[PseudoTerminal], int],
    status: int,
) -> None:
    with client.subscribe("public", ttl=60_000) as messages:
        sender = in_terminal("send", "-s", server.url, "-r", "0", "--sequence", "-d", "0.001")
        sender.until_printed("100: Hello world!")

        assert stop(sender) == status
        client.send("public", "end")
        received = list(iter(lambda: messages.receive(PATIENCE).data, "end"))
    shown = [found[0] for line in sender.lines if (found := NUMBERED.search(line))]
    assert received == [f"{number}: Hello world!" for number in range(1, len(received) + 1)]
    assert shown == received
    assert sender.cursor_is_visible
    assert "Traceback" not in "".join(sender.lines)


@STOPS
def test_a_stopped_receiver_leaves_the_terminal_as_it_was(
    in_terminal: InTerminal,
    server: DevServer,
    client: Client,
    stop: Callable[[PseudoTerminal], int],
    status: int,
) -> None:
    receiver = in_terminal("recv", "-s", server.url)
    receiver.until_printed("Subscribed to")
    client.send("public", "before")
    receiver.until_printed("before")

    assert stop(receiver) == status
    assert receiver.cursor_is_visible
    assert "Traceback" not in "".join(receiver.lines)


def test_ctrl_z_holds_a_sender_and_its_picture_until_fg(
    terminal: Callable[..., PseudoTerminal], server: DevServer
) -> None:
    shell = terminal(["sh", "-i"], environment={"PS1": "ready> "}, columns=200)
    shell.until_printed("ready>")
    shell.type(command("send", "-s", server.url, "-r", "2", "-d", "3600") + "\n")
    shell.until_printed("1 of 2 sent")
    shell.type(CTRL_Z)
    shell.until_printed("Stopped")
    shell.until(lambda: shell.lines[-1].startswith("ready>"))
    assert shell.cursor_is_visible

    shell.type("fg\n")
    shell.until(lambda: "1 of 2 sent" in shell.lines[-1])
    shell.type(CTRL_C)
    shell.until(lambda: shell.lines[-1].startswith("ready>"))
    shell.type("exit $?\n")
    assert shell.end() == 130
    assert shell.lines.count("Hello world!") == 1


def test_a_reader_that_has_seen_enough_ends_a_sender_with_one_line(
    terminal: Callable[..., PseudoTerminal], server: DevServer
) -> None:
    sender = command("send", "-s", server.url, "-i", "me", "-r", "0", "-d", "0.001")
    shell = terminal(["sh", "-c", f"{{ {sender}; echo status $? >&2; }} | head -1"])

    assert shell.end() == 0
    assert sorted(shell.lines) == [
        f"Connected to {server.url} using client-id me",
        "mqlight-send: standard output: Broken pipe",
        "status 1",
    ]


@pytest.mark.parametrize(("program", "closed"), [("send", "<&-"), ("recv", ">&-")])
def test_no_payload_is_read_from_or_lost_in_what_is_closed(
    terminal: Callable[..., PseudoTerminal], server: DevServer, program: str, closed: str
) -> None:
    line = command(program, "-s", server.url, "-f", "-")
    shell = terminal(["sh", "-c", f"{line} {closed}"])

    assert shell.end() == 2
    assert "argument -f/--file: '-': it is closed" in shell.lines[-1]


@PROGRAMS
def test_each_line_can_be_read_while_the_program_goes_on(
    run: Run, server: DevServer, client: Client, program: str
) -> None:
    arguments = ["--repeat", "2", "--delay", "3600"] if program == "send" else ["--delay", "3600"]
    running = run(program, "-s", server.url, *arguments)
    running.until(lambda: len(running.out) >= 2)
    client.send("public", "Hello world!", qos=1)
    running.until_printed("Hello world!")

    assert running.process.poll() is None
    assert "\x1b" not in "".join(running.lines)


def test_what_is_typed_until_ctrl_d_is_a_message(
    in_terminal: InTerminal, server: DevServer, client: Client
) -> None:
    with client.subscribe("public") as messages:
        sender = in_terminal("send", "-s", server.url, "-f", "-")
        sender.type(f"typed\n{CTRL_D}")

        assert sender.end() == 0
        assert messages.receive(PATIENCE).data == b"typed\n"


def test_ctrl_c_ends_a_sender_that_waits_for_what_is_typed(
    in_terminal: InTerminal, server: DevServer
) -> None:
    sender = in_terminal("send", "-s", server.url, "-f", "-")
    sender.type("half a message\n")
    sender.until(lambda: sender.lines == ["half a message"] and sender.cursor_column == 0)
    sender.until(lambda: not sender.has_unread_lines())

    assert stop_typed(sender) == 130
    assert "Traceback" not in "".join(sender.lines)


def test_a_payload_goes_through_a_pipeline_and_nothing_else_does(
    terminal: Callable[..., PseudoTerminal], server: DevServer, client: Client
) -> None:
    receiver = command("recv", "-s", server.url, "-i", "me", "-f", "-")
    shell = terminal(["sh", "-c", f"{receiver} | tr a-z A-Z"])
    shell.until_printed("Subscribed to")
    client.send("public", "payload\n")

    assert shell.end() == 0
    assert [line for line in shell.lines if not line.startswith("Writing")] == [
        f"Connected to {server.url} using client-id me",
        "Subscribed to pattern: public",
        "PAYLOAD",
    ]


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_a_stream_that_is_closed_takes_nothing_and_stops_nothing(
    server: DevServer, client: Client, closed: str
) -> None:
    with client.subscribe("public") as messages:
        send = command("send", "-s", server.url, "hello")
        ended = subprocess.run(  # noqa: S602 - a shell is what closes streams
            f"{send} {closed}", shell=True, capture_output=True, timeout=PATIENCE, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, b"")
        assert messages.receive(PATIENCE).data == "hello"


def test_the_workout_runs_with_all_streams_closed(server: DevServer) -> None:
    workout = command("uiworkout", "-s", server.url, "-d", "0.1", "--duration", "0.5")
    ended = subprocess.run(  # noqa: S602 - a shell is what closes streams
        f"{workout} <&- >&- 2>&-", shell=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 0
