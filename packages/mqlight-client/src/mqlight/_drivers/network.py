"""TCP and TLS without blocking: dialling a service, reading and writing its stream.

Errors leave here as the documented exceptions, with host, port and what the system said.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
from typing import TYPE_CHECKING, TypeAlias

from mqlight._drivers.tls import connection_error, handshake_error, log_tls
from mqlight_core.errors import NetworkError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from mqlight._log.client_log import ClientLog
    from mqlight_core.errors import MQLightError
    from mqlight_core.service import Service

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE

Address: TypeAlias = "tuple[int, tuple[object, ...]]"
"""An address family and a socket address."""


def resolve(service: Service) -> tuple[Address, ...]:
    """Look the service's host up; blocks as long as the system's resolver does.

    Raises:
        NetworkError: the host has no address.
    """
    try:
        found = socket.getaddrinfo(service.host, service.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        message = f"{service}: the host {service.host!r} can not be looked up: {reason(problem)}"
        raise NetworkError(message) from None
    return tuple((family, address) for family, _, _, _, address in found)


class Stream:
    """A connected socket, or one that is being connected, in non-blocking mode."""

    def __init__(
        self,
        service: Service,
        addresses: Sequence[Address],
        context: ssl.SSLContext | None,
        selector: selectors.BaseSelector,
        log: ClientLog,
    ) -> None:
        """Begin to connect to the first address; call `advance` each time the selector names it.

        Raises:
            NetworkError: no address can even be tried.
        """
        self.service = service
        self._log = log
        self._selector = selector
        self._addresses = list(addresses)
        self._context = context
        self._socket: socket.socket | None = None
        self._tls: ssl.SSLSocket | None = None
        self._connected = False
        self._interest = 0
        self._try_next(None)

    def advance(self) -> bool:
        """Go on connecting; True once that is done.

        Raises:
            NetworkError: every address failed.
            SecurityError: the TLS handshake failed.
        """
        sock = self._socket
        if sock is None:
            return False
        if not self._connected:
            problem = _connected(sock)
            if problem is not None:
                self._log.debug("%s: %s", self.service, reason(problem))
                self._try_next(problem)
                return False
            self._connected = True
            if self._context is not None:
                self._begin_tls(sock, self._context)
        if self._tls is not None and not self._shake_hands(self._tls):
            return False
        self._watch(READ)
        return True

    def _try_next(self, error: OSError | None) -> None:
        while self._addresses:
            self.close()
            family, address = self._addresses.pop(0)
            self._log.debug("%s: trying %s port %s", self.service, *address[:2])
            try:
                self._socket = socket.socket(family, socket.SOCK_STREAM)
                self._socket.settimeout(0)
                self._socket.connect(address)
            except BlockingIOError:
                pass  # it goes on
            except OSError as problem:
                error = problem
                self._log.debug("%s: %s", self.service, reason(problem))
                continue
            self._watch(WRITE)
            return
        self.close()
        message = f"{self.service}: {reason(error) if error else 'the host has no address'}"
        raise NetworkError(message)

    def _begin_tls(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._unwatch()
        try:
            self._socket = self._tls = context.wrap_socket(
                sock, server_hostname=self.service.host, do_handshake_on_connect=False
            )
        except (OSError, ValueError) as problem:
            raise handshake_error(self.service, problem) from None

    def _watch(self, interest: int) -> None:
        if interest == self._interest or self._socket is None:
            return
        if self._interest:
            self._selector.modify(self._socket, interest, self)
        else:
            self._selector.register(self._socket, interest, self)
        self._interest = interest

    def _unwatch(self) -> None:
        if self._interest and self._socket is not None:
            self._selector.unregister(self._socket)
        self._interest = 0

    def want_write(self, *, wanted: bool) -> None:
        """Watch for room to write, or no longer."""
        self._watch(READ | WRITE if wanted else READ)

    def may_have_more(self, size: int, room: int) -> bool:
        """Tell whether to read again without waiting, after `size` bytes came where `room` were."""
        return size == room or (self._tls is not None and self._tls.pending() > 0)

    def _shake_hands(self, tls: ssl.SSLSocket) -> bool:
        import ssl  # noqa: PLC0415 - loaded by whoever made the context, and by no one else

        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            self._watch(READ)
        except ssl.SSLWantWriteError:
            self._watch(WRITE)
        except OSError as problem:
            raise handshake_error(self.service, problem) from None
        else:
            log_tls(self._log, self.service, tls)
            return True
        return False

    def read_into(self, view: memoryview) -> int | None:
        """Read what is there; 0 at the end of the stream, None when nothing is there yet.

        Raises:
            NetworkError: the connection broke.
        """
        if self._socket is None:
            return 0
        try:
            return self._socket.recv_into(view)
        except OSError as problem:
            if self._is_blocked(problem):
                return None
            raise self._error(problem) from None

    def write(self, view: memoryview) -> int:
        """Write what the system takes; return how many bytes.

        Raises:
            NetworkError: the connection broke.
        """
        if self._socket is None:
            return 0
        try:
            return self._socket.send(view)
        except OSError as problem:
            if self._is_blocked(problem):
                return 0
            raise self._error(self._last_word() or problem) from None

    def _is_blocked(self, problem: OSError) -> bool:
        if isinstance(problem, BlockingIOError | InterruptedError):
            return True
        if self._tls is None:
            return False
        import ssl  # noqa: PLC0415

        return isinstance(problem, ssl.SSLWantReadError | ssl.SSLWantWriteError)

    def _last_word(self) -> OSError | None:
        """Look why a server has hung up: writing does not tell that it refuses a certificate."""
        if self._tls is not None:
            try:
                self._tls.recv(1)
            except OSError as problem:
                if not self._is_blocked(problem):
                    return problem
        return None

    def _error(self, problem: OSError) -> MQLightError:
        return (broken if self._tls is None else connection_error)(self.service, problem)

    def close(self) -> None:
        """Close the socket at once; over TLS the server is told, if it can be told at once."""
        if self._socket is not None:
            self._unwatch()
            if self._tls is not None and self._connected:
                with contextlib.suppress(OSError, ValueError):
                    self._tls.unwrap()
            self._socket.close()
            self._socket = None


def _connected(sock: socket.socket) -> OSError | None:
    """Prepare a socket whose connecting has ended; return why it is not connected, if so."""
    try:
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            return OSError(number, os.strerror(number))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as problem:
        return problem
    return None


def broken(service: Service, problem: Exception) -> NetworkError:
    """Return the documented error of a connection that the system says is broken."""
    return NetworkError(f"{service}: the connection broke: {reason(problem)}")


def hung_up(service: Service) -> NetworkError:
    """Return the documented error of a connection that the server has closed."""
    return NetworkError(f"{service}: the server closed the connection")


def reason(problem: Exception) -> str:
    """Return what the system said, without its numbers."""
    if isinstance(problem, OSError):
        return str(problem.strerror or problem)
    return str(problem)
