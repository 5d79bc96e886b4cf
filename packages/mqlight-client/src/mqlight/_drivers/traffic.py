"""Messages and subscriptions over the connection that is up, and what becomes of them without one.

No IO and no threads: the engine's owner calls, callbacks that become due are appended to `calls`.
"""

from __future__ import annotations

from logging import DEBUG
from typing import TYPE_CHECKING

from mqlight._amqp.events import Ready, ReceiverEnded, ReceiverOpened, SenderEnded
from mqlight._amqp.links import Arrived, Misused, Settled
from mqlight._amqp.senders import Senders
from mqlight._drivers.attachments import Attachments
from mqlight._drivers.calls import Messages, Notice, Sent
from mqlight._drivers.confirmation import Confirmation
from mqlight._machine.outbox import Outbox
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
        self._senders: Senders | None = None
        self.attachments: Attachments = Attachments(control, calls, log)
        self._unfinished = 0
        """What the messages count for whose callbacks have not returned."""
        self.made_progress: bool = False
        """This connection has carried messages that are settled, or for the application."""

    @property
    def begun(self) -> bool:
        """There is a connection, and it is in use."""
        return self._senders is not None

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
        self._senders = Senders(connection, self._outbox)
        self.attachments.begin(connection, self._senders)
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

    def confirm(self, task: Confirm) -> None:
        """Settle a message that the application has confirmed."""
        receiver = task.receiver
        error: MQLightError | None = None
        if receiver.confirm(task.token):
            receiver.grant(receiver.subscription.finished(1))
        elif not receiver.alive:
            error = NetworkError(self._control.lost_since())
        if task.callback is not None:
            self._calls.append(Notice("the callback of confirm_delivery", task.callback, error))

    def take(self, subscription: Subscription, message: Prefetched[Receiver]) -> None:
        """Settle a message that had waited for the application, and give its credit back."""
        settled = not message.token or not message.link.alive
        if (settled or message.link.confirm(message.token)) and message.credited.alive:
            message.credited.grant(subscription.finished(1))

    def withdraw(self, sends: Sequence[Send]) -> list[Send]:
        """Take back those of these messages that are not transferred; nobody is told of them."""
        self.accept(self._control.take_inbox())
        withdrawn = self._outbox.withdraw(sends)
        if self._senders is not None:
            self._senders.on_withdrawn({send[0] for send in withdrawn})
        self._backlog.told_bytes += self._finished(withdrawn)
        self._drain()
        return withdrawn

    def finish(self, calls: Sequence[Call]) -> None:
        """The callbacks have returned: settle messages, grant credit, forget what is told."""
        for call in calls:
            if type(call) is Sent:
                awaited = self._backlog.holds_much
                self._backlog.told_bytes += call.size
                if awaited:
                    self._drain()
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
                self.attachments.on_opened(event.receiver)
            elif type(event) is ReceiverEnded:
                broken = self.attachments.on_ended(event) or broken
            elif type(event) is Misused:
                broken = event.error
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
        self.attachments.use_handles()

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
        self._calls.append(Sent(outcomes, self._finished([send for send, _ in outcomes])))
        if self._log.isEnabledFor(DEBUG):
            self._log_failures(outcomes)
        self._drain()

    def _log_failures(self, outcomes: list[Outcome]) -> None:
        errors = [error for _, error in outcomes if error is not None]
        if errors:
            counts = len(errors), len(outcomes)
            self._log.debug("%d of %d messages failed, the first: %s", *counts, errors[0])

    def _finished(self, sends: Sequence[Send]) -> int:
        size = _size(sends)
        self._backlog.finished += len(sends)
        self._backlog.finished_bytes += size
        if self._senders is not None:
            self._senders.make_room()
        return size

    def _drain(self) -> None:
        if self._backlog.drain_owed and self._backlog.drained():
            self._calls.append(Notice("on_drain", self._on_drain))

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
            size = self._finished(written)
            # Programs seldom ask to be told of messages at quality of service 0.
            asked = [send for send in written if send[3] is not None]
            if asked:
                to_tell = _size(asked)
                size -= to_tell
                self._calls.append(Sent([(send, None) for send in asked], to_tell))
            self._backlog.told_bytes += size
            self._drain()

    def end(self) -> None:
        """The connection is gone: keep what is to be sent again and attached again."""
        self._senders = None
        self.made_progress = False
        written = self._outbox.lost()
        if written:
            self._completed([(send, None) for send in written])
        self.attachments.end()

    def fail_all(self) -> None:
        """The client has stopped: complete the messages that wait."""
        left = self._outbox.stop()
        if left:
            reason = self._control.machine.stopped_by
            said = "send aborted due to disconnect"
            error = StoppedError(f"{said}: {reason}" if reason is not None else said)
            self._completed([(send, error) for send in left])
        if self._backlog.drain_owed:
            self._backlog.drain_owed = False
            self._calls.append(Notice("on_drain", self._on_drain))


def _size(sends: Sequence[Send]) -> int:
    return sum([len(send[1]) for send in sends])
