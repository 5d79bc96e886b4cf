"""Sends that wait until the queue has room for them, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from mqlight_core.errors import MQLightError

if TYPE_CHECKING:
    from mqlight._machine.backlog import Backlog


class Room:
    """What `max_queued_bytes` leave."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()
        self._promised = 0
        """Bytes for sends that may go on, and have not gone on yet."""

    def has(self, size: int) -> bool:
        """Tell whether a message of `size` bytes may be queued at once, past nobody."""
        queued = self._backlog.size + self._promised + size
        return not self._waiting and queued <= self._backlog.most_queued_bytes

    async def wait(self, size: int) -> None:
        """Wait until a message of `size` bytes may be queued.

        Raises:
            MQLightError: there never will be room for it.
            StoppedError: the client has stopped.
        """
        most = self._backlog.most_queued_bytes
        if size > most:
            message = (
                f"the message was not accepted: its {size} bytes are more than {most} bytes "
                "(client_options['max_queued_bytes'])"
            )
            raise MQLightError(message)
        place = asyncio.get_running_loop().create_future(), size
        self._waiting.append(place)
        self.give()
        try:
            await place[0]
        except BaseException:
            if place in self._waiting:
                self._waiting.remove(place)
            elif place[0].done() and not place[0].cancelled() and place[0].exception() is None:
                self._promised -= size  # cancelled just after it was let go on
            self.give()  # to those who wait behind it
            raise
        self._promised -= size

    def give(self) -> None:
        """Let those go on who have waited longest, as far as there is room."""
        room = self._backlog.most_queued_bytes - self._backlog.size - self._promised
        while self._waiting and self._waiting[0][1] <= room:
            place, size = self._waiting.popleft()
            if not place.done():
                room -= size
                self._promised += size
                place.set_result(None)
        if self._waiting:
            self._backlog.drain_owed = True

    def close(self, error: Exception) -> None:
        """The client has stopped: nobody goes on."""
        for place, _ in self._waiting:
            if not place.done():
                place.set_exception(error)
        self._waiting.clear()
