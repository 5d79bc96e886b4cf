"""One connection of a browser, and what it may ask for."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from importlib.resources import files
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, cast

from mqlight_devserver.ui.host import is_served

if TYPE_CHECKING:
    from mqlight_devserver.ui.page_server import PageServer

__all__ = ["PageRequest"]

_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_JSON: Final = "application/json"

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class _File(NamedTuple):
    content: bytes
    content_type: str


@cache
def _page() -> dict[str, _File]:
    """The files of the page by the paths that they are served under."""
    found = {}
    for file in files("mqlight_devserver.ui").joinpath("page").iterdir():
        _, _, kind = file.name.rpartition(".")
        if kind in _TYPES:
            path = "/" if file.name == "index.html" else f"/{file.name}"
            found[path] = _File(file.read_bytes(), _TYPES[kind])
    return found


class PageRequest(BaseHTTPRequestHandler):
    """Answers GET and HEAD for the page and its state, to those who ask for a name of ours."""

    protocol_version = "HTTP/1.1"
    server_version = "mqlight-devserver"
    sys_version = ""
    timeout: ClassVar[float | None] = 10
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(code)d %(message)s: %(explain)s\n"

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer without the content."""
        self._answer()

    def parse_request(self) -> bool:
        """Let nothing but GET and HEAD through."""
        if not super().parse_request():
            return False
        if self.command in {"GET", "HEAD"}:
            return True
        self.send_response(HTTPStatus.METHOD_NOT_ALLOWED)
        self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        return False

    def _answer(self) -> None:
        server = cast("PageServer", self.server)
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not is_served(hosts[0], server.own_name):
            names = "this page has its address, localhost and what --ui-host says for names"
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, explain=names)
        elif self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.send_error(HTTPStatus.BAD_REQUEST, explain="a request has no content here")
        elif (path := self.path.partition("?")[0]) == "/state":
            state = server.state()
            if state is None:
                busy = "the server does not answer in time"
                self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, explain=busy)
            else:
                self._send(_File(state, _JSON))
        elif (file := _page().get(path)) is not None:
            self._send(file)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _send(self, file: _File) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", file.content_type)
        self.send_header("Content-Length", str(len(file.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(file.content)

    def end_headers(self) -> None:
        """Tell the browser what the page may do; also with errors."""
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Every look at the page would be a line."""
