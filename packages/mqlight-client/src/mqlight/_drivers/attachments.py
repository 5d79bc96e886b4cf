"""The links of subscriptions: attached when there is a connection, ended when they are taken back.

No IO and no threads: the engine's owner calls, callbacks that become due are appended to `calls`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._drivers.calls import Notice
from mqlight._machine.subscriptions import Progress
from mqlight_core.errors import MQLightError, NotPermittedError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqlight._amqp.connection import AmqpConnection
    from mqlight._amqp.events import ReceiverEnded
    from mqlight._amqp.links import Receiver
    from mqlight._amqp.senders import Senders
    from mqlight._drivers.calls import Call
    from mqlight._drivers.control import Control
    from mqlight._log.client_log import ClientLog
    from mqlight._machine.subscriptions import Subscription


class Attachments:
    """What each subscription of one client has on the connection that is up, if one is."""

    def __init__(self, control: Control, calls: list[Call], log: ClientLog) -> None:
        self._control = control
        self._calls = calls
        self._log = log
        self._connection: AmqpConnection | None = None
        self._senders: Senders | None = None
        self._receivers: dict[str, Receiver] = {}
        """Links by address, from attach until they are detached on both sides."""
        self._successors: dict[str, Subscription] = {}
        """Subscriptions that wait for the last link of their address to end."""
        self._roomless: dict[str, Subscription] = {}
        """Subscriptions that wait for a handle, the longest waiting first."""
        self._leaving: list[Subscription] = []
        """Unsubscribed, and not told yet."""

    @property
    def idle(self) -> bool:
        """Nothing is attached, and nothing waits to be, or to be told."""
        return not (self._receivers or self._successors or self._roomless or self._leaving)

    def begin(self, connection: AmqpConnection, senders: Senders) -> None:
        """A connection is up; its topics' links yield handles to subscriptions."""
        self._connection = connection
        self._senders = senders
        for subscription in tuple(self._leaving):
            self._open(connection, subscription)
        if not self._control.muted:
            for subscription in self._control.registered():
                self.attach(subscription)

    def end(self) -> None:
        """The connection is gone."""
        self._connection = None
        self._senders = None
        # Also those that are unsubscribed already, and whose task is still on its way to us.
        for receiver in self._receivers.values():
            receiver.subscription.progress = Progress.QUEUED
        self._receivers.clear()
        self._successors.clear()
        self._roomless.clear()
        for subscription in tuple(self._leaving):
            self._unsubscribed_without_link(subscription)

    def attach(self, subscription: Subscription) -> None:
        """Subscribe, if there is a connection."""
        waiting = subscription.live and subscription.progress is Progress.QUEUED
        if self._connection is None or not waiting:
            return
        address = subscription.destination.address
        if address in self._receivers:
            self._successors[address] = subscription
        elif self._roomless.get(address) is not subscription:
            self._open(self._connection, subscription)

    def _open(self, connection: AmqpConnection, subscription: Subscription) -> None:
        address = subscription.destination.address
        if connection.free_handles > 0:
            self._log.debug(
                "subscribe %r, qos %d, ttl %d s, credit %d",
                address,
                subscription.qos,
                subscription.ttl,
                subscription.credit,
            )
            subscription.progress = Progress.ATTACHING
            self._receivers[address] = connection.open_receiver(subscription)
        elif self._handles_to_come > len(self._roomless):
            self._roomless[address] = subscription
            self._yield_handles()
        else:
            error = NotPermittedError("the server allows no more links on this connection")
            if not self._refuse(subscription, error):
                self._control.lost(error)

    @property
    def _handles_to_come(self) -> int:
        """How many handles topics can give back, and subscriptions that are ending."""
        ending = sum(not receiver.subscription.live for receiver in self._receivers.values())
        return ending + (self._senders.links if self._senders is not None else 0)

    def use_handles(self) -> None:
        """Attach subscriptions that wait for a handle with those that have come back."""
        connection = self._connection
        while self._roomless and connection is not None and connection.free_handles > 0:
            self._open(connection, self._roomless.pop(next(iter(self._roomless))))
        self._yield_handles()

    def _yield_handles(self) -> None:
        if self._senders is not None:
            self._senders.yield_handles(len(self._roomless))

    def detach(self, subscription: Subscription) -> None:
        """Unsubscribe; what was never attached simply is not."""
        self._log.debug(
            "unsubscribe %r, which is %s",
            subscription.destination.address,
            subscription.progress.name.lower(),
        )
        self._leaving.append(subscription)
        address = subscription.destination.address
        if subscription.progress is Progress.ACTIVE:
            self._end_link(self._receivers[address])
        elif subscription.progress is Progress.QUEUED:
            self._unsubscribed_without_link(subscription)
        elif subscription.progress is Progress.ENDED:
            self._ended(subscription, None)
        if subscription.progress is Progress.ENDED:
            for waiting in (self._successors, self._roomless):
                if waiting.get(address) is subscription:
                    del waiting[address]
            self._yield_handles()

    def _end_link(self, receiver: Receiver) -> None:
        if self._connection is not None:
            receiver.subscription.progress = Progress.DETACHING
            self._connection.end_link(receiver, closed=receiver.subscription.delete)

    def _unsubscribed_without_link(self, subscription: Subscription) -> None:
        """Without a link there is nothing to end, but a destination with ttl may be to delete."""
        outlives = subscription.established and subscription.ttl > 0
        if not (outlives and subscription.delete):
            self._ended(subscription, None)

    def on_opened(self, receiver: Receiver) -> None:
        """The server has accepted a subscription."""
        subscription = receiver.subscription
        subscription.progress = Progress.ACTIVE
        subscription.established = True
        self._tell_subscribed(subscription, None)
        if not subscription.live:
            self._end_link(receiver)

    def on_ended(self, event: ReceiverEnded) -> MQLightError | None:
        """A link has ended; return why the connection is of no use any more, if so."""
        subscription, error = event.receiver.subscription, event.error
        address = subscription.destination.address
        self._receivers.pop(address, None)
        subscription.progress = Progress.QUEUED
        if not subscription.live:
            self._ended(subscription, error if event.refused else None)
            error = None
        elif event.refused and self._refuse(subscription, error):
            error = None
        successor = self._successors.pop(address, None)
        if successor is not None:
            self.attach(successor)
        self.use_handles()
        return error

    def _refuse(self, subscription: Subscription, error: Exception | None) -> bool:
        """Tell a new subscription that it is refused; False if that would be news to nobody."""
        if subscription.established or subscription.on_subscribed is None:
            return False
        self._control.discard(subscription)
        self._ended(subscription, error)
        return True

    def _ended(self, subscription: Subscription, error: Exception | None) -> None:
        """A subscription is over; tell who has not been told."""
        subscription.progress = Progress.ENDED
        self._tell_subscribed(subscription, error)
        if subscription in self._leaving:
            self._leaving.remove(subscription)
            destination = subscription.destination
            self._calls.append(
                Notice(
                    "on_unsubscribed",
                    subscription.on_unsubscribed,
                    None,
                    destination.pattern,
                    destination.share,
                )
            )

    def _tell_subscribed(self, subscription: Subscription, error: Exception | None) -> None:
        callback, subscription.on_subscribed = subscription.on_subscribed, None
        if callback is not None:
            destination = subscription.destination
            self._calls.append(
                Notice("on_subscribed", callback, error, destination.pattern, destination.share)
            )

    def forget(self, subscriptions: Sequence[Subscription]) -> None:
        """These subscriptions end with the client."""
        for subscription in subscriptions:
            self._ended(subscription, StoppedError("the client has stopped"))
        for subscription in tuple(self._leaving):
            self._ended(subscription, None)
