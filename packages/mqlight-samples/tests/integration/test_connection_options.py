"""The options that the programs share: where to connect, as whom, how safely.

What test_tls shows of them in pipes is shown here in a terminal.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from tls_files import PASSPHRASE

from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import InTerminal, RunAnywhere, Shown
    from tls_files import TlsFiles

PROGRAMS = pytest.mark.parametrize("program", ["send", "recv", "uiworkout"])
USER = "alice"
PASSWORD = "wonderland"


@pytest.fixture(scope="module")
def guarded() -> Iterator[DevServer]:
    """A server with a user."""
    with DevServer(users={USER: PASSWORD}) as server:
        yield server


@pytest.fixture(scope="module")
def secure(tls_files: TlsFiles) -> Iterator[DevServer]:
    """A server that shows a certificate for its address, and demands one."""
    with DevServer(tls=tls_files.server("127.0.0.1")) as server:
        yield server


@pytest.fixture(scope="module")
def misnamed(tls_files: TlsFiles) -> Iterator[DevServer]:
    """A server that shows a certificate for a name that is not its own."""
    with DevServer(tls=tls_files.server("elsewhere.example.org")) as server:
        yield server


def connects(program: Shown, server: DevServer) -> bool:
    program.until_printed(f"Connected to {server.url}")
    program.end(signal.SIGTERM)
    return not any(secret in line for secret in (PASSWORD, PASSPHRASE) for line in program.lines)


@pytest.mark.parametrize("program", ["send", "recv"])
def test_the_id_is_the_one_that_was_asked_for(
    in_terminal: InTerminal, server: DevServer, program: str
) -> None:
    running = in_terminal(program, "-s", server.url, "-i", "teapot")

    running.until_printed(f"Connected to {server.url} using client-id teapot")


@PROGRAMS
def test_the_password_of_a_user_is_in_a_file(
    anywhere: RunAnywhere, guarded: DevServer, program: str, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    arguments = ["--service", guarded.url, "--user", USER, "--password-file", str(file)]

    assert connects(anywhere(program, *arguments), guarded)


@PROGRAMS
def test_the_password_of_a_user_is_in_the_environment(
    anywhere: RunAnywhere, guarded: DevServer, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MQLIGHT_PASSWORD", PASSWORD)

    assert connects(anywhere(program, "-s", guarded.url, "-u", USER), guarded)


@PROGRAMS
def test_a_certificate_and_its_key(
    in_terminal: InTerminal, secure: DevServer, tls_files: TlsFiles, program: str
) -> None:
    running = in_terminal(
        program,
        *("-s", secure.url, "--trust-certificate", tls_files.trust),
        *("--client-certificate", tls_files.certificate, "--client-key", tls_files.key),
    )

    assert connects(running, secure)


@PROGRAMS
@pytest.mark.parametrize("spelling", ["--client-key-passphrase", "--client-key-passphrase-file"])
def test_the_passphrase_of_a_key_is_given_or_in_a_file(
    anywhere: RunAnywhere, secure: DevServer, tls_files: TlsFiles, program: str, spelling: str
) -> None:
    given = tls_files.passphrase_file if spelling.endswith("file") else PASSPHRASE
    running = anywhere(
        program,
        *("-s", secure.url, "-c", tls_files.trust),
        *("--client-certificate", tls_files.certificate),
        *("--client-key", tls_files.sealed_key, spelling, given),
    )

    assert connects(running, secure)


@PROGRAMS
@pytest.mark.parametrize("spelling", ["--keystore-passphrase", "--keystore-passphrase-file"])
def test_a_keystore_holds_certificate_and_key(
    anywhere: RunAnywhere, secure: DevServer, tls_files: TlsFiles, program: str, spelling: str
) -> None:
    given = tls_files.passphrase_file if spelling.endswith("file") else PASSPHRASE
    running = anywhere(
        program,
        *("-s", secure.url, "-c", tls_files.trust),
        *("--keystore", tls_files.keystore, spelling, given),
    )

    assert connects(running, secure)


@PROGRAMS
@pytest.mark.parametrize("spelling", ["--no-verify-name", "--no-verify-name=true"])
def test_the_name_in_a_certificate_is_not_looked_at(
    in_terminal: InTerminal, misnamed: DevServer, tls_files: TlsFiles, program: str, spelling: str
) -> None:
    running = in_terminal(
        program,
        *("-s", misnamed.url, "-c", tls_files.trust),
        *("--client-certificate", tls_files.certificate, "--client-key", tls_files.key, spelling),
    )

    assert connects(running, misnamed)


@PROGRAMS
def test_the_name_in_a_certificate_is_looked_at(
    in_terminal: InTerminal, misnamed: DevServer, tls_files: TlsFiles, program: str
) -> None:
    running = in_terminal(
        program,
        *("-s", misnamed.url, "-c", tls_files.trust),
        *("--client-certificate", tls_files.certificate, "--client-key", tls_files.key),
        "--no-verify-name=false",
        columns=200,
    )

    assert running.end() == 1
    (line,) = running.lines
    assert line.startswith(f"mqlight-{program}: {misnamed.url}: ")
    assert "127.0.0.1" in line
