"""As whom to connect and how securely: the user and TLS.

What is secret need not be an argument, which others see in the list of processes: it may come from
a file or from the environment.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mqlight_core import InvalidArgumentError, service_source
from mqlight_security import security_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqlight.typing import SecurityOptionsDict

__all__ = [
    "ServiceOptions",
    "add_security",
    "check_security",
    "choose_service",
    "in_arguments",
    "read_secrets",
]

_TLS_SCHEME: Final = "amqps://"
_API_OPTION: Final = re.compile(r"\bssl_(\w+)")
_TLS: Final = (
    "trust_certificate",
    "client_certificate",
    "client_key",
    "client_key_passphrase",
    "client_key_passphrase_file",
    "keystore",
    "keystore_passphrase",
    "keystore_passphrase_file",
    "no_verify_name",
)


class ServiceOptions(argparse.Namespace):
    """Where to connect, as whom and how securely."""

    service: str
    user: str | None
    password: str | None = None
    password_file: Path | None
    trust_certificate: str | None
    client_certificate: str | None
    client_key: str | None
    client_key_passphrase: str | None
    client_key_passphrase_file: Path | None
    keystore: str | None
    keystore_passphrase: str | None
    keystore_passphrase_file: Path | None
    no_verify_name: bool | None

    @property
    def security_options(self) -> SecurityOptionsDict:
        """The `security_options` of `mqlight.Client`."""
        return {
            "user": self.user,
            "password": self.password,
            "ssl_trust_certificate": self.trust_certificate,
            "ssl_client_certificate": self.client_certificate,
            "ssl_client_key": self.client_key,
            "ssl_client_key_passphrase": self.client_key_passphrase,
            "ssl_keystore": self.keystore,
            "ssl_keystore_passphrase": self.keystore_passphrase,
            "ssl_verify_name": not self.no_verify_name,
        }


class _Secret(NamedTuple):
    """A secret, the variable it may come from, and the option without which it has no use."""

    name: str
    variable: str
    owner: str


_SECRETS: Final = (
    _Secret("password", "MQLIGHT_PASSWORD", "user"),
    _Secret("client_key_passphrase", "MQLIGHT_CLIENT_KEY_PASSPHRASE", "client_key"),
    _Secret("keystore_passphrase", "MQLIGHT_KEYSTORE_PASSPHRASE", "keystore"),
)


def add_security(parser: argparse.ArgumentParser) -> None:
    """Add the options of the user and of TLS."""
    user = parser.add_argument_group("user arguments", "instead of those in the service's URL")
    user.add_argument("-u", "--user", metavar="NAME", help="connect as user NAME")
    user.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="the user's password is the first line of FILE (default: the environment's "
        "MQLIGHT_PASSWORD)",
    )
    group = parser.add_argument_group("TLS arguments", "for services that start with amqps://")
    group.add_argument(
        "-c",
        "--trust-certificate",
        metavar="FILE",
        help="use the certificate contained in FILE (in PEM or DER format) to validate the "
        "identity of the server",
    )
    group.add_argument(
        "--client-certificate",
        metavar="FILE",
        help="use the certificate contained in FILE (in PEM format) to supply the "
        "identity of the client",
    )
    group.add_argument(
        "--client-key",
        metavar="FILE",
        help="use the private key contained in FILE (in PEM format) that belongs to the "
        "client certificate",
    )
    _add_passphrase(group, "client-key", "the client private key")
    group.add_argument(
        "-k",
        "--keystore",
        metavar="FILE",
        help="use the certificate and private key contained in FILE (in PKCS#12 format) to supply "
        "the identity of the client",
    )
    _add_passphrase(group, "keystore", "the keystore", "-p")
    group.add_argument(
        "--no-verify-name",
        action="store_true",
        default=None,
        help="do not check that the server's certificate is for the host that was connected to; "
        "=true behind it says the same, and =false the opposite",
    )
    # A value that only ever follows a "=" is nothing argparse knows: each is an option.
    for value, action in (("true", "store_true"), ("false", "store_false")):
        group.add_argument(
            f"--no-verify-name={value}",
            dest="no_verify_name",
            action=action,
            default=None,
            help=argparse.SUPPRESS,
        )


def _add_passphrase(group: argparse._ArgumentGroup, owner: str, what: str, *short: str) -> None:
    variable = f"MQLIGHT_{owner.upper().replace('-', '_')}_PASSPHRASE"
    group.add_argument(
        *short,
        f"--{owner}-passphrase",
        metavar="PASSPHRASE",
        help=f"use PASSPHRASE to access {what}; others can see it",
    )
    group.add_argument(
        f"--{owner}-passphrase-file",
        type=Path,
        metavar="FILE",
        help=f"the passphrase for {what} is the first line of FILE (default: the environment's "
        f"{variable})",
    )


def read_secrets(
    parser: argparse.ArgumentParser, options: ServiceOptions, environment: Mapping[str, str]
) -> None:
    """Read what is secret from where it is; the arguments come before the environment.

    A problem is told as wrong usage, without the secret.
    """
    for name, variable, owner in _SECRETS:
        file: Path | None = getattr(options, f"{name}_file")
        if file is not None and getattr(options, name) is not None:
            option = name.replace("_", "-")
            parser.error(f"--{option} and --{option}-file cannot be specified at the same time")
        if file is not None:
            setattr(options, name, _first_line(parser, file))
        elif getattr(options, name) is None and getattr(options, owner) is not None:
            setattr(options, name, environment.get(variable))
    if options.user is not None and options.password is None:
        parser.error("--user needs --password-file, or MQLIGHT_PASSWORD in the environment")
    if options.user is None and options.password is not None:
        parser.error("--password-file needs --user")


def choose_service(parser: argparse.ArgumentParser, options: ServiceOptions) -> None:
    """Choose the default service, or hold the one that is given against the TLS options."""
    tls = any(getattr(options, name) is not None for name in _TLS)
    if options.service is None:
        options.service = "amqps://localhost" if tls else "amqp://localhost"
    elif tls and not options.service.lower().startswith(_TLS_SCHEME):
        parser.error(f'the service URL must start with "{_TLS_SCHEME}" when using TLS arguments')
    try:
        service_source(options.service)
    except InvalidArgumentError as error:
        parser.error(f"argument -s/--service: {error}")


def check_security(parser: argparse.ArgumentParser, options: ServiceOptions) -> None:
    """Look for what the client would refuse, and tell it as what the command line has."""
    try:
        security_options(options.security_options)
    except InvalidArgumentError as error:
        parser.error(in_arguments(str(error)))


def in_arguments(text: str) -> str:
    """Name the arguments instead of the options of the API that a text is about."""
    return _API_OPTION.sub(_as_argument, text)


def _as_argument(option: re.Match[str]) -> str:
    name = option[1].replace("_", "-")
    return f"--no-{name}" if name == "verify-name" else f"--{name}"


def _first_line(parser: argparse.ArgumentParser, file: Path) -> str:
    try:
        with file.open(encoding="utf-8-sig") as lines:  # some editors begin a file with a mark
            line = lines.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        parser.error(f"{str(file)!r} cannot be read: {reason}")
    if not line:
        parser.error(f"the first line of {str(file)!r} is empty")
    return line
