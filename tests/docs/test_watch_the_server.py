"""What the page about watching the server shows is run here, with ports that are free."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs/howto/watch-the-server.md"
MODULES = {
    "mqlight-devserver": "mqlight_devserver",
    "mqlight-recv": "mqlight_samples.recv",
    "mqlight-send": "mqlight_samples.send",
    "mqlight-uiworkout": "mqlight_samples.uiworkout",
}


@pytest.fixture
def blocks() -> list[list[str]]:
    """The commands of each block."""
    found = re.findall(r"^```\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [block.splitlines() for block in found]


@contextmanager
def running(command: str, folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command with more options; those that come later count."""
    name, *arguments = shlex.split(command)
    process = subprocess.Popen(  # noqa: S603 - programs of our documentation
        [sys.executable, "-m", MODULES[name], *arguments, *more],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def url_in_next_line(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    return server.stdout.readline().split()[-1]


def test_the_page_is_there_and_has_something_to_show(
    blocks: list[list[str]], tmp_path: Path
) -> None:
    serve, work = blocks[0]
    with running(serve, tmp_path, "--port", "0", "--ui", "0") as server:
        url, page = url_in_next_line(server), url_in_next_line(server)
        with running(work, tmp_path, "-s", url) as workout:
            assert workout.stdout is not None
            assert any("Sent 10 messages" in line for line in workout.stdout)
            with urllib.request.urlopen(f"{page}state", timeout=20) as answer:  # noqa: S310 - ours
                state = json.load(answer)
            assert state["totals"]["clients"] == 8
            assert state["totals"]["received"] >= 10


def test_the_signal_makes_the_server_say_what_goes_on(
    blocks: list[list[str]], tmp_path: Path
) -> None:
    ((command,),) = blocks[1:2]
    assert command == "pkill -USR1 -f bin/mqlight-devserver"
    with running("mqlight-devserver", tmp_path, "--port", "0") as server:
        url_in_next_line(server)
        server.send_signal(signal.SIGUSR1)
        assert server.stderr is not None
        assert re.match("mqlight-devserver: up .* 0 clients, ", server.stderr.readline())


def test_a_message_in_the_store_survives_a_kill(blocks: list[list[str]], tmp_path: Path) -> None:
    ((serve,), (listen, send)) = blocks[2:]
    with running(serve, tmp_path, "--port", "0") as server:
        url = url_in_next_line(server)
        with running(listen, tmp_path, "-s", url) as listener:
            assert listener.stdout is not None
            assert any("Subscribed" in line for line in listener.stdout)
        with running(send, tmp_path, "-s", url) as sender:
            assert sender.wait(30) == 0
    with (
        running(serve, tmp_path, "--port", "0") as server,
        running(listen, tmp_path, "-s", url_in_next_line(server)) as listener,
    ):
        assert listener.stdout is not None
        assert any(line == "for later\n" for line in listener.stdout)
