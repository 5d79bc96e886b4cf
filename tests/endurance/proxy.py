"""A TCP proxy that disturbs what passes through it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from .disturbances import Disturbances, Kind
from .pair import Pair

if TYPE_CHECKING:
    from typing import Self

    from .disturbances import Disturbance

_HOST = "127.0.0.1"


class Proxy:
    """Serves while it is open as a context manager, in a thread of its own.

    Clients that connect to `url` are connected to a server at `port` of this machine, and disturbed
    as `disturbances` says until `calm` is called.
    """

    def __init__(self, port: int, disturbances: Disturbances) -> None:
        self._target = (_HOST, port)
        self._disturbances = disturbances
        self.counts: Counter[Kind] = Counter()
        """How often each disturbance has happened."""
        self.connections = 0
        self.bytes_passed = 0
        """Both directions together."""
        self.bytes_lost = 0
        """Read, and never passed on."""
        # Bound but not listening: connections are refused, and nobody else gets the port.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind((_HOST, 0))
        self._calm = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._refusal: asyncio.Future[float] = self._loop.create_future()
        """For how many seconds nobody is to listen, once that is due."""
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    @property
    def url(self) -> str:
        """The service URL for clients."""
        host, port = self._reserved.getsockname()
        return f"amqp://{host}:{port}"

    @property
    def disconnections(self) -> int:
        """How many connections were ended by a disturbance."""
        return sum(count for kind, count in self.counts.items() if kind is not Kind.STALL)

    def calm(self) -> None:
        """Disturb nothing from here on."""
        self._calm = True

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join()
        self._loop.close()
        self._reserved.close()

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._serve())

    def _cancel(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    async def _serve(self) -> None:
        try:
            while True:
                with socket.create_server(self._reserved.getsockname()) as listener:
                    listener.settimeout(0)
                    self._loop.add_reader(listener, self._accept, listener)
                    self._listening.set()
                    try:
                        seconds = await self._refusal
                    finally:
                        self._loop.remove_reader(listener)
                await asyncio.sleep(seconds)
                self._refusal = self._loop.create_future()
        finally:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            client, _ = listener.accept()
            self.connections += 1
            task = self._loop.create_task(self._connect(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            # Not by the task itself: one that is cancelled at once never begins.
            task.add_done_callback(lambda _: client.close())

    async def _connect(self, client: socket.socket) -> None:
        with socket.socket() as server:
            client.settimeout(0)
            server.settimeout(0)
            try:
                await self._loop.sock_connect(server, self._target)
            except OSError:
                return  # the server is not there: nor are we
            await Pair(self, self._loop, client, server, self._disturbances).live()

    def happens(self, what: Disturbance) -> bool:
        """A disturbance is due: count it; False when there are to be no more."""
        if self._calm:
            return False
        self.counts[what.kind] += 1
        if what.kind is Kind.REFUSE and not self._refusal.done():
            self._refusal.set_result(what.seconds)
        return True
