"""The command line of `mqlight-uiworkout`."""

from __future__ import annotations

import pytest

from mqlight_samples._workout_options import workout_options


def test_the_defaults() -> None:
    options = workout_options([])

    assert options.service == "amqp://localhost"
    assert options.delay == 20
    assert options.duration is None
    assert not options.verbose
    assert options.security_options.pop("ssl_verify_name") is True
    assert set(options.security_options.values()) == {None, True}


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["-s", "amqp://h"], "service", "amqp://h"),
        (["--service", "amqp://h"], "service", "amqp://h"),
        (["-v"], "verbose", True),
        (["--verbose"], "verbose", True),
        (["-d", "0.25"], "delay", 0.25),
        (["--delay", "2"], "delay", 2),
        (["--duration", "1.5"], "duration", 1.5),
        (["--duration", "0"], "duration", 0),
        (["--no-verify-name"], "no_verify_name", True),
        (["--no-verify-name=false"], "no_verify_name", False),
        (["--no-verify-name"], "service", "amqps://localhost"),
    ],
)
def test_an_option_is_read(arguments: list[str], name: str, value: object) -> None:
    assert getattr(workout_options(arguments), name) == value


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["-d", "0"], "argument -d/--delay: '0' is not a number of seconds from 0.001 to"),
        (["--duration", "-1"], "argument --duration: '-1' is not a number of seconds from 0 to"),
        (["--duration", "soon"], "argument --duration: 'soon' is not a number of seconds"),
        (["--no-verify-name", "true"], "unrecognized arguments: a word that is no option"),
        (["-i", "me"], "unrecognized arguments: -i"),
        (["-s", "amqp://h", "--no-verify-name"], 'must start with "amqps://"'),
    ],
)
def test_wrong_usage_ends_the_program_with_status_2(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        workout_options(arguments)
    assert problem in capsys.readouterr().err


def test_help_explains_the_options_of_the_module_and_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="0"):
        workout_options(["--help"])
    shown = capsys.readouterr().out
    for option in (
        *("--service", "--verbose", "--trust-certificate", "--client-certificate", "--client-key "),
        *("--client-key-passphrase ", "--no-verify-name", "--user", "--keystore "),
        *("--delay", "--duration"),
    ):
        assert option in shown
