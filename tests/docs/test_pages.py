"""What the documentation and the packages' READMEs show is run here, as it stands there."""

from __future__ import annotations

import json
import logging
import re
import socket
import subprocess
import sys
import textwrap
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

import mqlight
from mqlight._log.levels import LEVELS
from mqlight_devserver import DevServer
from mqlight_security import ServerTls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

ROOT = Path(__file__).parents[2]


def programs(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def python(*arguments: str, folder: Path) -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603 - programs of our documentation
        [sys.executable, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@contextmanager
def running(program: str, folder: Path) -> Iterator[IO[str]]:
    """Run a program, and give its output while it runs."""
    process = subprocess.Popen(  # noqa: S603 - a program of our documentation
        [sys.executable, "-u", "-c", program], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            yield process.stdout
        finally:
            process.terminate()


@pytest.mark.parametrize(
    "page", ["docs/howto/test-against-the-devserver.md", "packages/mqlight-devserver/README.md"]
)
def test_the_tests_that_a_page_shows_pass(page: str, tmp_path: Path) -> None:
    tests = [program for program in programs(page) if "\ndef test_" in program]
    assert tests
    for number, program in enumerate(tests):
        (tmp_path / f"test_{number}.py").write_text(program, encoding="utf-8")
    code, output = python("-m", "pytest", "-W", "error", "--rootdir", ".", ".", folder=tmp_path)
    assert (code, f"{len(tests)} passed" in output) == (0, True), output


@pytest.mark.parametrize(
    "page", ["packages/mqlight-core/README.md", "packages/mqlight-security/README.md"]
)
def test_the_program_that_a_page_shows_runs(page: str, tmp_path: Path) -> None:
    [program] = programs(page)
    code, output = python("-W", "error", "-c", program, folder=tmp_path)
    assert code == 0, output


def test_what_the_readme_of_the_samples_shows_is_part_of_a_sample() -> None:
    [shown] = programs("packages/mqlight-samples/README.md")
    samples = (ROOT / "packages/mqlight-samples/src/mqlight_samples").glob("[a-z]*.py")
    assert any(
        textwrap.indent(shown, "    ") in sample.read_text(encoding="utf-8") for sample in samples
    )


def test_the_program_in_the_readme_of_the_client_gets_its_own_message(
    mqlight_server: DevServer, tmp_path: Path
) -> None:
    [program] = programs("packages/mqlight-client/README.md")
    with running(program.replace("amqp://localhost", mqlight_server.url), tmp_path) as output:
        assert output.readline() == "news/today Hello world!\n"


def test_the_program_of_the_how_to_connects_with_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    identity = authority.issue_cert("localhost")
    identity.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    own = str(tmp_path / "server.pem")
    [program] = programs("docs/howto/connect-securely.md")
    with DevServer(tls=ServerTls(certificate=own, key=own), users={"ann": "s3cret"}) as server:
        program = program.replace("amqps://broker.example", f"amqps://localhost:{server.port}")
        told = python("-W", "error", "-c", program, folder=tmp_path)
    assert told == (0, "started without an error\n")


def test_the_worker_of_the_how_to_does_its_jobs(mqlight_server: DevServer, tmp_path: Path) -> None:
    [worker] = programs("docs/howto/confirm-by-hand.md")
    with running(worker.replace("amqp://localhost", mqlight_server.url), tmp_path) as output:
        assert output.readline() == "ready\n"
        with mqlight.Client(mqlight_server.url) as client:
            client.send("jobs/1", "sweep")
        assert output.readline() == "done: sweep\n"


def test_the_coroutines_of_the_how_to_do_their_jobs(
    mqlight_server: DevServer, tmp_path: Path
) -> None:
    worker, many, pool, bounded = (
        program.replace('amqp://localhost"', f'{mqlight_server.url}"')
        for program in programs("docs/howto/asyncio.md")
    )
    with running(worker, tmp_path) as output:
        assert output.readline() == "ready\n"
        with (
            mqlight.blocking.Client(mqlight_server.url) as client,
            client.subscribe("done") as done,
        ):
            client.send("jobs/1", "sweep")
            assert done.receive(timeout=10).data == "sweep"
        assert output.readline() == "jobs/1: sweep\n"
    # Of its own: the worker may have been ended before it had confirmed its job.
    with (
        DevServer() as server,
        mqlight.blocking.Client(server.url) as client,
        subprocess.Popen(  # noqa: S603 - a program of our documentation
            [sys.executable, "-c", pool.replace(mqlight_server.url, server.url)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        client.send("jobs/1", "mop", qos=1)
        assert process.stdout.readline() == "jobs/1: mop\n"
        process.terminate()
        assert process.stdout.read() == "every job is done or back at the server\n"
    assert process.returncode == 0
    assert python("-c", many, folder=tmp_path) == (0, "the server has them all\n")
    assert python("-c", bounded, folder=tmp_path) == (
        0,
        "no connection; the client is stopped\n",
    )


def test_the_script_of_the_how_to_gets_its_own_message(
    mqlight_server: DevServer, tmp_path: Path
) -> None:
    [script] = programs("docs/howto/wait-for-each-call.md")
    script = script.replace("amqp://localhost", mqlight_server.url)
    assert python("-c", script, folder=tmp_path) == (0, "news/today Hello world!\nno more news\n")


def test_the_programs_that_queue_messages_come_to_their_end(
    mqlight_server: DevServer, tmp_path: Path
) -> None:
    paced, limited = (
        program.replace("amqp://localhost", mqlight_server.url)
        for program in programs("docs/explanation/queued-messages.md")
    )
    told = "every message is sent, or its loss was told\n"
    assert python("-W", "error", "-c", paced, folder=tmp_path) == (0, told)
    left_out = "some readings were left out\n"
    assert python("-W", "error", "-c", limited, folder=tmp_path) == (0, left_out)


@pytest.fixture
def directory(mqlight_server: DevServer) -> Iterator[str]:
    """The URL of a document that names the server."""
    document = json.dumps({"service": [mqlight_server.url]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_programs_of_the_how_to_find_the_service(
    mqlight_server: DevServer, directory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "servers.txt").write_text(f"{mqlight_server.url}\n", encoding="utf-8")
    credentials = {"connectionLookupURI": directory, "username": "ann", "password": "secret"}
    services = {"mqlight": [{"name": "mine", "label": "mqlight", "credentials": credentials}]}
    monkeypatch.setenv("VCAP_SERVICES", json.dumps(services))
    found = programs("docs/howto/find-the-service.md")
    assert len(found) == 3
    for program in found:
        there = program.replace("https://directory.example/mqlight", directory)
        with running(there, tmp_path) as output:
            assert output.readline() == f"connected to {mqlight_server.url}\n"


def test_the_log_of_a_failed_connection_is_as_the_page_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "docs/howto/read-the-log.md"
    [shown] = re.findall(
        r"^```text\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    monkeypatch.setenv("MQLIGHT_PYTHON_LOG", "debug")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        program = programs(page)[0].replace("5672", str(nobody.getsockname()[1]))
        code, output = python("-c", program, folder=tmp_path)
    assert code == 0
    numbers = re.compile(r"\d+")
    assert numbers.sub("0", output) == numbers.sub("0", shown)


def test_the_program_that_writes_a_log_of_its_own_does(
    mqlight_server: DevServer, tmp_path: Path
) -> None:
    own, talkative = programs("docs/howto/read-the-log.md")[1:]
    own = own.replace("amqp://localhost", mqlight_server.url)
    assert python("-W", "error", "-c", talkative + own, folder=tmp_path) == (0, "")
    lines = (tmp_path / "orders.log").read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith(" INFO orders: state starting")
    assert lines[-1].endswith(" INFO orders: state stopped")


def test_the_page_about_the_log_names_every_level() -> None:
    text = (ROOT / "docs/howto/read-the-log.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[A-Z_`, ]+) \| `?(\w+)`? \|", text, re.MULTILINE)
    named = {
        name: int(level) if level.isdecimal() else logging.getLevelNamesMapping()[level]
        for names, level in rows
        for name in re.findall(r"\w+", names)
        if not name.startswith("MQLIGHT")
    }
    assert named == dict(LEVELS)


def test_the_programs_of_threads_and_processes_come_to_their_end(
    mqlight_server: DevServer, tmp_path: Path
) -> None:
    pool, block, terminated, forked = (
        program.replace("amqp://localhost", mqlight_server.url)
        for program in programs("docs/explanation/threads-and-processes.md")
    )
    days = "['Monday', 'Tuesday', 'Wednesday']\n"
    assert python("-W", "error", "-c", pool, folder=tmp_path) == (0, days)
    assert python("-c", block, folder=tmp_path) == (0, "sent\nthe end\n")
    with running(terminated, tmp_path) as lines:
        assert lines.readline() == "ready\n"
    (tmp_path / "forked.py").write_text(forked, encoding="utf-8")
    ignored = "ignore::DeprecationWarning"
    code, output = python("-W", ignored, "forked.py", folder=tmp_path)
    assert code == 0, output
    assert sorted(output.splitlines()) == [
        "from the child",
        "the client was made before the fork: a child process needs one of its own",
    ]


@pytest.mark.parametrize("share", [None, "work"])
def test_the_programs_of_the_tutorial_send_and_receive(
    mqlight_server: DevServer, tmp_path: Path, share: str | None
) -> None:
    receive, send, shared_subscribe = (
        program.replace("amqp://localhost", mqlight_server.url)
        for program in programs("docs/tutorial/first-message.md")
    )
    if share is not None:
        receive = re.sub(r"^client\.subscribe.*\n", shared_subscribe, receive, flags=re.MULTILINE)
        assert f'"{share}"' in receive
    with running(receive, tmp_path) as received:
        assert received.readline() == "subscribed to news/#\n"
        assert python("-c", send, folder=tmp_path) == (0, "the server has it\n")
        assert received.readline() == "news/today: Hello world!\n"
