"""The command `mqlight-devserver`."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mqlight_core import MQLightError
from mqlight_devserver.cli_limits import add_limits, check_limits
from mqlight_devserver.cli_log import Formatter
from mqlight_devserver.cli_parser import Parser
from mqlight_devserver.cli_security import (
    PORT,
    TLS_PORT,
    add_security,
    all_users,
    check_tls,
    check_users,
    in_options,
    port_of,
    server_tls,
)
from mqlight_devserver.cli_ui import add_ui, check_ui, page_server, recent_messages
from mqlight_devserver.settings import LARGEST_PORT, Settings
from mqlight_devserver.status_line import status_line
from mqlight_devserver.store.error import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqlight_devserver.server import Server
    from mqlight_devserver.snapshot import Snapshot

__all__ = ["main"]

_LEVELS: Final = (logging.WARNING, logging.INFO, logging.DEBUG)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; 0 after either, 1 if that cannot be done or cannot be said.

    Wrong usage ends the program with status 2, and a line that says what is wrong.
    """
    parser = _parser()
    options = parser.read(arguments)
    check_tls(parser, options)
    check_users(parser, options)
    check_limits(parser, options)
    check_ui(parser, options)
    log = logging.StreamHandler()
    log.setFormatter(Formatter())
    logging.basicConfig(level=_level(options), handlers=[log])
    from mqlight_devserver.server import Server  # noqa: PLC0415 - not for --help

    try:
        settings = Settings(
            users=all_users(options),
            tls=server_tls(options),
            store=options.store,
            max_message_size=options.max_message_size,
            max_queued_bytes=options.max_queued_bytes,
            idle_timeout=options.idle_timeout,
            recent_messages=recent_messages(options),
        )
        server = Server(options.host, port_of(options), settings)
        page = page_server(options, server)
    except OSError as error:
        return _failed(error.strerror or str(error))
    except MQLightError as error:
        return _failed(in_options(str(error)))
    _handle_signals(server)
    try:
        print(f"mqlight-devserver listening on {server.url}", flush=True)  # noqa: T201
        if page is not None:
            page.start()
            print(f"mqlight-devserver ui on {page.url}", flush=True)  # noqa: T201
    except OSError as error:
        sys.stderr.write(f"mqlight-devserver: cannot write to standard output: {error.strerror}\n")
        # Python would try, and fail, once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        server.stop()
        server.run()
        return 1
    try:
        server.run()
    except StoreError as error:
        return _failed(str(error))
    return 0


def _level(options: argparse.Namespace) -> int:
    return _LEVELS[min(options.verbose, len(_LEVELS) - 1)]


def _failed(why: str) -> int:
    sys.stderr.write(f"mqlight-devserver: {why}\n")
    return 1


def _handle_signals(server: Server) -> None:
    def stop(*_: object) -> None:
        signal.set_wakeup_fd(-1)
        server.stop()

    def show_status(*_: object) -> None:
        server.ask(_print_status)

    signal.set_wakeup_fd(server.wakeup_fd, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    for name in ("SIGUSR1", "SIGINFO"):
        if hasattr(signal, name):  # Ctrl-T sends SIGINFO where there is one
            signal.signal(getattr(signal, name), show_status)


def _print_status(snapshot: Snapshot) -> None:
    with contextlib.suppress(OSError):  # nobody reads it
        sys.stderr.write(f"mqlight-devserver: {status_line(snapshot)}\n")
        sys.stderr.flush()


def _parser() -> Parser:
    parser = Parser(
        prog="mqlight-devserver",
        description="An MQ Light server for development and tests. It keeps everything in memory, "
        "and with --store what is to last in a file as well.",
        epilog="SIGUSR1 makes it write a line to stderr that says what goes on.",
        allow_abbrev=False,  # an ambiguous one would be shown with its value
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--port",
        type=_port,
        help=f"port to listen on, 0 for a free one (default: {PORT}, with TLS {TLS_PORT})",
    )
    parser.add_argument(
        "--store",
        type=Path,
        metavar="FILE",
        help="keep destinations that have a time to live, and their messages, in FILE (SQLite) as "
        "well: they are there again after the next start, also if this one ends by a crash",
    )
    add_security(parser)
    add_ui(parser, _port)
    add_limits(parser)
    parser.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="log to stderr what clients do; twice for more of it, as sessions and links that end",
    )
    parser.add_argument("--version", action=_Version, help="show the version and exit")
    return parser


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= LARGEST_PORT:
        message = f"{text!r} is not a port number from 0 to {LARGEST_PORT}"
        raise argparse.ArgumentTypeError(message)
    return port


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415

        parser.exit(message=f"mqlight-devserver {version('mqlight-devserver')}\n")
