"""The listener and its loop: one thread, one selector, any number of clients.

A turn of the loop reads every socket that has bytes, once; lets the broker deliver, once; commits
to the store, where there is one; and writes to every connection that has output.  So whatever a
client is told has been kept.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import time
from collections import deque
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, TypeAlias

from mqlight_core.topics import Destination
from mqlight_devserver import _binding as pn
from mqlight_devserver.broker import Broker, ClientRegistry, RecentMessages
from mqlight_devserver.connection import Connection
from mqlight_devserver.listening import host_and_port, listen
from mqlight_devserver.peer import Peer
from mqlight_devserver.snapshot import Snapshot, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mqlight_devserver.peer import Stream
    from mqlight_devserver.settings import Settings
    from mqlight_devserver.store.store import Store
    from mqlight_security import ServerTls

    _Tell: TypeAlias = Callable[[str], None]

__all__ = ["Server"]

logger: logging.Logger = logging.getLogger(__name__)

_READ_BYTES: Final = 256 * 1024
_WRITE_BYTES: Final = 128 * 1024
_WAKE_BYTES: Final = 4096


class Server:
    """Listens from the constructor on; `run` serves until `stop`."""

    def __init__(self, host: str, port: int, settings: Settings) -> None:
        """`port` 0 takes a free one.

        Raises:
            OSError: the address cannot be listened on; the text names host and port.
            StoreError: the file of the store cannot be used.
            SecurityError: a certificate or key file cannot be used.
        """
        self._secure = None if settings.tls is None else _secure(settings.tls)
        self._listener = listen(host, port)
        address = self._listener.getsockname()
        self.host: str = address[0]
        self.port: int = address[1]
        self._settings = settings
        self._warn_of_strangers()
        most = settings.recent_messages
        self._recent = RecentMessages(most) if most else None
        self._store: Store | None = None
        self._broker = Broker(settings.max_queued_bytes, recent=self._recent)
        if settings.store is not None:
            try:
                self._restore(settings.store)
            except BaseException:
                self._listener.close()
                raise
        self._clients: ClientRegistry[Connection] = ClientRegistry()
        self._peers: dict[Connection, Peer] = {}
        self._awake: dict[Connection, None] = {}
        self._timed: dict[Connection, None] = {}
        self._questions: deque[Callable[[Snapshot], None]] = deque()
        self._began_at = time.monotonic()
        self._stopping = False
        self._accepting = True
        self._read_buffer = memoryview(bytearray(_READ_BYTES))
        self._write_buffer = pn.Buffer(_WRITE_BYTES)
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_writer.settimeout(0)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_reader, selectors.EVENT_READ)

    @property
    def url(self) -> str:
        """The service URL of this server."""
        return f"amqp{'s' if self._secure else ''}://{host_and_port(self.host, self.port)}"

    @property
    def wakeup_fd(self) -> int:
        """What `signal.set_wakeup_fd` needs where a signal handler calls `stop`.

        Python calls the handler once the loop has been woken, and a signal that comes just before
        the loop waits would not wake it.
        """
        return self._wake_writer.fileno()

    def stop(self) -> None:
        """Make `run` return; from any thread, and from a signal handler (see `wakeup_fd`)."""
        if not self._stopping:
            self._stopping = True
            self._wake_loop()

    def ask(self, answer: Callable[[Snapshot], None]) -> None:
        """Have `answer` called, by the thread of `run`, with what goes on; never after `stop`.

        From any thread, and from a signal handler (see `wakeup_fd`).
        """
        self._questions.append(answer)
        self._wake_loop()

    def _wake_loop(self) -> None:
        # Closed already if `run` has ended; full if the loop has been woken anyway.
        with contextlib.suppress(OSError):
            self._wake_writer.send(b"\0")

    def run(self) -> None:
        """Serve until `stop`, then disconnect everyone and free the port.

        Raises:
            StoreError: the store cannot be written; nobody has been told of what is not in it.
        """
        try:
            while not self._stopping:
                ready = self._selector.select(self._patience(time.monotonic()))
                self._turn(ready, time.monotonic())
                if self._questions:
                    self._answer(time.monotonic())
        finally:
            self._close(time.monotonic())

    def _patience(self, now: float) -> float | None:
        """How long the loop may sleep, in seconds; None for as long as nothing comes."""
        if self._broker.ready or self._awake:
            return 0
        deadlines = [self._broker.next_deadline(), *(c.deadline for c in self._timed)]
        known = [deadline for deadline in deadlines if deadline is not None]
        return max(min(known) - now, 0) if known else None

    def _turn(self, ready: list[tuple[selectors.SelectorKey, int]], now: float) -> None:
        for key, events in ready:
            peer = key.data
            if peer is None:
                if key.fileobj is self._listener:
                    self._accept(now)
                else:
                    self._wake_reader.recv(_WAKE_BYTES)
            elif events & selectors.EVENT_READ:
                self._read(peer, now)
            else:
                self._wake(peer.connection)
        for identity in self._broker.expire(now):
            address = Destination(identity.pattern, identity.share).address
            logger.debug("%s has ended: nobody came back in time", address)
        self._broker.deliver(now)
        self._write_output(now)
        # Last, when all else is written: Node's client overlooks what follows a heartbeat (§1.4).
        for connection in tuple(self._timed):
            if connection.deadline is not None and connection.deadline <= now:
                peer = self._peers[connection]
                with self._at_the_cost_of(peer):
                    connection.handle_timer(now)
                if peer.gone or connection.finished:
                    self._drop(peer, now)
        self._write_output(now)

    def _restore(self, path: Path) -> None:
        # It loads sqlite3, which a server without a store does not need.
        from mqlight_devserver.store.store import Store  # noqa: PLC0415

        store = Store(path)
        try:
            self._broker = Broker(self._settings.max_queued_bytes, store, self._recent)
            store.load(self._broker, time.monotonic())
        except BaseException:
            store.close()
            raise
        self._store = store
        found = self._broker.destinations
        logger.info(
            "the store %s is loaded: %d destination(s), %d message(s), %d bytes",
            path,
            len(found),
            sum(len(destination.messages) for destination in found),
            sum(destination.queued_bytes for destination in found),
        )

    def _answer(self, now: float) -> None:
        """Look once, for all who have asked."""
        snapshot = take_snapshot(
            self._broker, tuple(self._peers), self._recent, now - self._began_at, now
        )
        while self._questions:
            try:
                self._questions.popleft()(snapshot)
            except Exception:
                logger.exception("somebody who asked what goes on could not be told")

    def _warn_of_strangers(self) -> None:
        tls = self._settings.tls
        known = self._settings.users or (tls is not None and tls.client_required)
        missing = [what for what, given in (("TLS", tls), ("users", known)) if not given]
        if missing and not ip_address(self.host.partition("%")[0]).is_loopback:
            logger.warning(
                "listening on %s, which others can reach, without %s",
                host_and_port(self.host, self.port),
                " and without ".join(missing),
            )

    def _accept(self, now: float) -> None:
        try:
            accepted, address = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            # Out of file descriptors or memory: asking on and on would only keep the loop busy.
            logger.warning("no more clients are accepted until one has gone: %s", error)
            self._selector.unregister(self._listener)
            self._accepting = False
            return
        accepted.settimeout(0)
        with contextlib.suppress(OSError):  # of a client that has gone already
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = host_and_port(address[0], address[1])
        connection = Connection(name, self._settings, self._broker, self._clients, self._wake)
        stream: Stream = accepted
        if self._secure is not None:
            try:
                stream = self._secure(accepted, connection.identified, connection.turned_away)
            except OSError:
                accepted.close()  # the client has gone already
                connection.free(now)
                return
        logger.debug("%s: has come", name)
        connection.deadline = now + self._settings.opening_timeout
        peer = Peer(stream, connection)
        self._peers[connection] = peer
        self._timed[connection] = None
        self._selector.register(stream, selectors.EVENT_READ, peer)

    def _wake(self, connection: Connection) -> None:
        self._awake[connection] = None

    def _read(self, peer: Peer, now: float) -> None:
        with self._at_the_cost_of(peer):
            peer.read(self._read_buffer, now)
        if peer.gone:
            self._drop(peer, now)
        elif peer.blocked:
            self._wake(peer.connection)

    @contextlib.contextmanager
    def _at_the_cost_of(self, peer: Peer) -> Iterator[None]:
        """An error of ours ends this client's connection, and no other."""
        try:
            yield
        except Exception:
            logger.exception("a client is disconnected because of an error in the server")
            peer.gone = True

    def _write_output(self, now: float) -> None:
        if self._store is not None:
            self._store.commit(now)
        awake, self._awake = self._awake, {}
        for connection in awake:
            if connection in self._peers:
                self._write(self._peers[connection], now)

    def _write(self, peer: Peer, now: float) -> None:
        blocked = peer.blocked
        with self._at_the_cost_of(peer):
            peer.write(self._write_buffer)
        if peer.gone:
            self._drop(peer, now)
            return
        if peer.blocked != blocked:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.blocked else 0)
            self._selector.modify(peer.socket, events, peer)
        if peer.connection.deadline is None:
            self._timed.pop(peer.connection, None)
        else:
            self._timed[peer.connection] = None

    def _drop(self, peer: Peer, now: float) -> None:
        del self._peers[peer.connection]
        self._awake.pop(peer.connection, None)
        self._timed.pop(peer.connection, None)
        self._selector.unregister(peer.socket)
        peer.close(now)
        if not self._accepting:
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._accepting = True

    def _close(self, now: float) -> None:
        # First: to the store an end is an end, also a clean one, and clients are not to blame.
        if self._store is not None:
            self._store.close()
        for peer in tuple(self._peers.values()):
            self._drop(peer, now)
        self._selector.close()
        for owned in (self._listener, self._wake_reader, self._wake_writer):
            owned.close()


def _secure(tls: ServerTls) -> Callable[[socket.socket, _Tell, _Tell], Stream]:
    """Return what puts TLS around a socket."""
    # They load ssl, which a server without TLS does not need.
    from mqlight_devserver.tls_socket import TlsSocket  # noqa: PLC0415
    from mqlight_security import server_context  # noqa: PLC0415

    context = server_context(tls)
    return lambda accepted, *tell: TlsSocket(accepted, context, *tell)
