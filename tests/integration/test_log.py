"""The log: what the environment asks for, a failed connection read from it, and no secret in it."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from aio_runner import run as run_on_loop

import mqlight
import mqlight.aio
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from conftest import Program

    Programs = Callable[..., Program]

CANARY = "canary%2Fsecret"
SECRETS = ("canary%2Fsecret", "canary/secret", "Y2FuYXJ5L3NlY3JldA")
FRAMES = 5

PROGRAM = """
import sys, mqlight
with mqlight.Client(sys.argv[1], "client_1") as client:
    client.subscribe("news", on_subscribed=lambda *_: client.stop())
    client.wait_stopped()
"""


def run(url: str, folder: Path, program: str = PROGRAM, **environment: str) -> tuple[str, str]:
    """Run a program that connects once; return what it printed on stdout and stderr."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("MQLIGHT_PYTHON_")
    }
    done = subprocess.run(  # noqa: S603 - a program of the test's own
        [sys.executable, "-c", program, url],
        cwd=folder,
        env=inherited | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr


def texts(records: Sequence[logging.LogRecord]) -> list[str]:
    """Return messages with their level; the client's only."""
    return [
        f"{record.levelname} {record.getMessage()}"
        for record in records
        if record.name.startswith("mqlight.")
    ]


def assert_in_order(patterns: Sequence[str], lines: Sequence[str]) -> None:
    """Check that each pattern fits a line behind that of the pattern before it."""
    rest = iter(lines)
    for pattern in patterns:
        assert any(re.search(pattern, line) for line in rest), f"{pattern!r} not in {lines}"


def test_nothing_is_printed_unless_asked(server: DevServer, tmp_path: Path) -> None:
    assert run(server.url, tmp_path) == ("", "")


RAISES = """
import sys, mqlight

def on_started(client):
    raise ZeroDivisionError("in a callback")

mqlight.Client(sys.argv[1], on_started=on_started).wait_stopped()
"""


def test_a_callback_that_raises_is_never_silent(server: DevServer, tmp_path: Path) -> None:
    out, err = run(server.url, tmp_path, RAISES)
    assert out == ""
    assert "on_started raised; the client stops" in err
    assert err.endswith("ZeroDivisionError: in a callback\n")


def test_a_program_that_wants_no_log_has_none(server: DevServer, tmp_path: Path) -> None:
    silent = "import logging; logging.getLogger('mqlight').addHandler(logging.NullHandler())"
    assert run(server.url, tmp_path, f"{silent}\n{RAISES}") == ("", "")


def test_the_log_goes_to_stderr(server: DevServer, tmp_path: Path) -> None:
    out, err = run(server.url, tmp_path, MQLIGHT_PYTHON_LOG="debug")
    assert out == ""
    lines = err.splitlines()
    form = r"[-0-9]{10} [:0-9]{8},\d{3} \[\d+:[\w-]+\] - mqlight\.\w+ - client_1 - (DEBUG|INFO) ."
    assert [line for line in lines if not re.match(form, line)] == []
    assert_in_order(["INFO state starting", "INFO state started", "INFO state stopped"], lines)
    assert "mqlight.frames" not in err


def test_the_log_goes_to_stdout_when_that_is_asked_for(server: DevServer, tmp_path: Path) -> None:
    environment = {"MQLIGHT_PYTHON_LOG": "info", "MQLIGHT_PYTHON_LOG_STREAM": "stdout"}
    out, err = run(server.url, tmp_path, PROGRAM * 2, **environment)
    assert err == ""
    # Two clients, and each record once.
    assert [line.rpartition("- ")[2] for line in out.splitlines()] == 2 * [
        f"INFO state {state}" for state in ("starting", "started", "stopping", "stopped")
    ]


def test_the_log_goes_to_a_file_and_stderr(server: DevServer, tmp_path: Path) -> None:
    out, err = run(
        server.url,
        tmp_path,
        MQLIGHT_PYTHON_LOG="ALL",
        MQLIGHT_PYTHON_LOG_STREAM="mq.log",
        MQLIGHT_PYTHON_LOG_SIZE="100000",
    )
    assert out == ""
    assert (tmp_path / "mq.log").read_text(encoding="utf-8") == err
    assert " mqlight.frames - client_1 - FRAMES sent channel 0: open " in err


def test_what_is_wrong_with_the_environment_is_told_and_the_program_runs(
    server: DevServer, tmp_path: Path
) -> None:
    _, err = run(
        server.url, tmp_path, MQLIGHT_PYTHON_LOG="loud", MQLIGHT_PYTHON_LOG_STREAM="missing/mq.log"
    )
    wrong_level, wrong_file = err.splitlines()
    assert wrong_level.startswith("mqlight: MQLIGHT_PYTHON_LOG 'loud' is no level, FFDC is taken")
    assert wrong_file.startswith("mqlight: the log file 'missing/mq.log' can not be written: ")


def test_a_program_with_a_log_of_its_own_has_each_record_once(
    server: DevServer, tmp_path: Path
) -> None:
    configured = (
        "import logging; logging.basicConfig(level='INFO', format='own %(message)s')\n" + PROGRAM
    )
    expected = [f"own state {state}" for state in ("starting", "started", "stopping", "stopped")]
    for environment in ({}, {"MQLIGHT_PYTHON_LOG": "info"}):
        _, err = run(server.url, tmp_path, configured, **environment)
        assert err.splitlines() == expected


def test_signals_stay_the_program_s(server: DevServer, tmp_path: Path) -> None:
    look = "\nimport signal; print(int(signal.getsignal(signal.SIGUSR2)))"
    out, _ = run(server.url, tmp_path, PROGRAM + look, MQLIGHT_PYTHON_LOG="ffdc")
    assert out == f"{int(signal.SIG_DFL)}\n"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections: bound, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_failed_connection_can_be_read_from_the_log(
    program: Programs, closed_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.DEBUG, "mqlight"),
        DevServer(port=0, users={"someone": "else"}) as refusing,
    ):
        nobody = f"amqp://127.0.0.1:{closed_port}"
        url = refusing.url.replace("//", f"//me:{CANARY}@")
        one = program([nobody, url], "client_1")
        one.wait_state("stopped")

    assert_in_order(
        [
            r"^INFO state starting$",
            rf"^DEBUG services {nobody}, {refusing.url}$",
            rf"^DEBUG connecting to {nobody}$",
            rf"^DEBUG {nobody}: trying 127.0.0.1 port {closed_port}$",
            rf"^DEBUG {nobody}: Connection refused$",
            rf"^INFO attempt failed: {nobody}: Connection refused$",
            rf"^DEBUG connecting to {refusing.url}$",
            rf"^DEBUG {refusing.url}: trying 127.0.0.1 port \d+$",
            rf"^WARNING {refusing.url}: the password goes over a connection without TLS$",
            rf"^DEBUG {refusing.url} is connected, user 'me'$",
            rf"^DEBUG {refusing.url}: SASL PLAIN: user and password not accepted$",
            r"^INFO attempt failed: .*the server does not accept this user and password$",
            r"^INFO state stopped: SecurityError: .*does not accept this user and password$",
        ],
        texts(caplog.records),
    )
    assert {
        record.__dict__["client_id"]
        for record in caplog.records
        if record.name.startswith("mqlight.")
    } == {"client_1"}


