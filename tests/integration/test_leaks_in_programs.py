"""No secret in what the programs print: in each place of a command line, wrongly and rightly."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from authority import Authority
from canary import CANARY, IN_URL, leaks

from mqlight_devserver import DevServer
from mqlight_security import ServerTls

if TYPE_CHECKING:
    from pathlib import Path

CLIENTS = pytest.mark.parametrize(
    "program", ["mqlight_samples.send", "mqlight_samples.recv", "mqlight_samples.uiworkout"]
)
NOBODY = "amqps://127.0.0.1:1"
VARIABLES = {
    f"MQLIGHT_{name}": CANARY
    for name in ("PASSWORD", "CLIENT_KEY_PASSPHRASE", "KEYSTORE_PASSPHRASE")
}
"""The secret in each variable that is read."""


def run(program: str, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run one of our programs at its most talkative; return its status and all that it wrote."""
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, "-m", program, *arguments],
        env=os.environ | {"MQLIGHT_PYTHON_LOG": "ALL", "PN_TRACE_FRM": "1"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
        text=True,
    )
    return done.returncode, done.stdout


@CLIENTS
@pytest.mark.parametrize(
    ("status", "arguments"),
    [
        (2, ["--password", CANARY]),
        (2, [f"--password={CANARY}"]),
        (2, ["-x", CANARY]),
        (2, [f"-x{CANARY.split()[0]}"]),  # with a blank it is a message
        (2, [f"--client-key-pasphrase={CANARY}"]),
        (2, ["-s", NOBODY, "--keystore-passphrase", CANARY, "--keystore-passphrase-file", "x"]),
        (2, ["-s", f"amqp://ann:{IN_URL}@host", "--client-key-passphrase", CANARY]),
        (2, ["-s", f"amqp://ann:{IN_URL}@host", "--delay", "x"]),
        (2, ["-s", f"amqp://ann:{IN_URL}@host", "--user", "ann"]),
        (2, ["-s", NOBODY, "--client-key-passphrase", CANARY]),
        (2, ["-s", NOBODY, "--keystore-passphrase", CANARY]),
        (1, ["-s", NOBODY, "--keystore", __file__, "--keystore-passphrase", CANARY]),
        (2, ["-s", f"amqp://ann:{CANARY}@host"]),
        (2, ["-s", f"amqp://ann:{IN_URL}"]),
        (2, ["-s", f"ann:{IN_URL}"]),
        (1, ["-s", f"amqp://ann:{IN_URL}@127.0.0.1:1"]),
        (1, ["-s", f"http://127.0.0.1:1/?key={IN_URL}"]),
    ],
)
def test_a_command_line_that_fails(program: str, status: int, arguments: list[str]) -> None:
    ended, said = run(program, *arguments)
    assert ended == status, said
    assert said
    assert leaks(said) == []


@CLIENTS
@pytest.mark.parametrize(
    ("status", "owner"), [(1, "--user"), (2, "--client-key"), (1, "--keystore")]
)
def test_the_environment_of_a_program_that_fails(program: str, status: int, owner: str) -> None:
    ended, said = run(program, "-s", NOBODY, owner, __file__, **VARIABLES)
    assert ended == status, said
    assert leaks(said) == []


@pytest.mark.parametrize("known", [CANARY, "another"], ids=["accepted", "refused"])
@pytest.mark.parametrize("where", ["in the URL", "in a file", "in the environment"])
def test_a_password(known: str, where: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{CANARY}\n", "utf-8")
    with DevServer(users={"ann": known}) as server:
        arguments = {
            "in the URL": ["-s", server.url.replace("//", f"//ann:{IN_URL}@")],
            "in a file": ["-s", server.url, "-u", "ann", "--password-file", str(file)],
            "in the environment": ["-s", server.url, "-u", "ann"],
        }[where]
        ended, said = run("mqlight_samples.send", *arguments, **VARIABLES)
    assert ended == (0 if known == CANARY else 1), said
    assert leaks(said) == []


@pytest.mark.parametrize("passphrase", [CANARY, "another"], ids=["right", "wrong"])
@pytest.mark.parametrize("where", ["argument", "file", "environment"])
def test_a_passphrase(passphrase: str, where: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.issue("127.0.0.1")
    file = tmp_path / "passphrase"
    file.write_text(CANARY, "utf-8")
    keystore = authority.keystore("client", passphrase)
    given = {
        "argument": ["--keystore-passphrase", CANARY],
        "file": ["--keystore-passphrase-file", str(file)],
        "environment": [],
    }[where]
    with DevServer(tls=ServerTls(certificate=certificate, key=key)) as server:
        ended, said = run(
            "mqlight_samples.send",
            *("-s", server.url, "-c", authority.trust(), "--keystore", keystore, *given),
            **VARIABLES,
        )
    assert ended == (0 if passphrase == CANARY else 1), said
    assert leaks(said) == []


def _file(folder: Path, content: str) -> str:
    (folder / "file").write_text(content, "utf-8")
    return str(folder / "file")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--usr", f"ann:{CANARY}"],
        [f"--use=ann:{CANARY}"],
        [f"-uann:{CANARY}"],
        [f"ann:{CANARY}"],
        ["--user", f"ann{IN_URL}"],
        ["--user", f":{CANARY}"],
        ["--user", f"ann:{CANARY}", "--port", "x"],
        ["--user", f"ann:{CANARY}", "--host", "nowhere.invalid"],
    ],
)
def test_a_server_that_does_not_start(arguments: list[str]) -> None:
    ended, said = run("mqlight_devserver", "--port", "0", *arguments)
    assert ended in (1, 2), said
    assert leaks(said) == []


@pytest.mark.parametrize("option", ["--users-file", "--tls-key-passphrase-file"])
@pytest.mark.parametrize("content", [CANARY.replace(":", ""), f":{CANARY}", f"ann:{CANARY}\0"])
def test_a_file_that_a_server_cannot_use(option: str, content: str, tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path / "authority").issue("host", passphrase="another")
    tls = ["--tls-certificate", certificate, "--tls-key", key]
    ended, said = run("mqlight_devserver", "--port", "0", option, _file(tmp_path, content), *tls)
    assert ended == 1, said
    assert leaks(said) == []
