"""Messages and subscriptions over the connection that is up, and what becomes of them without one.

No IO and no threads: the engine's owner calls, callbacks that become due are appended to `calls`.
"""

from __future__ import annotations

from logging import DEBUG
from typing import TYPE_CHECKING

from mqlight._amqp.events import Ready, ReceiverEnded, ReceiverOpened, SenderEnded
from mqlight._amqp.links import Arrived, Settled
from mqlight._amqp.senders import Senders
from mqlight._drivers.calls import Messages, Notice, Sent
from mqlight._drivers.confirmation import Confirmation
from mqlight._machine.outbox import Outbox
from mqlight._machine.subscriptions import Progress
from mqlight_core.errors import MQLightError, NetworkError, NotPermittedError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqlight._amqp.connection import AmqpConnection
    from mqlight._amqp.events import Event
    from mqlight._amqp.links import Receiver
    from mqlight._drivers.calls import Call
    from mqlight._drivers.control import Confirm, Control
    from mqlight._log.client_log import ClientLog
    from mqlight._machine.backlog import Backlog
    from mqlight._machine.outbox import Outcome, Send
    from mqlight._machine.prefetch import Prefetched
    from mqlight._machine.subscriptions import Subscription


MOST_UNFINISHED = 4096
"""Messages received and not finished, where each 2 KiB of one count as one more: 8 MiB of them.

Beyond it no more are read until callbacks have returned.
"""