def test_a_failed_connection_on_an_event_loop_can_be_read_from_the_log(
    closed_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def connect(*services: str) -> None:
        with pytest.raises(mqlight.SecurityError):
            await mqlight.aio.Client(services, "client_1").start()

    with (
        caplog.at_level(FRAMES, "mqlight"),
        DevServer(port=0, users={"someone": "else"}) as refusing,
    ):
        nobody = f"amqp://127.0.0.1:{closed_port}"
        run_on_loop(connect(nobody, refusing.url.replace("//", f"//me:{CANARY}@")))

    assert_in_order(
        [
            r"^INFO state starting$",
            rf"^DEBUG {nobody}: trying 127.0.0.1 port {closed_port}$",
            rf"^DEBUG {nobody}: Connection refused$",
            rf"^INFO attempt failed: {nobody}: Connection refused$",
            rf"^DEBUG {refusing.url} is connected, user 'me'$",
            r"sent SASL: sasl-init mechanism='PLAIN' initial-response=\*+$",
            rf"^DEBUG {refusing.url}: SASL PLAIN: user and password not accepted$",
            r"^INFO state stopped: SecurityError: .*does not accept this user and password$",
        ],
        texts(caplog.records),
    )
    assert [secret for secret in SECRETS if secret in caplog.text] == []


def test_a_wait_before_the_next_round_is_in_the_log(
    program: Programs, closed_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "mqlight"):
        one = program(f"amqp://127.0.0.1:{closed_port}")
        one.wait_state("retrying")
        one.stop()

    assert_in_order(
        [
            r"^INFO state retrying: NetworkError: .*Connection refused$",
            r"^INFO next attempt in \d\.\d s$",
            r"^INFO state stopping$",
            r"^INFO state stopped$",
        ],
        texts(caplog.records),
    )


def test_links_are_in_the_log(started: Programs, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "mqlight"):
        one = started()
        one.subscribe("news")
        one.deliver("news", "hello")
        one.client.unsubscribe("news", on_unsubscribed=one.recorder("on_unsubscribed"))
        one.wait_named("on_unsubscribed")
        one.stop()

    assert_in_order(
        [
            r"^DEBUG subscribe 'private:news', qos 0, ttl 0 s, credit 1024$",
            r"^DEBUG link of subscription 'private:news' attached$",
            r"^DEBUG link of topic 'news' attached$",
            r"^DEBUG unsubscribe 'private:news', which is active$",
            r"^DEBUG link of subscription 'private:news' ended as asked$",
            r"^INFO state stopping$",
            r"^DEBUG stopping: everything is finished, closing the connection$",
            r"closed as asked$",
        ],
        texts(caplog.records),
    )


@pytest.mark.parametrize("level", [FRAMES, logging.DEBUG, logging.INFO])
def test_no_secret_is_in_the_log(
    program: Programs, caplog: pytest.LogCaptureFixture, level: int
) -> None:
    with (
        caplog.at_level(level, "mqlight"),
        DevServer(port=0, users={"me": "canary/secret"}) as accepting,
        DevServer(port=0, users={"me": "another"}) as refusing,
    ):
        for server in (accepting, refusing):
            program(server.url.replace("//", f"//me:{CANARY}@")).wait_state(
                "started" if server is accepting else "stopped"
            )
        options = {"user": "me", "password": "canary/secret"}
        program(refusing.url, security_options=options).wait_state("stopped")
        last = program(accepting.url, security_options=options)
        last.wait_state("started")
        last.stop()

    assert caplog.records
    assert [secret for secret in SECRETS if secret in caplog.text] == []
    sasl = [line for line in texts(caplog.records) if "sasl-init" in line]
    assert len(sasl) == (4 if level == FRAMES else 0)
