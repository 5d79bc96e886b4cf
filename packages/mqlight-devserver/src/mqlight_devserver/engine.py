"""proton's engine for one connection: bytes in, events, bytes out, and its release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mqlight_core import describe_value
from mqlight_devserver import _binding as pn

if TYPE_CHECKING:
    from mqlight_devserver.conditions import Refused

__all__ = ["Engine"]

_MILLISECONDS: Final = 1000
_LARGEST_CHANNEL: Final = 255
"""The published clients have one session a connection."""


class Engine:
    """The transport, connection and collector that belong together."""

    def __init__(self, container_id: str, max_frame_size: int, idle_timeout: float) -> None:
        """`idle_timeout` is in seconds, 0 for none; a peer silent for longer is disconnected."""
        self._transport = pn.pn_transport()
        self._connection = pn.pn_connection()
        self.collector: pn.Collector = pn.pn_collector()
        """What has happened, for the owner to peek at and pop."""
        pn.pn_connection_collect(self._connection, self.collector)
        pn.pn_connection_set_container(self._connection, container_id.encode())
        pn.pn_transport_set_channel_max(self._transport, _LARGEST_CHANNEL)
        pn.pn_transport_set_max_frame(self._transport, max_frame_size)
        pn.pn_transport_set_idle_timeout(self._transport, round(idle_timeout * _MILLISECONDS))
        pn.pn_transport_bind(self._transport, self._connection)

    def receive(self, data: bytes | memoryview) -> None:
        """Take bytes from the peer; what comes after the end of AMQP is ignored."""
        source = pn.chars(data)
        size = len(data)
        taken = pn.pn_transport_push(self._transport, source, size)
        while 0 <= taken < size:
            more = pn.pn_transport_push(self._transport, source + taken, size - taken)
            if more <= 0:
                break
            taken += more

    def receive_eof(self) -> None:
        """The peer will send no more."""
        pn.pn_transport_close_tail(self._transport)

    def fill(self, buffer: pn.Buffer) -> int:
        """Move output into `buffer`; how many bytes it was."""
        transport = self._transport
        filled = 0
        while filled < buffer.size:
            pending = pn.pn_transport_pending(transport)
            if pending <= 0:
                break
            size = min(pending, buffer.size - filled)
            pn.pn_transport_peek(transport, buffer.pointer + filled, size)
            pn.pn_transport_pop(transport, size)
            filled += size
        return filled

    @property
    def finished(self) -> bool:
        """Whether there will never be output again."""
        return pn.pn_transport_pending(self._transport) < 0

    def tick(self, now: float) -> float | None:
        """Let heartbeats and the idle timeout happen; when to come again (s), None for never."""
        deadline = pn.pn_transport_tick(self._transport, round(now * _MILLISECONDS))
        return deadline / _MILLISECONDS if deadline else None

    @property
    def container_id(self) -> str | None:
        """The peer's container-id.

        Raises:
            UnicodeDecodeError: it is not UTF-8.
        """
        return pn.text(pn.pn_connection_remote_container(self._connection))

    def open(self) -> None:
        """Answer, or send, OPEN."""
        pn.pn_connection_open(self._connection)

    def close(self, reason: Refused | None = None) -> None:
        """Send CLOSE, with an error if there is a reason."""
        if reason is not None:
            reason.describe(pn.pn_connection_condition(self._connection))
        pn.pn_connection_close(self._connection)

    def remote_error(self) -> str:
        """The error of the peer's CLOSE, or of the protocol, for a log; '' for none."""
        for error in (
            pn.pn_connection_remote_condition(self._connection),
            pn.pn_transport_condition(self._transport),
        ):
            name = pn.text_lossy(pn.pn_condition_get_name(error))
            if name:
                said = pn.text_lossy(pn.pn_condition_get_description(error))
                return f"{describe_value(name)}: {describe_value(said)}"
        return ""

    def free(self) -> None:
        """Release everything; no pointer of this engine may be used afterwards."""
        pn.pn_transport_unbind(self._transport)
        pn.pn_decref(self._transport)
        pn.pn_decref(self._connection)
        pn.pn_collector_free(self.collector)
