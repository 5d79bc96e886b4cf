"""The command lines, option by option as the MQ Light module documents them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mqlight_samples._options import milliseconds, recv_options, send_options
from mqlight_samples._workout_options import workout_options
from mqlight_security import SecurityOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight_samples._security import ServiceOptions

ALL = pytest.mark.parametrize("read", [send_options, recv_options, workout_options])
FILES = ["--trust-certificate", "--client-certificate", "--client-key", "--keystore"]
PAIR = ("--client-certificate", "me.pem", "--client-key", "key.pem")
SECURITY = {
    "user": None,
    "password_file": None,
    "trust_certificate": None,
    "client_certificate": None,
    "client_key": None,
    "client_key_passphrase": None,
    "client_key_passphrase_file": None,
    "keystore": None,
    "keystore_passphrase": None,
    "keystore_passphrase_file": None,
    "no_verify_name": None,
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that the command lines name."""
    monkeypatch.chdir(tmp_path)
    for name in ("data.bin", "ca.pem", "me.pem", "key.pem", "me.p12", "file"):
        (tmp_path / name).touch()


def test_the_defaults_of_send() -> None:
    options = vars(send_options([]))

    assert re.fullmatch("send_[0-9a-f]{7}", options.pop("client_id"))
    assert options == {
        "service": "amqp://localhost",
        "topic": "public",
        "message_ttl": None,
        "delay": 0,
        "repeat": 1,
        "sequence": False,
        "file": None,
        "verbose": False,
        "messages": ["Hello world!"],
        **SECURITY,
    }


def test_the_defaults_of_recv() -> None:
    options = vars(recv_options([]))

    assert re.fullmatch("recv_[0-9a-f]{7}", options.pop("client_id"))
    assert options == {
        "service": "amqp://localhost",
        "topic_pattern": "public",
        "share_name": None,
        "destination_ttl": None,
        "file": None,
        "delay": 0,
        "verbose": False,
        **SECURITY,
    }


@pytest.mark.parametrize(
    ("read", "arguments", "name", "value"),
    [
        (send_options, ["-s", "amqp://h"], "service", "amqp://h"),
        (send_options, ["--service", "amqp://h"], "service", "amqp://h"),
        (send_options, ["-t", "a/b"], "topic", "a/b"),
        (send_options, ["--topic", "a/b"], "topic", "a/b"),
        (send_options, ["-i", "me"], "client_id", "me"),
        (send_options, ["--id", "me"], "client_id", "me"),
        (send_options, ["--message-ttl", "1.5"], "message_ttl", 1.5),
        (send_options, ["-d", "0.25"], "delay", 0.25),
        (send_options, ["--delay", "2"], "delay", 2),
        (send_options, ["-f", "-"], "file", Path("-")),
        (recv_options, ["-f", "new"], "file", Path("new")),
        (recv_options, ["-f", "-"], "file", Path("-")),
        (send_options, ["-r", "7"], "repeat", 7),
        (send_options, ["--repeat", "-1"], "repeat", -1),
        (send_options, ["--sequence"], "sequence", True),
        (send_options, ["-f", "data.bin"], "file", Path("data.bin")),
        (send_options, ["--file", "data.bin"], "file", Path("data.bin")),
        (send_options, ["--verbose"], "verbose", True),
        (send_options, ["a", "b"], "messages", ["a", "b"]),
        (send_options, ["--", "-r"], "messages", ["-r"]),
        (send_options, [""], "messages", [""]),
        (recv_options, ["-s", "amqp://h"], "service", "amqp://h"),
        (recv_options, ["--service", "amqp://h"], "service", "amqp://h"),
        (recv_options, ["-t", "a/#"], "topic_pattern", "a/#"),
        (recv_options, ["--topic-pattern", "a/#"], "topic_pattern", "a/#"),
        (recv_options, ["-i", "me"], "client_id", "me"),
        (recv_options, ["--id", "me"], "client_id", "me"),
        (recv_options, ["--destination-ttl", "0"], "destination_ttl", 0),
        (recv_options, ["--destination-ttl", "0.5"], "destination_ttl", 0.5),
        (recv_options, ["-n", "work"], "share_name", "work"),
        (recv_options, ["--share-name", "work"], "share_name", "work"),
        (recv_options, ["-f", "data.bin"], "file", Path("data.bin")),
        (recv_options, ["--file", "data.bin"], "file", Path("data.bin")),
        (recv_options, ["-d", "0.25"], "delay", 0.25),
        (recv_options, ["--delay", "2"], "delay", 2),
        (recv_options, ["--verbose"], "verbose", True),
    ],
)
def test_an_option_is_read(
    read: Callable[[list[str]], ServiceOptions], arguments: list[str], name: str, value: object
) -> None:
    assert getattr(read(arguments), name) == value


