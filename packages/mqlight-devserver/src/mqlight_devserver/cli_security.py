"""The options of `mqlight-devserver` for TLS and users.

What is secret may come from a file: arguments are visible in the list of processes.
"""

from __future__ import annotations

import argparse
import errno
import re
from pathlib import Path
from typing import Final

from mqlight_devserver.settings import Settings
from mqlight_security import ServerTls

__all__ = [
    "PORT",
    "TLS_PORT",
    "add_security",
    "all_users",
    "check_tls",
    "check_users",
    "in_options",
    "port_of",
    "server_tls",
]

PORT: Final = 5672
TLS_PORT: Final = 5671

_OPTIONS: Final = {
    "certificate": "--tls-certificate",
    "key": "--tls-key",
    "key_passphrase": "--tls-key-passphrase-file",
    "client_trust": "--tls-client-trust",
}
_FIELD: Final = re.compile(r"\b(?:(certificate|key|client_trust)(?= ['\"])|(key_passphrase)\b)")
"""A field of `ServerTls` as its errors name it: before the file, or its passphrase."""


def add_security(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    users = parser.add_argument_group("users", "without any, everyone is let in, also unnamed")
    users.add_argument(
        "--user",
        type=_user,
        action="append",
        default=[],
        metavar="NAME:PASSWORD",
        help="let such a user in; may be repeated. Others see the arguments of a program: for a "
        "password that matters there is --users-file",
    )
    users.add_argument(
        "--users-file",
        type=Path,
        metavar="FILE",
        help="let the users of FILE in: NAME:PASSWORD lines; empty ones and those that begin with "
        "# do not count",
    )
    tls = parser.add_argument_group("TLS", "everything goes over it once a certificate is given")
    tls.add_argument("--tls-certificate", metavar="FILE", help="the server's certificate (PEM)")
    tls.add_argument("--tls-key", metavar="FILE", help="its private key (PEM)")
    tls.add_argument(
        "--tls-key-passphrase-file",
        type=Path,
        metavar="FILE",
        help="the passphrase of the key is the first line of FILE",
    )
    tls.add_argument(
        "--tls-client-trust",
        metavar="FILE",
        help="ask clients for a certificate, and let those in that an authority in FILE (PEM or "
        "DER) has issued",
    )
    tls.add_argument(
        "--tls-client-required",
        action="store_true",
        help="turn clients without such a certificate away",
    )


def check_tls(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with usage where an option of TLS lacks the one that it goes with."""
    if (options.tls_certificate is None) != (options.tls_key is None):
        parser.error("--tls-certificate and --tls-key go together")
    for name in ("key_passphrase_file", "client_trust", "client_required"):
        if getattr(options, f"tls_{name}") and options.tls_certificate is None:
            parser.error(f"--tls-{name.replace('_', '-')} needs --tls-certificate and --tls-key")
    if options.tls_client_required and options.tls_client_trust is None:
        parser.error("--tls-client-required needs --tls-client-trust")


def check_users(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with usage where a user is given twice."""
    names = [name for name, _ in options.user]
    for name in names:
        if names.count(name) > 1:
            parser.error(f"argument --user: {name!r} is given more than once")


def in_options(error: str) -> str:
    """Return the text of an error about `ServerTls` with the names of the options."""
    return _FIELD.sub(lambda found: _OPTIONS[found[0]], error)


def port_of(options: argparse.Namespace) -> int:
    """Return the port asked for, or the one that goes with the scheme."""
    if options.port is not None:
        return int(options.port)
    return PORT if options.tls_certificate is None else TLS_PORT


def server_tls(options: argparse.Namespace) -> ServerTls | None:
    """Return what TLS needs; None for a server without.

    Raises:
        OSError: the file of the passphrase cannot be read.
    """
    if options.tls_certificate is None:
        return None
    passphrase = options.tls_key_passphrase_file
    return ServerTls(
        certificate=options.tls_certificate,
        key=options.tls_key,
        key_passphrase=None
        if passphrase is None
        else (_lines("--tls-key-passphrase-file", passphrase) or [""])[0],
        client_trust=options.tls_client_trust,
        client_required=options.tls_client_required,
    )


def all_users(options: argparse.Namespace) -> dict[str, str]:
    """Return the users of the command line and of the file.

    Raises:
        OSError: the file cannot be read, or a line of it is no user, or one that is there already;
            the text has its number, and no password.
    """
    users = dict(options.user)
    if options.users_file is not None:
        file = f"--users-file {options.users_file}"
        for number, line in enumerate(_lines("--users-file", options.users_file), 1):
            if line.strip() and not line.startswith("#"):
                try:
                    name, password = _user(line)
                except argparse.ArgumentTypeError as error:
                    message = f"{file}, line {number}: {error}"
                    raise OSError(errno.EINVAL, message) from None
                if name in users:
                    message = f"{file}, line {number}: {name!r} is given more than once"
                    raise OSError(errno.EINVAL, message)
                users[name] = password
        if not users:
            # To let everyone in is not what somebody wants who names a file of users.
            message = f"{file} holds no user"
            raise OSError(errno.EINVAL, message)
    return users


def _lines(option: str, path: Path) -> list[str]:
    try:
        # Some editors begin UTF-8 with a mark.
        return path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except OSError as error:
        reason = error.strerror or str(error)
    message = f"{option} {path} cannot be read: {reason}"
    raise OSError(errno.EINVAL, message)


def _user(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not name or not colon:
        message = "a user is given as NAME:PASSWORD"
        raise argparse.ArgumentTypeError(message)
    try:
        Settings(users={name: password})
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return name, password
