"""One connection through the proxy: a socket to the client, one to the server, and their end."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from .disturbances import Kind

if TYPE_CHECKING:
    from .disturbances import Disturbance, Disturbances
    from .proxy import Proxy

_READ_BYTES = 64 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""A struct linger: on, for 0 seconds."""


class Pair:
    """Passes bytes on both ways until a disturbance or an end of the stream."""

    def __init__(
        self,
        proxy: Proxy,
        loop: asyncio.AbstractEventLoop,
        client: socket.socket,
        server: socket.socket,
        disturbances: Disturbances,
    ) -> None:
        self._proxy = proxy
        self._loop = loop
        self._client = client
        self._server = server
        self._disturbances = disturbances
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._silent = False
        self._ending: Kind | None = None
        self._await(disturbances.first())

    def _await(self, due: Disturbance) -> None:
        self._due = due
        self._left = due.after
        """Bytes that pass before it."""

    async def live(self) -> None:
        """Pass bytes on until the end; the sockets are the caller's to close."""
        ways = (
            asyncio.create_task(self._carry(self._client, self._server)),
            asyncio.create_task(self._carry(self._server, self._client)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        if self._ending is Kind.RESET:
            for end in (self._client, self._server):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            return
        _finish(self._client)
        if self._ending is Kind.ABANDON:
            self._client.close()
            with suppress(OSError):
                while await self._loop.sock_recv(self._server, _READ_BYTES):
                    pass
        _finish(self._server)

    async def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := await self._loop.sock_recv(source, _READ_BYTES):
                await self._flowing.wait()
                passed = await self._pass_on(data, sink)
                self._proxy.bytes_passed += passed
                self._proxy.bytes_lost += len(data) - passed
                if self._ending is not None:
                    return

    async def _pass_on(self, data: bytes, sink: socket.socket) -> int:
        """Pass on what may pass; return how many bytes those were."""
        if self._silent:
            return 0
        if len(data) <= self._left:
            self._left -= len(data)
        else:
            data = data[: await self._disturb(len(data))]
        if data:
            await self._loop.sock_sendall(sink, data)
        return len(data)

    async def _disturb(self, size: int) -> int:
        """Do what is due with `size` bytes in hand; return how many of them pass."""
        due, left = self._due, self._left
        # Until this one is over, the other way goes on undisturbed or is held.
        self._left = 2**62
        if not self._proxy.happens(due):
            return size
        if due.kind in (Kind.STALL, Kind.HANG):
            self._flowing.clear()
            await asyncio.sleep(due.seconds)
            if due.kind is Kind.STALL:
                self._await(self._disturbances.next())
                self._flowing.set()
                return size
        if due.kind is Kind.SILENCE:
            self._silent = True
            return 0
        self._ending = due.kind
        return left if due.kind is Kind.TRUNCATE else 0


def _finish(end: socket.socket) -> None:
    """Say that nothing more will come."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_WR)
        # With bytes unread the system would make a reset of the close.
        while end.recv(_READ_BYTES):
            pass