class Traffic:
    """The data plane of one client."""

    def __init__(
        self,
        control: Control,
        backlog: Backlog,
        calls: list[Call],
        on_drain: Callable[..., object] | None,
        log: ClientLog,
    ) -> None:
        self._log = log
        self._control = control
        self._backlog = backlog
        self._calls = calls
        self._on_drain = on_drain
        self._outbox = Outbox()
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
        self._unfinished = 0
        """What the messages count for whose callbacks have not returned."""
        self.made_progress: bool = False
        """This connection has carried messages that are settled, or for the application."""

    @property
    def begun(self) -> bool:
        """There is a connection, and it is in use."""
        return self._connection is not None

    @property
    def sent_everything(self) -> bool:
        """Every message given to us is finished."""
        return self._outbox.empty

    @property
    def wants_messages(self) -> bool:
        """There is room for messages: not too much of what has come waits for its callbacks."""
        return self._unfinished < MOST_UNFINISHED

    def begin(self, connection: AmqpConnection) -> None:
        """A connection is up: attach the subscriptions, send what has waited."""
        self._connection = connection
        self._senders = Senders(connection, self._outbox)
        for subscription in tuple(self._leaving):
            self._open(connection, subscription)
        if not self._control.muted:
            for subscription in self._control.registered():
                self.attach(subscription)
        self._senders.touch(tuple(self._outbox.lanes.values()))

    def accept(self, sends: Sequence[Send]) -> None:
        """Queue messages, in order."""
        lanes = self._outbox.accept(sends)
        if self._senders is not None:
            self._senders.touch(lanes)

    def transfer_at_once(self, send: Send) -> bool:
        """Transfer a message of quality of service 0 past the queue, where nothing waits in it."""
        if self._senders is None or self._control.inbox:
            return False
        sender = self._senders.unused(send[0])
        if sender is None or not sender.transfer_at_once(send):
            return False
        self._outbox.written.append(send)
        return True

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

    def _use_handles(self) -> None:
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

    def confirm(self, task: Confirm) -> None:
        """Settle a message that the application has confirmed."""
        receiver = task.receiver
        error: MQLightError | None = None
        if receiver.confirm(task.token):
            receiver.grant(receiver.subscription.finished(1))
        elif not receiver.alive:
            error = NetworkError("client has reconnected since this message was received")
        if task.callback is not None:
            self._calls.append(Notice("the callback of confirm_delivery", task.callback, error))

    def take(self, subscription: Subscription, message: Prefetched[Receiver]) -> None:
        """Settle a message that had waited for the application, and give its credit back."""
        if message.token:
            message.link.confirm(message.token)
        message.credited.grant(subscription.finished(1) if message.credited.alive else 0)

    def withdraw(self, sends: Sequence[Send]) -> list[Send]:
        """Take back those of these messages that are not transferred; nobody is told of them."""
        self.accept(self._control.take_inbox())
        withdrawn = self._outbox.withdraw(sends)
        if self._senders is not None:
            self._senders.on_withdrawn({send[0] for send in withdrawn})
        self._finished(withdrawn)
        self._drain()
        return withdrawn

    def finish(self, calls: Sequence[Call]) -> None:
        """Settle and grant credit for messages whose callbacks have returned."""
        for call in calls:
            if type(call) is Messages:
                receiver = call.arrived.receiver
                self._unfinished -= call.arrived.cost
                if not receiver.manual and receiver.alive:
                    receiver.settle(call.arrived.deliveries[: call.done])
                    receiver.grant(receiver.subscription.finished(call.done))

    def handle(self, events: Sequence[Event]) -> MQLightError | None:
        """Take in what happened on the connection; return why it is of no use any more, if so."""
        broken: MQLightError | None = None
        for event in events:
            if type(event) is Arrived:
                self._arrived(event)
            elif type(event) is Settled:
                self.made_progress = True
                outcomes = event.sender.complete()
                if self._senders is not None:
                    self._senders.rest(event.sender)
                self._completed(outcomes)
            elif type(event) is Ready and self._senders is not None:
                self._senders.on_ready(event.sender)
            elif type(event) is ReceiverOpened:
                self._receiver_opened(event.receiver)
            elif type(event) is ReceiverEnded:
                broken = self._receiver_ended(event) or broken
            elif type(event) is SenderEnded:
                broken = event.error or broken
                self._sender_ended(event)
        return broken

    def _sender_ended(self, event: SenderEnded) -> None:
        lane = event.sender.lane
        # The server does not say which message it did not take: the largest, in all likelihood.
        # Sent again it would do the same again (design §5).
        send = lane.take_largest(event.sender.largest_settled) if event.too_large else None
        if send is not None:
            error = NotPermittedError(
                f"a message to topic {lane.topic!r} is too large: {event.error}"
            )
            self._completed([(send, error)])
        if self._senders is not None:
            self._senders.on_ended(event.sender)
        self._use_handles()

    def _arrived(self, arrived: Arrived) -> None:
        self.made_progress = True
        receiver, subscription = arrived.receiver, arrived.receiver.subscription
        receiver.grant(subscription.arrived(len(arrived.messages)))
        if subscription.prefetch is not None:
            if subscription.live:
                subscription.prefetch.put(receiver, arrived.messages, arrived.tokens)
            return
        self._unfinished += arrived.cost
        if receiver.manual:
            for token, (_, _, delivery) in zip(arrived.tokens, arrived.messages, strict=True):
                message = delivery["message"]
                message["confirm_delivery"] = Confirmation(self._control, receiver, token)
        self._calls.append(Messages(arrived, self._control))

    def _completed(self, outcomes: list[Outcome]) -> None:
        self._finished([send for send, _ in outcomes])
        self._calls.append(Sent(outcomes))
        if self._log.isEnabledFor(DEBUG):
            self._log_failures(outcomes)
        self._drain()

    def _log_failures(self, outcomes: list[Outcome]) -> None:
        errors = [error for _, error in outcomes if error is not None]
        if errors:
            counts = len(errors), len(outcomes)
            self._log.debug("%d of %d messages failed, the first: %s", *counts, errors[0])

    def _finished(self, sends: Sequence[Send]) -> None:
        self._backlog.finished += len(sends)
        self._backlog.finished_bytes += sum([len(send[1]) for send in sends])
        if self._senders is not None:
            self._senders.make_room()

    def _drain(self) -> None:
        if self._backlog.drain_owed and self._backlog.drained():
            self._calls.append(Notice("on_drain", self._on_drain))

    def _receiver_opened(self, receiver: Receiver) -> None:
        subscription = receiver.subscription
        subscription.progress = Progress.ACTIVE
        subscription.established = True
        self._tell_subscribed(subscription, None)
        if not subscription.live:
            self._end_link(receiver)

    def _receiver_ended(self, event: ReceiverEnded) -> MQLightError | None:
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
        self._use_handles()
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

    def pump(self) -> bool:
        """Transfer what messages and credit allow; tell whether anything was."""
        if self._senders is None or not self._senders.has_work:
            return False
        failed: list[Outcome] = []
        count = self._senders.pump(self._outbox.written, failed)
        if failed:
            self._completed(failed)
        return count > 0

    def all_written(self) -> None:
        """Every byte of what was transferred has gone to the system."""
        written = self._outbox.take_written()
        if written:
            self._finished(written)
            # Programs seldom ask to be told of messages at quality of service 0.
            told: list[Outcome] = [(send, None) for send in written if send[3] is not None]
            if told:
                self._calls.append(Sent(told))
            self._drain()

    def end(self) -> None:
        """The connection is gone: keep what is to be sent again and attached again."""
        self._connection = None
        self._senders = None
        self.made_progress = False
        # Also those that are unsubscribed already, and whose task is still on its way to us.
        for receiver in self._receivers.values():
            receiver.subscription.progress = Progress.QUEUED
        self._receivers.clear()
        self._successors.clear()
        self._roomless.clear()
        written = self._outbox.lost()
        if written:
            self._completed([(send, None) for send in written])
        for subscription in tuple(self._leaving):
            self._unsubscribed_without_link(subscription)

    def forget(self, subscriptions: Sequence[Subscription]) -> None:
        """These subscriptions end with the client."""
        for subscription in subscriptions:
            self._ended(subscription, StoppedError("the client has stopped"))
        for subscription in tuple(self._leaving):
            self._ended(subscription, None)

    def fail_all(self) -> None:
        """The client has stopped: complete the messages that wait."""
        left = self._outbox.stop()
        if left:
            error = StoppedError("send aborted due to disconnect")
            self._completed([(send, error) for send in left])
