"""The HTTP server of the page: threads of its own, few connections, and nothing but GET."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from http.server import ThreadingHTTPServer
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from socket import SHUT_RDWR, socket
from typing import TYPE_CHECKING, Any, Final

from mqlight_devserver.listening import host_and_port, listen
from mqlight_devserver.ui.request import PageRequest
from mqlight_devserver.ui.state import encode_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight_devserver.snapshot import Snapshot

__all__ = ["PageServer"]

logger: logging.Logger = logging.getLogger(__name__)

_MOST_CONNECTIONS: Final = 64
_LOOK_AGAIN_AFTER: Final = 0.2
_PATIENCE: Final = 5.0
_BETWEEN_LOOKS_FOR_THE_END: Final = 0.2


class PageServer(ThreadingHTTPServer):
    """Listens from the constructor on; serves from `start` to `stop`.

    Of many connections the one that is open longest has to go when another comes.
    """

    daemon_threads = True

    def __init__(
        self, host: str, port: int, ask: Callable[[Callable[[Snapshot], None]], None]
    ) -> None:
        """`port` 0 takes a free one; `ask` has a snapshot handed to what it is given, in time.

        Raises:
            OSError: the address cannot be listened on; the text names host and port.
        """
        listener = listen(host, port)
        address = listener.getsockname()
        super().__init__(address[:2], PageRequest, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.own_name: str = host
        self.url: str = f"http://{host_and_port(address[0], address[1])}/"
        self.port: int = address[1]
        if not ip_address(address[0].partition("%")[0]).is_loopback:
            logger.warning("others can reach %s, and see all messages there", self.url)
        self._ask = ask
        self._state = b""
        self._state_until = 0.0
        self._looking = threading.Lock()
        self._connections: dict[socket, None] = {}
        self._leaving: set[socket] = set()
        self._counting = threading.Lock()
        self._thread = threading.Thread(
            target=self.serve_forever,
            args=(_BETWEEN_LOOKS_FOR_THE_END,),
            name=f"mqlight-devserver-ui:{self.port}",
            daemon=True,
        )

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up on everyone, and free the port."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._counting:
            for connection in self._connections:
                _hang_up(connection)

    def state(self) -> bytes | None:
        """Return what goes on, as JSON that is no older than 0.2 s; None if nobody answers."""
        if not self._looking.acquire(timeout=_PATIENCE):
            return None
        try:
            if time.monotonic() >= self._state_until:
                answers: SimpleQueue[Snapshot] = SimpleQueue()
                self._ask(answers.put)
                self._state = encode_state(answers.get(timeout=_PATIENCE))
                self._state_until = time.monotonic() + _LOOK_AGAIN_AFTER
        except Empty:
            return None
        finally:
            self._looking.release()
        return self._state

    def get_request(self) -> tuple[socket, Any]:
        """Accept a connection."""
        try:
            return self.socket.accept()
        except OSError:
            # Out of file descriptors: to ask on and on would only keep the thread busy.
            time.sleep(_BETWEEN_LOOKS_FOR_THE_END)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve a connection in a thread, if need be in the place of another."""
        with self._counting:
            if len(self._connections) + len(self._leaving) >= 2 * _MOST_CONNECTIONS:
                request.close()
                return
            if len(self._connections) >= _MOST_CONNECTIONS:
                oldest = next(iter(self._connections))
                del self._connections[oldest]
                self._leaving.add(oldest)
                _hang_up(oldest)
            self._connections[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """Close a connection."""
        with self._counting:
            self._connections.pop(request, None)
            self._leaving.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002
        """Log an error of ours; a browser that has gone is none."""
        error = sys.exception()
        if not isinstance(error, OSError):
            logger.error("a request for the page could not be served", exc_info=error)


def _hang_up(connection: socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(SHUT_RDWR)
