"""The command lines of the programs, option by option as the MQ Light module documents them."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mqlight_core import check_pattern, check_share, check_topic
from mqlight_samples._parser import MOST_SECONDS, Parser, checked, seconds
from mqlight_samples._security import ServiceOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

__all__ = ["RecvOptions", "SendOptions", "milliseconds", "recv_options", "send_options"]

_MOST_MESSAGE_TTL: Final = 30 * 24 * 60 * 60
_MOST_BYTES: Final = 256 * 1024 * 1024
"""Of a file: what a client queues at most."""
_STANDARD: Final = Path("-")
"""Standard input or output, where a file is asked for."""


class SendOptions(ServiceOptions):
    """The command line of `mqlight-send`; times in seconds."""

    client_id: str
    topic: str
    message_ttl: float | None
    delay: float
    repeat: int
    sequence: bool
    file: Path | None
    verbose: bool
    messages: list[str]

    def payloads(self) -> Sequence[str | bytes]:
        """Return the messages, or what is in the file.

        Raises:
            OSError: the file cannot be read.
        """
        if self.file is None:
            return self.messages
        standard = self.file == _STANDARD
        with contextlib.nullcontext(sys.stdin.buffer) if standard else self.file.open("rb") as file:
            payload = file.read(_MOST_BYTES + 1)
        if len(payload) > _MOST_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(self.file))
        return [payload]


class RecvOptions(ServiceOptions):
    """The command line of `mqlight-recv`; times in seconds."""

    client_id: str
    topic_pattern: str
    share_name: str | None
    destination_ttl: float | None
    file: Path | None
    delay: float
    verbose: bool

    @property
    def file_name(self) -> str:
        """The file as a person names it."""
        return "standard output" if self.to_standard_output else str(self.file)

    @property
    def to_standard_output(self) -> bool:
        """Whether standard output is the file."""
        return self.file == _STANDARD

    def write(self, payload: bytes) -> None:
        """Write the file.

        Raises:
            OSError: it cannot be written.
        """
        try:
            if self.to_standard_output:
                sys.stdout.buffer.write(payload)
                sys.stdout.buffer.flush()
            elif self.file is not None:
                self.file.write_bytes(payload)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.file_name) from error


def send_options(arguments: Sequence[str] | None = None) -> SendOptions:
    """Read the arguments, or the command line; wrong usage ends the program with status 2."""
    parser = Parser("mqlight-send", "Send a message to an MQ Light server.")
    parser.add_argument(
        "messages",
        nargs="*",
        type=_message,
        metavar="MESSAGE",
        help="message to be sent (default: Hello world!)",
    )
    parser.add_service()
    parser.add_argument(
        "-t",
        "--topic",
        type=checked(check_topic),
        default="public",
        help="send messages to topic TOPIC (default: public)",
    )
    parser.add_client_id("send")
    parser.add_argument(
        "--message-ttl",
        type=seconds(0.001, _MOST_MESSAGE_TTL),
        help="set message time-to-live to MESSAGE_TTL seconds",
    )
    parser.add_delay("add DELAY seconds delay between each request (default: 0)")
    parser.add_argument(
        "-r",
        "--repeat",
        type=_whole_number,
        default=1,
        help="send messages REPEAT times, if REPEAT <= 0 then repeat forever (default: 1)",
    )
    parser.add_argument(
        "--sequence",
        action="store_true",
        help="prefix a sequence number to the message payload, ignored for binary messages",
    )
    parser.add_argument(
        "-f",
        "--file",
        type=_file_to_read,
        metavar="FILE",
        help="send FILE as binary data, - for standard input. Cannot be specified at the same time "
        "as MESSAGE",
    )
    parser.add_verbose()
    options = parser.read(arguments, SendOptions())
    if options.file is not None and options.messages:
        parser.error("FILE and MESSAGE cannot be specified at the same time")
    options.messages = options.messages or ["Hello world!"]
    return options


def recv_options(arguments: Sequence[str] | None = None) -> RecvOptions:
    """Read the arguments, or the command line; wrong usage ends the program with status 2."""
    parser = Parser(
        "mqlight-recv", "Connect to an MQ Light server and subscribe to the specified topic."
    )
    parser.add_service()
    parser.add_argument(
        "-t",
        "--topic-pattern",
        type=checked(check_pattern),
        default="public",
        help="subscribe to receive messages matching TOPIC_PATTERN (default: public)",
    )
    parser.add_client_id("recv")
    parser.add_argument(
        "--destination-ttl",
        type=seconds(0, MOST_SECONDS),
        help="set destination time-to-live to DESTINATION_TTL seconds",
    )
    parser.add_argument(
        "-n",
        "--share-name",
        type=checked(check_share),
        help="optionally, subscribe to a shared destination using SHARE_NAME as the share name",
    )
    parser.add_argument(
        "-f",
        "--file",
        type=_file_to_write,
        metavar="FILE",
        help="write the payload of the next message received to FILE (overwriting previous file "
        "contents), - for standard output, then end (default: print messages to stdout)",
    )
    parser.add_delay(
        "delay the confirmation for DELAY seconds each time a message is received (default: 0)"
    )
    parser.add_verbose()
    return parser.read(arguments, RecvOptions())


def milliseconds(seconds: float) -> int:
    """Return a time as the API takes it; one that is not zero does not become zero."""
    return max(round(seconds * 1000), 1) if seconds else 0


def _message(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        pass
    else:
        return text
    message = "it is not valid UTF-8 (a file can be sent with --file)"
    raise argparse.ArgumentTypeError(message)


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        message = f"{text!r} is not a whole number"
        raise argparse.ArgumentTypeError(message) from None


def _file_to_read(text: str) -> Path:
    return _checked_file(text, Path(text), sys.stdin)


def _file_to_write(text: str) -> Path:
    return _checked_file(text, Path(text).parent, sys.stdout)


def _checked_file(text: str, needed: Path, standard: TextIO | None) -> Path:
    """Find now what would be found when the first message is there."""
    file = Path(text)
    reason = None
    if not text:
        reason = "it is no name"
    elif file == _STANDARD:
        reason = "it is closed" if standard is None else None
    else:
        try:
            needed.stat()
            if file.is_dir():
                reason = os.strerror(errno.EISDIR)
        except OSError as error:
            reason = error.strerror
    if reason is not None:
        message = f"{text!r}: {reason}"
        raise argparse.ArgumentTypeError(message)
    return file
