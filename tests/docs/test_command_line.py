"""What the page about the command line shows is run here, in a shell, as it stands there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mqlight_devserver import DevServer

PAGE = Path(__file__).parents[2] / "docs/howto/command-line.md"
PROGRAMS = ("send", "recv", "uiworkout")


@pytest.fixture
def blocks() -> dict[str, list[str]]:
    """The commands below each heading."""
    sections = PAGE.read_text("utf-8").split("\n## ")[1:]
    found = {}
    for section in sections:
        commands = re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        if commands:
            (block,) = commands
            found[section.partition("\n")[0]] = block.splitlines()
    return found


class Shell:
    """Runs commands in a folder, with the programs in reach."""

    def __init__(self, folder: Path, url: str, opened: ExitStack) -> None:
        self.folder = folder
        self._opened = opened
        (folder / "bin").mkdir()
        for name in PROGRAMS:
            script = folder / "bin" / f"mqlight-{name}"
            start = f"{sys.executable} -m mqlight_samples.{name} --service {url}"
            script.write_text(f'#!/bin/sh\nexec {start} "$@"\n', "utf-8")
            script.chmod(0o755)
        self._environment = os.environ | {
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
        }

    def start(self, command: str) -> subprocess.Popen[str]:
        """Run it beside others; it ends with the test at the latest."""
        process = subprocess.Popen(  # noqa: S602 - commands of our documentation
            command if "|" in command else f"exec {command}",
            shell=True,
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._opened.enter_context(process)
        self._opened.callback(process.kill)
        return process

    def run(self, command: str) -> list[str]:
        """Run it to its end, which is a good one; return what it printed."""
        process = self.start(command)
        out, err = process.communicate()
        assert (process.returncode, err) == (0, ""), command
        return out.splitlines()


@pytest.fixture
def shell(tmp_path: Path, mqlight_server: DevServer) -> Iterator[Shell]:
    with ExitStack() as opened:
        yield Shell(tmp_path, mqlight_server.url, opened)


@pytest.fixture
def subscribed(shell: Shell) -> Callable[[str], subprocess.Popen[str]]:
    """Start a receiver and wait until it has subscribed."""

    def start(command: str) -> subprocess.Popen[str]:
        receiver = shell.start(command)
        stream = receiver.stderr if "--file -" in command else receiver.stdout
        assert stream is not None
        assert any("Subscribed" in line for line in stream)
        return receiver

    return start


def test_there_is_a_test_for_each_heading_with_commands(blocks: dict[str, list[str]]) -> None:
    assert list(blocks) == [
        "Watch a topic",
        "Send one message, or a million",
        "Keep messages while nobody listens",
        "Share work",
        "Files and pipes",
        "Completion",
        "Keep a service busy",
    ]


def test_what_is_sent_is_seen_by_the_one_who_watches(
    shell: Shell,
    subscribed: Callable[[str], subprocess.Popen[str]],
    blocks: dict[str, list[str]],
) -> None:
    (watch,) = blocks["Watch a topic"]
    watcher = subscribed(watch)
    one, many = blocks["Send one message, or a million"]
    assert shell.run(one)[2:] == ["Hello world!"]
    assert shell.run(many)[2:] == [f"{n}: Hello again!" for n in range(1, 1001)]
    assert watcher.stdout is not None
    assert watcher.stdout.readline() == "Hello world!\n"
    assert any(line == "1000: Hello again!\n" for line in watcher.stdout)


def test_a_destination_collects_messages_while_nobody_listens(
    shell: Shell,
    subscribed: Callable[[str], subprocess.Popen[str]],
    blocks: dict[str, list[str]],
) -> None:
    listen, send, write = blocks["Keep messages while nobody listens"]
    listener = subscribed(listen)
    listener.send_signal(signal.SIGINT)
    assert listener.wait(30) == 130
    shell.run(send)
    assert shell.run(write)[-1] == "Writing message data to first.txt"
    assert (shell.folder / "first.txt").read_text("utf-8") == "for later"
    again = subscribed(listen)
    assert again.stdout is not None
    assert again.stdout.readline() == "and one more\n"


def test_each_message_of_a_share_goes_to_one_worker(
    shell: Shell,
    subscribed: Callable[[str], subprocess.Popen[str]],
    blocks: dict[str, list[str]],
) -> None:
    (work,) = blocks["Share work"]
    workers = [subscribed(work), subscribed(work)]
    shell.run("mqlight-send --topic jobs/1 sweep mop")
    jobs = set()
    for worker in workers:
        assert worker.stdout is not None
        jobs.add(worker.stdout.readline())
    assert jobs == {"sweep\n", "mop\n"}


def test_a_file_goes_through_pipes(
    shell: Shell,
    subscribed: Callable[[str], subprocess.Popen[str]],
    blocks: dict[str, list[str]],
) -> None:
    (shell.folder / "docs").mkdir()
    (shell.folder / "docs" / "page.md").touch()
    receive, send = blocks["Files and pipes"]
    receiver = subscribed(receive)
    shell.run(send)
    assert receiver.stdout is not None
    assert receiver.stdout.read() == "docs/\ndocs/page.md\n"
    assert receiver.wait(30) == 0


def test_completion_is_where_bash_looks_for_it(shell: Shell, blocks: dict[str, list[str]]) -> None:
    for command in blocks["Completion"]:
        shell.run(command)
    folder = shell.folder / ".local/share/bash-completion/completions"
    for name in PROGRAMS:
        assert f"mqlight-{name}" in (folder / f"mqlight-{name}").read_text("utf-8")


def test_the_workout_ends_after_its_time(shell: Shell, blocks: dict[str, list[str]]) -> None:
    (workout,) = blocks["Keep a service busy"]
    assert re.fullmatch(r"Total: sent (\d+), received \1", shell.run(workout)[-1])
