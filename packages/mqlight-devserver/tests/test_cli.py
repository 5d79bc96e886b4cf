"""The command line as it is read; what it does is in integration/test_command.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqlight_devserver import cli
from mqlight_devserver.cli_security import all_users, port_of, server_tls
from mqlight_security import ServerTls

if TYPE_CHECKING:
    from pathlib import Path


def test_defaults() -> None:
    options = cli._parser().parse_args([])
    assert (options.host, port_of(options), options.user) == ("127.0.0.1", 5672, [])
    assert (server_tls(options), all_users(options)) == (None, {})
    assert options.verbose is False


def test_all_options() -> None:
    options = cli._parser().parse_args(
        ["--host", "::1", "--port", "0", "--user", "a:b:c", "--user", "d:", "--verbose"]
    )
    assert (options.host, options.port, options.verbose) == ("::1", 0, True)
    assert dict(options.user) == {"a": "b:c", "d": ""}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "x"], "'x' is not a port number from 0 to 65535"),
        (["--port", "65536"], "'65536' is not a port number"),
        (["--port", "-1"], "--port"),
        (["--port", "¹"], "is not a port number"),
        (["--user", "bob"], "a user is given as NAME:PASSWORD"),
        (["--user", ":secret"], "a user is given as NAME:PASSWORD"),
        (["--user", "bob:secret\ud800"], "must be Unicode text"),
        (["--tls-certificate", "c"], "--tls-certificate and --tls-key go together"),
        (["--tls-key", "k"], "--tls-certificate and --tls-key go together"),
        (["--tls-client-trust", "t"], "--tls-client-trust needs --tls-certificate and --tls-key"),
        (["--tls-key-passphrase-file", "p"], "--tls-key-passphrase-file needs --tls-certificate"),
        (
            ["--tls-certificate", "c", "--tls-key", "k", "--tls-client-required"],
            "--tls-client-required needs --tls-client-trust",
        ),
        (["--unknown"], "--unknown"),
        (["extra"], "unrecognized arguments: a word that is no option"),
    ],
)
def test_wrong_usage_is_explained_and_ends_with_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    output = capsys.readouterr()
    assert said in output.err
    assert "secret" not in output.err
    assert output.out == ""


def test_the_options_of_tls(tmp_path: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("open sesame\n", "utf-8")
    arguments = ["--tls-certificate", "c", "--tls-key", "k", "--tls-client-trust", "t"]
    arguments += ["--tls-key-passphrase-file", str(passphrase), "--tls-client-required"]
    options = cli._parser().parse_args(arguments)
    assert port_of(options) == 5671
    assert server_tls(options) == ServerTls(
        certificate="c",
        key="k",
        key_passphrase="open sesame",
        client_trust="t",
        client_required=True,
    )


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        (["--usr", "bob:secret"], "--usr"),
        (["--usr=bob:secret"], "--usr"),
        (["--use=bob:secret"], "--use"),
        (["-ubob:secret"], "-u"),
        (["bob:secret"], "a word that is no option"),
    ],
)
def test_what_follows_a_misspelt_option_is_not_shown(
    wrong: list[str], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(wrong)
    error = capsys.readouterr().err
    assert f"unrecognized arguments: {shown}\n" in error
    assert "secret" not in error


def test_users_come_from_the_command_line_and_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("# ours\n\nbob:secret\nann:a:b \n", "utf-8")
    options = cli._parser().parse_args(["--user", "eve:apple", "--users-file", str(file)])
    assert all_users(options) == {"eve": "apple", "bob": "secret", "ann": "a:b "}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"bob:x\nsecret\n", "line 2: a user is given as NAME:PASSWORD"),
        (b"bob:sec\0ret\n", "line 1: a user's name must not be empty"),
        (b"# nobody\n", "holds no user"),
        (b"bob:\xff", "cannot be read: it is not UTF-8"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_of_users_that_is_none_is_one_clear_line(
    content: bytes | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "users"
    if content is not None:
        file.write_bytes(content)
    assert cli.main(["--port", "0", "--users-file", str(file)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"mqlight-devserver: {file}")
    assert said in error
    assert error.count("\n") == 1
    assert "secret" not in error


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for option in ("--host", "--port", "--user", "--verbose", "--version"):
        assert option in shown
