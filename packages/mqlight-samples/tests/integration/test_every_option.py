"""Every option of every program is shown in a pipe and in a terminal, by tests named here.

The options are those of the programs' own parsers: a new one fails until a test shows it.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

import pytest

if TYPE_CHECKING:
    from conftest import Run, RunAnywhere


class In(NamedTuple):
    """The tests that show what an option does."""

    pipe: str
    terminal: str


def anywhere(test: str) -> In:
    """One test that runs in both."""
    return In(test, test)


HELP: Final = {"-h, --help": anywhere("test_help_names_every_option")}
ABOUT: Final = HELP | {
    "--version": anywhere("test_the_version_is_shown"),
    "--print-completion": anywhere("test_a_shell_is_told_how_to_complete"),
}
ID: Final = {
    "-i, --id": In(
        "test_a_second_client_with_the_same_id_ends_the_first",
        "test_the_id_is_the_one_that_was_asked_for",
    ),
}
CONNECTION: Final = {
    "-s, --service": In(
        "test_with_every_file_a_program_connects", "test_a_certificate_and_its_key"
    ),
    "-u, --user": anywhere("test_the_password_of_a_user_is_in_the_environment"),
    "--password-file": anywhere("test_the_password_of_a_user_is_in_a_file"),
    "-c, --trust-certificate": In(
        "test_with_every_file_a_program_connects", "test_a_certificate_and_its_key"
    ),
    "--client-certificate": In(
        "test_with_every_file_a_program_connects", "test_a_certificate_and_its_key"
    ),
    "--client-key": In("test_with_every_file_a_program_connects", "test_a_certificate_and_its_key"),
    "--client-key-passphrase": anywhere("test_the_passphrase_of_a_key_is_given_or_in_a_file"),
    "--client-key-passphrase-file": anywhere("test_the_passphrase_of_a_key_is_given_or_in_a_file"),
    "-k, --keystore": anywhere("test_a_keystore_holds_certificate_and_key"),
    "-p, --keystore-passphrase": anywhere("test_a_keystore_holds_certificate_and_key"),
    "--keystore-passphrase-file": anywhere("test_a_keystore_holds_certificate_and_key"),
    "--no-verify-name": In(
        "test_the_name_in_the_certificate_is_checked_unless_told_otherwise",
        "test_the_name_in_a_certificate_is_not_looked_at",
    ),
    "--no-verify-name=true": In(
        "test_the_name_in_the_certificate_is_checked_unless_told_otherwise",
        "test_the_name_in_a_certificate_is_not_looked_at",
    ),
    "--no-verify-name=false": In(
        "test_the_name_in_the_certificate_is_checked_unless_told_otherwise",
        "test_the_name_in_a_certificate_is_looked_at",
    ),
}
SHOWN: Final[dict[str, dict[str, In]]] = {
    "send": ABOUT
    | CONNECTION
    | ID
    | {
        "MESSAGE": In(
            "test_every_message_of_the_command_line_is_sent_in_each_round",
            "test_messages_rounds_and_sequence_numbers",
        ),
        "-t, --topic": In(
            "test_topics_and_patterns_choose", "test_the_topic_chooses_who_receives_a_message"
        ),
        "--message-ttl": anywhere("test_a_message_that_has_expired_does_not_arrive"),
        "-d, --delay": In(
            "test_a_sender_between_two_messages", "test_a_delay_holds_the_next_message_back"
        ),
        "-r, --repeat": In(
            "test_repeat_of_zero_or_less_goes_on_until_it_is_stopped",
            "test_repeat_of_zero_goes_on_until_it_is_stopped",
        ),
        "--sequence": In(
            "test_sequence_numbers_count_messages", "test_messages_rounds_and_sequence_numbers"
        ),
        "-f, --file": In(
            "test_a_file_is_sent_as_it_is_and_written_as_it_is", "test_a_file_is_sent_as_it_is"
        ),
        "--verbose": In(
            "test_a_message_carries_its_time_to_live",
            "test_verbose_tells_how_each_message_was_sent",
        ),
    },
    "recv": ABOUT
    | CONNECTION
    | ID
    | {
        "-t, --topic-pattern": In(
            "test_topics_and_patterns_choose", "test_the_topic_pattern_chooses_what_is_received"
        ),
        "--destination-ttl": In(
            "test_a_destination_with_time_to_live_keeps_messages_for_its_receiver",
            "test_a_destination_with_time_to_live_survives_its_receiver",
        ),
        "-n, --share-name": In(
            "test_a_share_divides_the_messages_among_its_receivers",
            "test_receivers_with_a_share_name_divide_the_messages",
        ),
        "-f, --file": In(
            "test_a_file_is_sent_as_it_is_and_written_as_it_is",
            "test_the_next_message_is_written_to_a_file",
        ),
        "-d, --delay": In(
            "test_a_delayed_confirmation_holds_the_next_message_back",
            "test_a_delay_keeps_the_confirmation_back",
        ),
        "--verbose": In(
            "test_a_message_carries_its_time_to_live",
            "test_verbose_tells_what_came_with_each_message",
        ),
    },
    "uiworkout": ABOUT
    | CONNECTION
    | {
        "-d, --delay": In(
            "test_clients_with_the_same_share_get_each_message_once_between_them",
            "test_verbose_shows_messages_above_the_table",
        ),
        "--duration": In(
            "test_what_it_prints_through_a_pipe", "test_the_table_stays_and_counts_all"
        ),
        "-v, --verbose": In(
            "test_it_sends_words_and_verbose_tells_each_message",
            "test_verbose_shows_messages_above_the_table",
        ),
    },
    "demo": ABOUT,
}

IN_TERMINAL: Final = {"anywhere", "in_terminal", "recv_in_terminal", "workout_in_terminal"}
"""The fixtures that start a program in a terminal."""


class Parsing(BaseException):
    """A program is about to read its command line."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


