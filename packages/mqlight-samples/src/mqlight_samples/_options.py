"""The command lines of the programs, option by option as the MQ Light module documents them."""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqlight.typing import SecurityOptionsDict

__all__ = ["RecvOptions", "SendOptions", "milliseconds", "recv_options", "send_options"]

_TLS_SCHEME: Final = "amqps://"
_MOST_SECONDS: Final = 0xFFFFFFFF
"""What AMQP can carry as the time-to-live of a destination."""
_MOST_MESSAGE_TTL: Final = 30 * 24 * 60 * 60


class ServiceOptions(argparse.Namespace):
    """Where to connect, as whom and how securely."""

    service: str
    client_id: str
    trust_certificate: str | None
    client_certificate: str | None
    client_key: str | None
    client_key_passphrase: str | None
    no_verify_name: bool | None

    @property
    def security_options(self) -> SecurityOptionsDict:
        """The `security_options` of `mqlight.Client`."""
        return {
            "ssl_trust_certificate": self.trust_certificate,
            "ssl_client_certificate": self.client_certificate,
            "ssl_client_key": self.client_key,
            "ssl_client_key_passphrase": self.client_key_passphrase,
            "ssl_verify_name": not self.no_verify_name,
        }


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
    parser.add_tls()
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
    parser.add_tls()
    return parser.read(arguments, RecvOptions())


def milliseconds(seconds: float) -> int:
    """Return a time as the API takes it; one that is not zero does not become zero."""
    return max(round(seconds * 1000), 1) if seconds else 0


class _Parser(argparse.ArgumentParser):
    """The options that more than one program has."""

    def __init__(self, program: str, description: str) -> None:
        super().__init__(prog=program, description=description, allow_abbrev=False)
        self._tls_arguments: list[argparse.Action] = []

    def read(self, arguments: Sequence[str] | None, options: _Options) -> _Options:
        self.parse_args(arguments, options)
        tls = any(getattr(options, action.dest) is not None for action in self._tls_arguments)
        if options.service is None:
            options.service = "amqps://localhost" if tls else "amqp://localhost"
        elif tls and not options.service.lower().startswith(_TLS_SCHEME):
            self.error(f'the service URL must start with "{_TLS_SCHEME}" when using TLS arguments')
        return options

    def add_service(self) -> None:
        self.add_argument(
            "-s",
            "--service",
            help="service to connect to, for example: amqp://user:password@host:5672 or "
            "amqps://host:5671 to use SSL/TLS (default: amqp://localhost, or amqps://localhost "
            "with any of the TLS arguments)",
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

    def add_tls(self) -> None:
        group = self.add_argument_group("TLS arguments", "for services that start with amqps://")
        self._tls_arguments += [
            group.add_argument(
                "-c",
                "--trust-certificate",
                metavar="FILE",
                help="use the certificate contained in FILE (in PEM format) to validate the "
                "identity of the server",
            ),
            group.add_argument(
                "--client-certificate",
                metavar="FILE",
                help="use the certificate contained in FILE (in PEM format) to supply the "
                "identity of the client",
            ),
            group.add_argument(
                "--client-key",
                metavar="FILE",
                help="use the private key contained in FILE (in PEM format) that belongs to the "
                "client certificate",
            ),
            group.add_argument(
                "--client-key-passphrase",
                metavar="PASSPHRASE",
                help="use PASSPHRASE to access the client private key",
            ),
            group.add_argument(
                "--no-verify-name",
                action="store_true",
                default=None,
                help="do not check that the server's certificate is for the host that was "
                "connected to; may be written --no-verify-name=true, and undone by =false",
            ),
        ]
        # A value that only ever follows a "=" is nothing argparse knows: each is an option.
        for value, action in (("true", "store_true"), ("false", "store_false")):
            group.add_argument(
                f"--no-verify-name={value}",
                dest="no_verify_name",
                action=action,
                default=None,
                help=argparse.SUPPRESS,
            )


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
