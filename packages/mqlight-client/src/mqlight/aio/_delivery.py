"""A message as a coroutine gets it."""

from __future__ import annotations

from dataclasses import dataclass

from mqlight._received import Received


@dataclass(slots=True)
class Delivery(Received):
    """One message and what came with it."""

    async def confirm(self) -> None:
        """Confirm the message, at quality of service 1; a second time does nothing.

        Raises:
            NetworkError: the client has stopped, has reconnected or has unsubscribed since the
                message came, so that the server will deliver it again.
        """
        self._confirm()
