"""The server in a thread of its own, for tests and programs."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from mqlight_devserver.server import Server
from mqlight_devserver.settings import LARGEST_PORT, MESSAGES_ON_PAGE, Settings, check_number
from mqlight_devserver.store.error import StoreError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from mqlight_devserver.ui.page_server import PageServer
    from mqlight_security import ServerTls

__all__ = ["DevServer"]

logger: logging.Logger = logging.getLogger(__name__)


class DevServer:
    """An MQ Light server in this process; a context manager that serves while it is open.

    Everything is kept in memory: `stop` forgets all messages and destinations, but for those that
    are in a store.  Its methods are for one thread at a time.
    """

    def __init__(  # noqa: PLR0913 - all but host and port by name
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        users: Mapping[str, str] | None = None,
        tls: ServerTls | None = None,
        store: str | os.PathLike[str] | None = None,
        max_message_size: int = Settings.max_message_size,
        max_queued_bytes: int = Settings.max_queued_bytes,
        idle_timeout: float = Settings.idle_timeout,
        ui_port: int | None = None,
    ) -> None:
        """Nothing happens before `start`, or before a `with` block is entered.

        Args:
            host: Name or address to listen on.
            port: TCP port, 0 to 65535; 0 takes a free one, which restarts keep.
            users: Names and passwords; with any, clients without credentials are refused.
            tls: The server's certificate and key, and whose client certificates it takes; None for
                a server without TLS.
            store: A file, made if missing, in which destinations with a ttl and their messages
                outlive the server, also one that is killed; for one server at a time.
            max_message_size: In bytes, as encoded; larger messages are rejected.
            max_queued_bytes: While more wait for subscribers, or are not settled by them,
                publishers get no credit; nothing is dropped.
            idle_timeout: In seconds; clients that are silent for longer are disconnected, 0 lets
                them be.
            ui_port: TCP port, 0 to 65535, of a page at 127.0.0.1 that shows in a browser what goes
                on; 0 takes a free one, which restarts keep; None for no page.

        Raises:
            TypeError: an argument is of the wrong type.
            ValueError: an argument is out of range.
        """
        check_number("port", port, 0, LARGEST_PORT)
        if ui_port is not None:
            check_number("ui_port", ui_port, 0, LARGEST_PORT)
        self._settings = Settings(
            users=dict(users or {}),
            tls=tls,
            store=None if store is None else Path(store),
            max_message_size=max_message_size,
            max_queued_bytes=max_queued_bytes,
            idle_timeout=idle_timeout,
            recent_messages=0 if ui_port is None else MESSAGES_ON_PAGE,
        )
        self._host = host
        self._port = port
        self._ui_port = ui_port
        self._page: PageServer | None = None
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, and serve in a background thread; without effect while that runs.

        A server that an error has stopped starts again.

        Raises:
            OSError: the address cannot be listened on, or the store cannot be used; the text names
                host and port, or the file.
            SecurityError: a certificate or key file cannot be used; the text says which and why.
        """
        if self._thread is not None:
            if self._thread.is_alive():
                return
            self.stop()
        self._server = Server(self._host, self._port, self._settings)
        if self._ui_port is not None:
            self._page = self._page_server(self._server, self._ui_port)
        self._port = self._server.port
        self._thread = threading.Thread(
            target=self._serve,
            args=(self._server, self._page),
            name=f"mqlight-devserver:{self._port}",
            daemon=True,
        )
        if self._page is not None:
            self._page.start()
        self._thread.start()

    def stop(self) -> None:
        """Disconnect everyone and free the port; without effect when stopped."""
        if self._thread is None or self._server is None:
            return
        self._server.stop()
        self._thread.join()
        self._thread = None

    @staticmethod
    def _serve(server: Server, page: PageServer | None) -> None:
        try:
            server.run()
        except StoreError as error:
            logger.error("the server has stopped: %s", error)  # noqa: TRY400 - it says all
        finally:
            if page is not None:
                page.stop()

    @property
    def port(self) -> int:
        """The TCP port; 0 before the first start if a free one was asked for."""
        return self._port

    @property
    def url(self) -> str:
        """The service URL for clients, valid from the first start on.

        Raises:
            RuntimeError: the server has not been started yet.
        """
        if self._server is None:
            message = "the server has no URL before it is started"
            raise RuntimeError(message)
        return self._server.url

    @property
    def ui_url(self) -> str:
        """The address of the page, valid from the first start on.

        Raises:
            RuntimeError: the server has not been started yet, or has no page.
        """
        if self._page is None:
            message = "the server has a page only with ui_port, and once it is started"
            raise RuntimeError(message)
        return self._page.url

    def _page_server(self, server: Server, port: int) -> PageServer:
        from mqlight_devserver.ui.page_server import PageServer  # noqa: PLC0415 - few want it

        try:
            page = PageServer("127.0.0.1", port, server.ask)
        except OSError:
            server.stop()
            server.run()  # frees the port
            raise
        self._ui_port = page.port
        return page

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()
