"""Deliveries left in proton while the application is busy, so that the session's window closes."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqlight._amqp import _binding as pn
    from mqlight._amqp.events import Event
    from mqlight._amqp.links import Receiver


class Unread:
    """Deliveries of all links, whole or in part, the oldest first."""

    def __init__(self) -> None:
        # Ordered, because a plain dictionary takes longer and longer to find its first entry.
        self._receivers: OrderedDict[pn.Delivery, Receiver] = OrderedDict()

    def leave(self, delivery: pn.Delivery, receiver: Receiver) -> None:
        """Something of a delivery has come; it stays where it is."""
        self._receivers[delivery] = receiver

    def read(self, budget: int, events: list[Event]) -> int:
        """Read as much as the budget allows, at least one message; return what is left of it."""
        receivers = self._receivers
        while receivers and (budget > 0 or not events):
            delivery, receiver = receivers.popitem(last=False)
            budget -= receiver.on_delivery(delivery, events)
        return budget

    def read_last(self, events: list[Event], of: Receiver | None = None) -> None:
        """Read what will not come again of a link, or of every link, whose end is about to be told.

        To read what comes again too would only make duplicates, more with each reconnection.
        """
        for delivery, receiver in tuple(self._receivers.items()):
            if of is None or receiver is of:
                del self._receivers[delivery]
                if not receiver.kept_by_server:
                    receiver.on_delivery(delivery, events)

    def forget(self) -> None:
        """The connection is gone, and every handle with it."""
        self._receivers.clear()
