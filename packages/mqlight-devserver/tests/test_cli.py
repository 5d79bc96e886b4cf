"""The command line as it is read; what it does is in integration/test_command.py."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from mqlight_devserver import cli
from mqlight_devserver.cli_security import all_users, in_options, port_of, server_tls
from mqlight_devserver.settings import Settings
from mqlight_security import ServerTls

if TYPE_CHECKING:
    from pathlib import Path


def test_defaults() -> None:
    options = cli._parser().parse_args([])
    assert (options.host, port_of(options), options.user) == ("127.0.0.1", 5672, [])
    assert (server_tls(options), all_users(options)) == (None, {})
    assert (options.verbose, options.store) == (0, None)
    assert options.max_message_size == Settings.max_message_size
    assert options.max_queued_bytes == Settings.max_queued_bytes
    assert options.idle_timeout == Settings.idle_timeout


def test_all_options() -> None:
    options = cli._parser().parse_args(
        ["--host", "::1", "--port", "0", "--user", "a:b:c", "--user", "d:e", "--verbose"]
    )
    assert (options.host, options.port, options.verbose) == ("::1", 0, 1)
    assert dict(options.user) == {"a": "b:c", "d": "e"}


@pytest.mark.parametrize(
    ("arguments", "level"),
    [
        ([], logging.WARNING),
        (["-v"], logging.INFO),
        (["--verbose", "-v"], logging.DEBUG),
        (["-vvv"], logging.DEBUG),
    ],
)
def test_verbose_says_more_the_more_often_it_is_given(arguments: list[str], level: int) -> None:
    assert cli._level(cli._parser().parse_args(arguments)) == level


def test_limits() -> None:
    options = cli._parser().parse_args(
        ["--max-message-size", "2M", "--max-queued-bytes", "0", "--idle-timeout", "0.5"]
    )
    assert options.max_message_size == 2 * 1024 * 1024
    assert options.max_queued_bytes == 0
    assert options.idle_timeout == 0.5


@pytest.mark.parametrize(
    ("size", "expected"), [("1", 1), ("10K", 10240), ("1G", 1024**3), ("007", 7)]
)
def test_sizes(size: str, expected: int) -> None:
    assert cli._parser().parse_args(["--max-queued-bytes", size]).max_queued_bytes == expected


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
        (["--user", "bob:"], "must not be empty"),
        (["--user", "bob:secret", "--user", "bob:x"], "argument --user: 'bob' is given more than"),
        (["--max-message-size", "0"], "--max-message-size: must be from 1 to 2147483647, not 0"),
        (["--max-message-size", "2G"], "--max-message-size: must be from 1 to 2147483647"),
        (
            ["--max-message-size", "1G", "--store", "s"],
            "--max-message-size: with --store it must be from 1 to 900000000",
        ),
        (["--max-queued-bytes", "1.5M"], "'1.5M' is not a number of bytes"),
        (["--max-queued-bytes", "-1"], "--max-queued-bytes"),
        (["--max-queued-bytes", "1k"], "'1k' is not a number of bytes"),
        (["--max-queued-bytes", "\u0661"], "is not a number of bytes"),
        (["--idle-timeout", "soon"], "'soon' is not a number of seconds"),
        (["--idle-timeout=-1"], "--idle-timeout: must be from 0 to"),
        (["--idle-timeout", "nan"], "--idle-timeout: must be from 0 to"),
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
    assert output.err.startswith("mqlight-devserver: ")
    assert output.err.endswith(" (--help shows all options)\n")
    assert output.err.count("\n") == 1
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
        (["--user bob:secret"], "--user"),
        (["--bob:secret"], "--bob"),
        (["bob:secret"], "a word that is no option"),
    ],
)
def test_what_follows_a_misspelt_option_is_not_shown(
    wrong: list[str], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(wrong)
    error = capsys.readouterr().err
    assert error == (
        f"mqlight-devserver: unrecognized arguments: {shown} (--help shows all options)\n"
    )


@pytest.mark.parametrize("wrong", ["--verbose=secret", "--version=secret", "-vsecret"])
def test_what_is_given_to_an_option_that_takes_nothing_is_not_shown(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main([wrong])
    assert "secret" not in capsys.readouterr().err


def test_users_come_from_the_command_line_and_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("# ours\n\nbob:secret\nann:a:b \n", "utf-8")
    options = cli._parser().parse_args(["--user", "eve:apple", "--users-file", str(file)])
    assert all_users(options) == {"eve": "apple", "bob": "secret", "ann": "a:b "}


def test_files_may_begin_with_the_mark_of_utf_8(tmp_path: Path) -> None:
    users, passphrase = tmp_path / "users", tmp_path / "passphrase"
    users.write_text("\ufeffbob:secret\n", "utf-8")
    passphrase.write_text("\ufeffopen sesame\n", "utf-8")
    arguments = ["--users-file", str(users), "--tls-certificate", "c", "--tls-key", "k"]
    arguments += ["--tls-key-passphrase-file", str(passphrase)]
    options = cli._parser().parse_args(arguments)
    assert all_users(options) == {"bob": "secret"}
    tls = server_tls(options)
    assert tls is not None
    assert tls.key_passphrase == "open sesame"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--tls-certificate '{}' cannot be read: No such file or directory"),
        (
            ["--tls-key-passphrase-file", "missing"],
            "--tls-key-passphrase-file missing cannot be read: No such file or directory",
        ),
    ],
)
def test_a_file_of_tls_that_cannot_be_read_is_named_by_its_option(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = str(tmp_path / "certificate")
    tls = ["--tls-certificate", certificate, "--tls-key", "k"]
    assert cli.main(["--port", "0", *tls, *arguments]) == 1
    assert capsys.readouterr().err == f"mqlight-devserver: {said.format(certificate)}\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("key 'k' is not of certificate 'c'", "--tls-key 'k' is not of --tls-certificate 'c'"),
        ("give a key_passphrase", "give a --tls-key-passphrase-file"),
        ("""client_trust "it's" is empty""", """--tls-client-trust "it's" is empty"""),
        ("cannot listen on certificate:1", "cannot listen on certificate:1"),
    ],
)
def test_errors_of_tls_name_options(error: str, said: str) -> None:
    assert in_options(error) == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"bob:x\nsecret\n", "line 2: a user is given as NAME:PASSWORD"),
        (b"bob:sec\0ret\n", "line 1: a user's name and password must not be empty, nor hold a NUL"),
        (b"bob:\n", "line 1: a user's name and password must not be empty"),
        (b"bob:secret\n\nbob:secret\n", "line 3: 'bob' is given more than once"),
        (b"ann:secret\n", "line 1: 'ann' is given more than once"),
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
    arguments = ["--users-file", str(file)]
    if content == b"ann:secret\n":
        arguments += ["--user", "ann:secret"]
    assert cli.main(["--port", "0", *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"mqlight-devserver: --users-file {file}")
    assert said in error
    assert error.count("\n") == 1
    assert "secret" not in error


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for action in cli._parser()._actions:
        for option in action.option_strings:
            assert option in shown
