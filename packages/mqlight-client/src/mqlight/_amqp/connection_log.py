"""What a connection tells the log: its beginning, its links, and why they ended.

Nothing here is called for a message, and nothing is asked of proton unless it will be written.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mqlight._amqp import _binding as pn
from mqlight._amqp.begin import UNLIMITED
from mqlight._amqp.conditions import readable
from mqlight._amqp.frames import Frames
from mqlight._log.client_log import ClientLog
from mqlight._log.levels import FRAMES

if TYPE_CHECKING:
    from mqlight._amqp.links import Receiver, Sender

_OUTCOMES = {
    0: "accepted",
    1: "user and password not accepted",
    2: "the server failed",
    3: "the server failed for good",
    4: "the server failed for now",
}
"""SASL's outcome codes (AMQP 1.0 part 5.3.3.6), as proton counts them."""


class ConnectionLog:
    """Writes for one connection of a client."""

    def __init__(self, client_id: str, address: str) -> None:
        self._log = ClientLog("mqlight.amqp", client_id)
        self._address = address
        frames = ClientLog("mqlight.frames", client_id)
        self.frames = Frames(frames) if frames.isEnabledFor(FRAMES) else None
        """What is to be shown the bytes, if anything is."""

    def sasl(self, mechanism: str, outcome: int) -> None:
        """SASL has ended."""
        said = _OUTCOMES.get(outcome, f"outcome {outcome}")
        self._log.debug("%s: SASL %s: %s", self._address, mechanism, said)

    def opened(self, connection: pn.Connection, transport: pn.Transport) -> None:
        """The server's open has come."""
        if self._log.isEnabledFor(logging.DEBUG):
            self._log.debug(
                "%s: open from container '%s', max-frame-size %d, idle-time-out %d ms",
                self._address,
                readable(pn.text(pn.pn_connection_remote_container(connection))),
                pn.pn_transport_get_remote_max_frame(transport),
                pn.pn_transport_get_remote_idle_timeout(transport),
            )

    def begun(self, handle_max: int) -> None:
        """The server's begin has come."""
        most = "none" if handle_max == UNLIMITED else handle_max
        self._log.debug("%s: session begun, handle-max %s", self._address, most)

    def attached(self, link: Sender | Receiver) -> None:
        """The server has accepted a link."""
        self._log.debug("link of %s attached", link.label)

    def link_ended(self, link: Sender | Receiver, error: Exception | None) -> None:
        """A link is over; `error` where we had not asked for it."""
        if error is None:
            self._log.debug("link of %s ended as asked", link.label)
        else:
            what = "ended by the server" if link.attached else "refused"
            self._log.debug("link of %s %s: %s", link.label, what, error)

    def ended(self, error: Exception | None) -> None:
        """The connection is over; `error` where we had not asked for it."""
        self._log.debug("%s: %s", self._address, error or "closed as asked")
