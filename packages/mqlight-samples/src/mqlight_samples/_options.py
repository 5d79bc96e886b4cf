"""The command lines of the programs, option by option as the MQ Light module documents them."""

from __future__ import annotations

import argparse
import os
import random
import sys
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from mqlight_samples._security import (
    ServiceOptions,
    add_security,
    choose_service,
    read_secrets,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["RecvOptions", "SendOptions", "milliseconds", "recv_options", "send_options"]

_MOST_SECONDS: Final = 0xFFFFFFFF
"""What AMQP can carry as the time-to-live of a destination."""
_MOST_MESSAGE_TTL: Final = 30 * 24 * 60 * 60


_Options = TypeVar("_Options", bound=ServiceOptions)


class SendOptions(ServiceOptions):
    """The command line of `mqlight-send`; times in seconds."""

    topic: str
    message_ttl: float | None
    delay: float
    repeat: int
    sequence: bool
    file: Path | None
    verbose: bool
    messages: list[str]


class RecvOptions(ServiceOptions):
    """The command line of `mqlight-recv`; times in seconds."""

    topic_pattern: str
    share_name: str | None
    destination_ttl: float | None
    file: Path | None
    delay: float
    verbose: bool


def send_options(arguments: Sequence[str] | None = None) -> SendOptions:
    """Read the arguments, or the command line; wrong usage ends the program with status 2."""
    parser = _Parser("mqlight-send", "Send a message to an MQ Light server.")
    parser.add_argument(
        "messages",
        nargs="*",
        metavar="MESSAGE",
        help="message to be sent (default: Hello world!)",
    )
    parser.add_service()
    parser.add_argument(
        "-t", "--topic", default="public", help="send messages to topic TOPIC (default: public)"
    )
    parser.add_client_id("send")
    parser.add_argument(
        "--message-ttl",
        type=_seconds(0.001, _MOST_MESSAGE_TTL),
        help="set message time-to-live to MESSAGE_TTL seconds",
    )
    parser.add_delay("add DELAY seconds delay between each request (default: 0)")
    parser.add_argument(
        "-r",
        "--repeat",
        type=int,
        default=1,
        help="send messages REPEAT times, if REPEAT <= 0 then repeat forever (default: 1)",
    )
    parser.add_argument(
        "--sequence",
        action="store_true",
        help="prefix a sequence number to the message payload, ignored for binary messages",
    )
    parser.add_file("send FILE as binary data. Cannot be specified at the same time as MESSAGE")
    parser.add_verbose()
    add_security(parser)
    options = parser.read(arguments, SendOptions())
    if options.file is not None and options.messages:
        parser.error("FILE and MESSAGE cannot be specified at the same time")
    options.messages = options.messages or ["Hello world!"]
    return options


def recv_options(arguments: Sequence[str] | None = None) -> RecvOptions:
    """Read the arguments, or the command line; wrong usage ends the program with status 2."""
    parser = _Parser(
        "mqlight-recv", "Connect to an MQ Light server and subscribe to the specified topic."
    )
    parser.add_service()
    parser.add_argument(
        "-t",
        "--topic-pattern",
        default="public",
        help="subscribe to receive messages matching TOPIC_PATTERN (default: public)",
    )
    parser.add_client_id("recv")
    parser.add_argument(
        "--destination-ttl",
        type=_seconds(0, _MOST_SECONDS),
        help="set destination time-to-live to DESTINATION_TTL seconds",
    )
    parser.add_argument(
        "-n",
        "--share-name",
        help="optionally, subscribe to a shared destination using SHARE_NAME as the share name",
    )
    parser.add_file(
        "write the payload of the next message received to FILE (overwriting previous file "
        "contents) then end (default: print messages to stdout)"
    )
    parser.add_delay(
        "delay the confirmation for DELAY seconds each time a message is received (default: 0)"
    )
    parser.add_verbose()
    add_security(parser)
    return parser.read(arguments, RecvOptions())


def milliseconds(seconds: float) -> int:
    """Return a time as the API takes it; one that is not zero does not become zero."""
    return max(round(seconds * 1000), 1) if seconds else 0


class _Parser(argparse.ArgumentParser):
    """The options that more than one program has."""

    def __init__(self, program: str, description: str) -> None:
        super().__init__(prog=program, description=description, allow_abbrev=False)

    def read(self, arguments: Sequence[str] | None, options: _Options) -> _Options:
        words = list(sys.argv[1:] if arguments is None else arguments)
        _, unknown = self.parse_known_args(words, options)
        unknown += filter(self._is_misspelt, takewhile(lambda word: word != "--", words))
        if unknown:
            # What follows a misspelt option may be a secret.
            named = [_name(argument) for argument in unknown if argument.startswith("-")]
            self.error(f"unrecognized arguments: {' '.join(named or unknown)}")
        read_secrets(self, options, os.environ)
        choose_service(self, options)
        return options

    def _is_misspelt(self, word: str) -> bool:
        # argparse takes it for a message, which would send everyone what may be a secret.
        return " " in word and word[:2] == "--" and _name(word) not in self._option_string_actions

    def add_service(self) -> None:
        self.add_argument(
            "-s",
            "--service",
            help="service to connect to, for example: amqp://user:password@host:5672 or "
            "amqps://host:5671 to use SSL/TLS (default: amqp://localhost, or amqps://localhost "
            "with any of the TLS arguments). Others can see a password in it: see --user",
        )

    def add_client_id(self, prefix: str) -> None:
        self.add_argument(
            "-i",
            "--id",
            dest="client_id",
            metavar="CLIENT_ID",
            default=f"{prefix}_{random.getrandbits(28):07x}",
            help=f"the ID to use when connecting to MQ Light (default: {prefix}_[0-9a-f]{{7}})",
        )

    def add_delay(self, text: str) -> None:
        self.add_argument("-d", "--delay", type=_seconds(0, _MOST_SECONDS), default=0.0, help=text)

    def add_file(self, text: str) -> None:
        self.add_argument("-f", "--file", type=Path, help=text)

    def add_verbose(self) -> None:
        self.add_argument(
            "--verbose", action="store_true", help="print additional information about each message"
        )


def _name(option: str) -> str:
    return option.partition("=")[0] if option.startswith("--") else option[:2]


def _seconds(lowest: float, highest: float) -> Callable[[str], float]:
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