@ALL
@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["-c", "ca.pem"], "ssl_trust_certificate", "ca.pem"),
        (["--trust-certificate", "ca.pem"], "ssl_trust_certificate", "ca.pem"),
        ([*PAIR], "ssl_client_certificate", "me.pem"),
        ([*PAIR], "ssl_client_key", "key.pem"),
        ([*PAIR, "--client-key-passphrase", "x"], "ssl_client_key_passphrase", "x"),
        (["--keystore", "me.p12"], "ssl_keystore", "me.p12"),
        (["-k", "me.p12"], "ssl_keystore", "me.p12"),
        (["-k", "me.p12", "-p", "x"], "ssl_keystore_passphrase", "x"),
        (["--keystore", "me.p12", "--keystore-passphrase", "x"], "ssl_keystore_passphrase", "x"),
        (["--no-verify-name"], "ssl_verify_name", False),
        (["--no-verify-name=true"], "ssl_verify_name", False),
        (["--no-verify-name=false"], "ssl_verify_name", True),
        (["--no-verify-name", "--no-verify-name=false"], "ssl_verify_name", True),
    ],
)
def test_a_tls_option_becomes_a_security_option_and_the_service_secure(
    read: Callable[[list[str]], ServiceOptions], arguments: list[str], name: str, value: object
) -> None:
    options = read(arguments)

    assert options.service == "amqps://localhost"
    assert dict(options.security_options)[name] == value


@ALL
def test_without_tls_options_nothing_but_the_name_check_is_asked_for(
    read: Callable[[list[str]], ServiceOptions],
) -> None:
    security: dict[str, object] = dict(read([]).security_options)
    assert security.pop("ssl_verify_name") is True
    assert set(security.values()) == {None}
    assert set(security) == set(SecurityOptions.model_fields) - {"ssl_verify_name"}


SECRETS = pytest.mark.parametrize(
    ("owner", "file", "variable", "name"),
    [
        ("--user", "--password-file", "MQLIGHT_PASSWORD", "password"),
        (
            "--client-key",
            "--client-key-passphrase-file",
            "MQLIGHT_CLIENT_KEY_PASSPHRASE",
            "ssl_client_key_passphrase",
        ),
        (
            "--keystore",
            "--keystore-passphrase-file",
            "MQLIGHT_KEYSTORE_PASSPHRASE",
            "ssl_keystore_passphrase",
        ),
    ],
)