@pytest.fixture(params=SHOWN)
def program(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def options(program: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The program's options, each with all its spellings; a positional argument by its name."""

    def stop(parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise Parsing(parser)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", stop)
    with pytest.raises(Parsing) as parsing:
        importlib.import_module(f"mqlight_samples.{program}").main([])
    return {
        ", ".join(action.option_strings) or str(action.metavar)
        for action in parsing.value.parser._actions
    }


def test_every_option_has_tests(program: str, options: set[str]) -> None:
    assert set(SHOWN[program]) == options


def test_the_tests_use_the_options_and_run_where_they_should() -> None:
    tests = {
        function.name: (ast.unparse(function), [argument.arg for argument in function.args.args])
        for module in Path(__file__).parent.glob("test_*.py")
        for function in ast.parse(module.read_text("utf-8")).body
        if isinstance(function, ast.FunctionDef)
    }
    for table in SHOWN.values():
        for option, names in table.items():
            for name in names:
                source, _ = tests[name]
                words = option.split(", ")
                assert option == "MESSAGE" or any(f"'{word}'" in source for word in words), name
            _, fixtures = tests[names.terminal]
            assert IN_TERMINAL & set(fixtures), names


def test_help_names_every_option(anywhere: RunAnywhere, program: str, options: set[str]) -> None:
    running = anywhere(program, "--help")

    assert running.end() == 0
    shown = " ".join(running.lines)
    assert shown.startswith(f"usage: mqlight-{program} ")
    for option in options:
        assert option.rpartition(", ")[2].partition("=")[0] in shown


@pytest.mark.parametrize("name", ["send", "recv", "uiworkout", "demo"])
def test_the_version_is_shown(anywhere: RunAnywhere, name: str) -> None:
    running = anywhere(name, "--version")

    assert running.end() == 0
    assert running.lines == [f"mqlight-{name} {version('mqlight-samples')}"]


@pytest.mark.parametrize("name", ["send", "recv", "uiworkout", "demo"])
def test_a_shell_is_told_how_to_complete(anywhere: RunAnywhere, name: str) -> None:
    running = anywhere(name, "--print-completion", "tcsh")

    assert running.end() == 0
    assert f"complete mqlight-{name}" in " ".join(running.lines)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_options_when_it_is_told_how(run: Run, tmp_path: Path) -> None:
    running = run("recv", "--print-completion", "bash")
    assert running.end() == 0
    (tmp_path / "completion").write_text("\n".join(running.out), "utf-8")

    program = """
    source completion
    COMP_WORDS=(mqlight-recv --dest) COMP_CWORD=1
    _shtab_mqlight_recv
    echo "${COMPREPLY[*]}"
    """
    completed = subprocess.run(  # noqa: S603 - the program above
        ["bash", "-c", program],  # noqa: S607 - wherever it is
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.stdout == "--destination-ttl\n", completed.stderr
