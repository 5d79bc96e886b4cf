"""The options of `mqlight-devserver` for its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mqlight_devserver.settings import MESSAGES_ON_PAGE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from mqlight_devserver.server import Server
    from mqlight_devserver.ui.page_server import PageServer

__all__ = ["UI_PORT", "add_ui", "check_ui", "page_server", "recent_messages"]

UI_PORT: Final = 9180
_HOST: Final = "127.0.0.1"


def add_ui(parser: argparse.ArgumentParser, port: Callable[[str], int]) -> None:
    """Add the options to a parser; `port` reads a port number."""
    page = parser.add_argument_group("page", "for a browser, shows what goes on")
    page.add_argument(
        "--ui",
        type=port,
        nargs="?",
        const=UI_PORT,
        metavar="PORT",
        help=f"serve the page at this port, 0 for a free one (default: {UI_PORT}); it shows "
        "topics, destinations, clients and the last messages",
    )
    page.add_argument(
        "--ui-host",
        metavar="HOST",
        help=f"address to serve the page at (default: {_HOST}); whoever can reach it sees all "
        "messages, without a password",
    )


def check_ui(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with usage where an option lacks the one that it goes with."""
    if options.ui_host is not None and options.ui is None:
        parser.error("--ui-host needs --ui")


def recent_messages(options: argparse.Namespace) -> int:
    """Return how many of the last messages the page wants to show."""
    return 0 if options.ui is None else MESSAGES_ON_PAGE


def page_server(options: argparse.Namespace, server: Server) -> PageServer | None:
    """Return the server of the page, which listens already; None if there is to be no page.

    Raises:
        OSError: the address cannot be listened on; the text names host and port.
    """
    if options.ui is None:
        return None
    from mqlight_devserver.ui.page_server import PageServer  # noqa: PLC0415 - few want it

    return PageServer(options.ui_host or _HOST, options.ui, server.ask)