@ALL
@SECRETS
def test_a_secret_comes_from_a_file_or_else_from_the_environment(  # noqa: PLR0913, PLR0917 - fixtures and parameters
    read: Callable[[list[str]], ServiceOptions],
    owner: str,
    file: str,
    variable: str,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owners = {"--user": ["--user", "x"], "--client-key": [*PAIR], "--keystore": [owner, "me.p12"]}

    def secret_of(*arguments: str) -> object:
        return dict(read([*owners[owner], *arguments]).security_options)[name]

    path = tmp_path / "secret"
    path.write_text("from a file \r\nnot this\n", "utf-8")
    assert secret_of(file, str(path)) == "from a file "
    monkeypatch.setenv(variable, "from the environment")
    assert secret_of() == "from the environment"
    assert secret_of(file, str(path)) == "from a file "


@ALL
def test_a_variable_alone_changes_nothing(
    read: Callable[[list[str]], ServiceOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PASSWORD", "CLIENT_KEY_PASSPHRASE", "KEYSTORE_PASSPHRASE"):
        monkeypatch.setenv(f"MQLIGHT_{name}", "secret")
    options = read([])
    assert options.service == "amqp://localhost"
    assert "secret" not in options.security_options.values()


@ALL
@pytest.mark.parametrize(
    "wrong", [["--pasword", "S3CRET"], ["--pasword=S3CRET"], ["-x", "S3CRET"], ["-xS3CRET"]]
)
def test_what_follows_a_misspelt_option_is_not_shown(
    read: Callable[[list[str]], ServiceOptions],
    wrong: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read(["-s", "amqps://host", *wrong])
    said = capsys.readouterr().err
    assert f"unrecognized arguments: {wrong[0][:9].removesuffix('S3CRET')} (" in said
    assert "S3CRET" not in said


@ALL
@pytest.mark.parametrize("word", ["--pasword=open sesame", "--pasword open sesame"])
def test_a_misspelt_option_with_a_blank_is_no_message(
    read: Callable[[list[str]], ServiceOptions], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read([word])
    said = capsys.readouterr().err
    assert "unrecognized arguments: --pasword (" in said
    assert "sesame" not in said


def test_what_begins_with_dashes_and_has_a_blank_is_a_value_behind_an_option() -> None:
    words = ["-k", "me.p12", "--keystore-passphrase", "--open sesame", "hello"]
    options = send_options(words)
    assert options.keystore_passphrase == "--open sesame"
    assert options.messages == ["hello"]
    assert recv_options(["-n", "--odd share"]).share_name == "--odd share"


def test_what_begins_with_dashes_is_a_message_behind_two_dashes() -> None:
    assert send_options(["--topic=a b", "--", "--a b", "-"]).messages == ["--a b", "-"]
    assert send_options(["- a b"]).messages == ["- a b"]


def test_no_verify_name_leaves_the_next_word_alone() -> None:
    assert send_options(["--no-verify-name", "false"]).messages == ["false"]


@ALL
@pytest.mark.parametrize(
    "arguments",
    [
        ["--trust-certificate", "file"],
        [*PAIR],
        ["--keystore", "file"],
        ["--no-verify-name"],
        ["--no-verify-name=false"],
    ],
)
def test_tls_options_demand_a_service_with_tls(
    read: Callable[[list[str]], ServiceOptions],
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert read(["-s", "AMQPS://host", *arguments]).service == "AMQPS://host"
    with pytest.raises(SystemExit, match="2"):
        read(["-s", "amqp://host", *arguments])
    assert 'the service URL must start with "amqps://"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("read", "arguments", "problem"),
    [
        (send_options, ["-d", "soon"], "-d/--delay: 'soon' is not a number of seconds from 0 to"),
        (send_options, ["-d", "-1"], "-d/--delay: '-1' is not a number of seconds"),
        (recv_options, ["-d", "nan"], "-d/--delay: 'nan' is not a number of seconds"),
        (recv_options, ["-d", "inf"], "-d/--delay: 'inf' is not a number of seconds"),
        (send_options, ["--message-ttl", "0"], "'0' is not a number of seconds from 0.001 to"),
        (send_options, ["--message-ttl", "2592001"], "from 0.001 to 2592000"),
        (recv_options, ["--destination-ttl", "-1"], "'-1' is not a number of seconds from 0 to"),
        (recv_options, ["--destination-ttl", "4294967296"], "from 0 to 4294967295"),
        (send_options, ["-t", ""], "-t/--topic: Cannot send to an empty topic"),
        (recv_options, ["-t", ""], "-t/--topic-pattern: Cannot subscribe to an empty pattern"),
        (recv_options, ["-n", "a:b"], "-n/--share-name: share argument value 'a:b' is invalid"),
        (send_options, ["-i", ""], "-i/--id: Client identifier must have 1 to 256 characters"),
        (recv_options, ["-i", "a-b"], "-i/--id: Client identifier 'a-b' contains invalid char"),
        (send_options, ["-s", "h"], "-s/--service: Service 'h' is not a valid URL: it must start"),
        (send_options, ["-s", "amqp://u:secret@h:x"], "'amqp://u:********@h:********' is not"),
        (send_options, ["-f", "missing"], "-f/--file: 'missing': No such file or directory"),
        (send_options, ["-f", "/"], "-f/--file: '/': Is a directory"),
        (recv_options, ["-f", "no/folder"], "-f/--file: 'no/folder': No such file or directory"),
        (recv_options, ["-f", "/"], "-f/--file: '/': Is a directory"),
        (recv_options, ["-c", "missing"], "--trust-certificate 'missing' cannot be used: No such"),
        (send_options, ["--client-key", "key.pem"], "--client-certificate and --client-key must"),
        (send_options, ["-u", "ann", "--password-file", "file"], "the first line of 'file' is emp"),
        (send_options, ["-r", "many"], "-r/--repeat: 'many' is not a whole number"),
        (send_options, ["bad\udcff"], "MESSAGE: it is not valid UTF-8 (a file can be sent with"),
        (send_options, ["-f", ""], "-f/--file: '': it is no name"),
        (send_options, ["-f", "file", "text"], "FILE and MESSAGE cannot be specified at the same"),
        (send_options, ["--no-verify-name=maybe"], "--no-verify-name"),
        (send_options, ["--top", "x"], "unrecognized arguments: --top"),
        (recv_options, ["stray"], "unrecognized arguments: a word that is no option"),
        (recv_options, ["--user", "ann"], "--user needs --password-file, or MQLIGHT_PASSWORD"),
        (recv_options, ["--password-file", __file__], "--password-file needs --user"),
        (send_options, ["-u", "ann", "--password-file", "/no/file"], "'/no/file' cannot be read"),
        (
            send_options,
            ["--keystore-passphrase", "x", "--keystore-passphrase-file", "f"],
            "--keystore-passphrase and --keystore-passphrase-file cannot be specified at the same",
        ),
        (recv_options, ["-t"], "-t/--topic-pattern: expected one argument"),
    ],
)
def test_wrong_usage_ends_the_program_with_status_2(
    read: Callable[[list[str]], ServiceOptions],
    arguments: list[str],
    problem: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read(arguments)
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert problem in err
    assert err.endswith(" (--help shows all options)\n")


@pytest.mark.parametrize("read", [send_options, recv_options])
def test_help_explains_every_option(
    read: Callable[[list[str]], ServiceOptions], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        read(["--help"])
    help_text = capsys.readouterr().out
    for name in (*FILES, "--service", "--id", "--delay", "--file", "--verbose"):
        assert name in help_text
    assert help_text.count("--no-verify-name ") == 1
    assert "default: amqp://localhost" in help_text


@pytest.mark.parametrize(("read", "stream"), [(send_options, "stdin"), (recv_options, "stdout")])
def test_a_standard_stream_that_is_closed_is_no_file(
    read: Callable[[list[str]], ServiceOptions],
    stream: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, stream, None)
    with pytest.raises(SystemExit, match="2"):
        read(["-f", "-"])
    assert "-f/--file: '-': it is closed" in capsys.readouterr().err


def test_a_mark_at_the_beginning_of_a_file_is_no_part_of_a_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\ufeffopen sesame\n", "utf-8")
    options = send_options(["-u", "ann", "--password-file", "secret"])
    assert options.security_options["password"] == "open sesame"


@ALL
def test_the_version_is_shown(
    read: Callable[[list[str]], ServiceOptions], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        read(["--version"])
    assert re.fullmatch(r"mqlight-\w+ \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_a_shell_is_told_how_to_complete(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        send_options(["--print-completion", shell])
    script = capsys.readouterr().out
    assert "mqlight-send" in script
    assert "message-ttl" in script


def test_completion_for_another_shell_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        recv_options(["--print-completion", "vi"])
    assert "--print-completion is for bash, zsh, " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, 0), (0.0001, 1), (0.001, 1), (1.1, 1100), (2592000, 2592000000)]
)
def test_seconds_become_whole_milliseconds(seconds: float, expected: int) -> None:
    assert milliseconds(seconds) == expected
