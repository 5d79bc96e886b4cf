"""A web server whose answers a test decides: it says where services are, or something else."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

Page = Callable[[BaseHTTPRequestHandler], None]


def page(body: str, status: int = 200, **headers: str) -> Page:
    """An answer of a web server."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body.encode())

    return answer


def document(*urls: str) -> Page:
    """The answer that names these services."""
    return page(json.dumps({"service": urls}))


class Server(ThreadingHTTPServer):
    """Says nothing of clients that hang up or do not like its certificate."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Directory:
    """A web server that gives its answers in turn, the last one again and again."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.pages: list[Page] = []
        self.paths: list[str] = []
        self.asked = threading.Event()
        self.left_alone = threading.Event()
        """Who was kept waiting has hung up."""
        directory = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                directory.paths.append(self.path)
                directory.asked.set()
                pages = directory.pages
                (pages.pop(0) if len(pages) > 1 else pages[0])(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_port
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def silent(self, request: BaseHTTPRequestHandler) -> None:
        """Say nothing until the other side has hung up."""
        request.rfile.read(1)
        self.left_alone.set()

    def dripping(self, request: BaseHTTPRequestHandler) -> None:
        """Say something now and then, but never all, until the other side has hung up."""
        request.send_response(200)
        request.end_headers()
        try:
            while not self.left_alone.wait(0.02):
                request.wfile.write(b" ")
        except OSError:
            self.left_alone.set()

    def close(self) -> None:
        self.left_alone.set()
        self._server.shutdown()
        self._server.server_close()
