"""What the command lines of all programs have in common: how they are read, and refused."""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
from importlib.metadata import version
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from mqlight_core import InvalidArgumentError, check_client_id
from mqlight_samples._security import (
    ServiceOptions,
    add_security,
    check_security,
    choose_service,
    read_secrets,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MOST_SECONDS", "Parser", "checked", "seconds"]

MOST_SECONDS: Final = 0xFFFFFFFF
"""What AMQP can carry as the time-to-live of a destination."""

_NAME: Final = re.compile(r"--[a-z-]*|-.?", re.DOTALL)
_SHELLS: Final = "bash, zsh, fish or tcsh"

_Options = TypeVar("_Options", bound=ServiceOptions)
_Value = TypeVar("_Value")


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` with the options that more than one program has.

    What is wrong with an argument is found before anything is connected, and told as wrong usage.
    """

    def __init__(self, program: str, description: str) -> None:
        super().__init__(prog=program, description=description, allow_abbrev=False, add_help=False)
        self.add_argument("-h", "--help", action=_Help, help="show this help message and exit")

    def read(self, arguments: Sequence[str] | None, options: _Options) -> _Options:
        """Read the arguments, or the command line; wrong usage ends the program with status 2."""
        add_security(self)
        self.read_words(arguments, options)
        read_secrets(self, options, os.environ)
        choose_service(self, options)
        check_security(self, options)
        return options

    def read_words(self, arguments: Sequence[str] | None, options: argparse.Namespace) -> None:
        """Do the same for a program that does not connect to a service itself."""
        self.add_argument("--version", action=_Version, help="show the version and exit")
        self.add_argument(
            "--print-completion",
            action=_PrintCompletion,
            metavar="SHELL",
            help=f"print what completes these options in a shell, and exit: {_SHELLS}",
        )
        words = list(sys.argv[1:] if arguments is None else arguments)
        _, unknown = self.parse_known_args(words, options)
        # argparse takes a misspelt option with a blank for a message: everyone would be sent what
        # may be a secret.
        messages = getattr(options, "messages", [])
        options_only = takewhile(lambda word: word != "--", words)
        unknown += [
            word
            for word in options_only
            if word in messages and word.startswith("--") and " " in word
        ]
        if unknown:
            # What follows a misspelt option, or any other word, may be a secret.
            names = " ".join(found[0] for word in unknown if (found := _NAME.match(word)))
            self.error(f"unrecognized arguments: {names or 'a word that is no option'}")

    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong; the usage, of many lines, would hide it."""
        self.exit(2, f"{self.prog}: {message} (--help shows all options)\n")

    def add_service(self) -> None:
        """Where to connect."""
        self.add_argument(
            "-s",
            "--service",
            help="service to connect to, for example: amqp://user:password@host:5672 or "
            "amqps://host:5671 to use SSL/TLS (default: amqp://localhost, or amqps://localhost "
            "with any of the TLS arguments). Others can see a password in it: see --user",
        )

    def add_client_id(self, prefix: str) -> None:
        """As which client."""
        self.add_argument(
            "-i",
            "--id",
            type=checked(check_client_id),
            dest="client_id",
            metavar="CLIENT_ID",
            default=f"{prefix}_{random.getrandbits(28):07x}",
            help=f"the ID to use when connecting to MQ Light (default: {prefix}_[0-9a-f]{{7}})",
        )

    def add_delay(self, text: str, lowest: float = 0, default: float = 0.0) -> None:
        """How long to wait for each message."""
        kind = seconds(lowest, MOST_SECONDS)
        self.add_argument("-d", "--delay", type=kind, default=default, help=text)

    def add_verbose(self, *short: str) -> None:
        """How much to show."""
        self.add_argument(
            *short,
            "--verbose",
            action="store_true",
            help="print additional information about each message",
        )


def checked(check: Callable[[object], _Value]) -> Callable[[str], _Value]:
    """Return what reads an argument that one of MQ Light's rules is for."""

    def read(text: str) -> _Value:
        try:
            return check(text)
        except InvalidArgumentError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def seconds(lowest: float, highest: float) -> Callable[[str], float]:
    """Return what reads a number of seconds, also with a fraction."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not lowest <= value <= highest:
            message = f"{text!r} is not a number of seconds from {lowest} to {highest}"
            raise argparse.ArgumentTypeError(message)
        return value

    return read


class _Answer(argparse.Action):
    """An option that is a question."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)


class _Help(_Answer):
    """As argparse's own, except that it tells when it cannot be written."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        _answer(parser, parser.format_help().rstrip("\n"))


class _Version(_Answer):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        _answer(parser, f"{parser.prog} {version('mqlight-samples')}")


class _PrintCompletion(argparse.Action):
    """Writes a script for a shell: options, and files where an option takes one."""

    def __init__(
        self,
        option_strings: Sequence[str],
        dest: str,
        metavar: str,
        help: str,  # noqa: A002
    ) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, metavar=metavar, help=help)

    def __call__(
        self, parser: argparse.ArgumentParser, _: object, shell: object, *__: object
    ) -> NoReturn:
        import shtab  # noqa: PLC0415 - few ask for it

        if shell not in shtab.SUPPORTED_SHELLS:
            parser.error(f"--print-completion is for {_SHELLS}")
        for action in parser._actions:  # noqa: SLF001 - as shtab does
            if action.metavar == "FILE":
                action.complete = shtab.FILE  # type: ignore[attr-defined]
        _answer(parser, shtab.complete(parser, str(shell)))


def _answer(parser: argparse.ArgumentParser, text: str) -> NoReturn:
    """Print what was asked for and end the program; with status 1 if that cannot be written."""
    if sys.stdout is not None:
        try:
            print(text, flush=True)
        except OSError as error:
            # Python would try, and fail, once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            parser.exit(1, f"{parser.prog}: standard output: {error.strerror}\n")
    parser.exit()
