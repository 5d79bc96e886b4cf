"""The command line as it is read; what it does is in integration/test_command.py."""

from __future__ import annotations

import pytest

from mqlight_devserver import cli


def test_defaults() -> None:
    options = cli._parser().parse_args([])
    assert (options.host, options.port, options.user) == ("127.0.0.1", 5672, [])
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
        (["--unknown"], "--unknown"),
        (["extra"], "extra"),
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


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for option in ("--host", "--port", "--user", "--verbose", "--version"):
        assert option in shown
