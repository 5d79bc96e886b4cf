"""A subscription whose application asks for one message after the other.

What the faces that pull (`mqlight.aio`, `mqlight.blocking`) have in common; they differ in how they
wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._machine.prefetch import Prefetch
from mqlight._machine.subscriptions import Subscription
from mqlight_core.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight._amqp.links import Receiver
    from mqlight._drivers.control import Control
    from mqlight._machine.prefetch import Prefetched
    from mqlight_core.topics import Destination

    Callback = Callable[..., object]


class Pulled:
    """The application's end of one subscription."""

    def __init__(  # noqa: PLR0913 - the arguments of subscribe()
        self,
        control: Control,
        destination: Destination,
        *,
        qos: int,
        ttl: int,
        credit: int,
        auto_confirm: bool,
        finish: Callable[[Subscription, Prefetched[Receiver]], object],
        wake: Callable[[], None],
    ) -> None:
        """`ttl` in s; nothing is asked for before `subscribe`.

        `finish` has the engine's owner do `Traffic.take`; the owner calls `wake` when messages have
        come.
        """
        self._control = control
        self._finish = finish
        self._auto_confirm = auto_confirm
        self.one_by_one = qos == 1 and auto_confirm
        """Asking for the next message confirms the last one."""
        self._prefetch = Prefetch["Receiver"](kept_by_server=qos == 1 and ttl > 0, wake=wake)
        self.subscription = Subscription(
            destination,
            qos=qos,
            ttl=ttl,
            credit=credit,
            auto_confirm=auto_confirm,
            prefetch=self._prefetch,
        )
        self._last: Prefetched[Receiver] | None = None
        """What is confirmed when the next message is asked for."""

    def subscribe(self, on_subscribed: Callback) -> None:
        """Register the subscription.

        Raises:
            StoppedError: the client is stopping or stopped.
            SubscribedError: the client has this subscription.
        """
        self.subscription.on_subscribed = on_subscribed
        self._control.subscribe(self.subscription)

    def unsubscribe(self, *, delete: bool, on_unsubscribed: Callback) -> None:
        """Take the subscription back; what waits is dropped.

        Raises:
            StoppedError: the client is stopping or stopped.
            UnsubscribedError: the client has no such subscription.
        """
        self._prefetch.clear()
        self._control.unsubscribe(
            self.subscription.destination, delete=delete, on_unsubscribed=on_unsubscribed
        )

    def take(self) -> tuple[Prefetched[Receiver], Callable[[], None]] | None:
        """Return the next message and what confirms it; None when none has come."""
        message = self._prefetch.take()
        if message is None:
            return None
        settled = not message.token
        if settled or not message.link.alive:
            # Nothing of it is left to confirm: taking it makes room for another one.
            self._finish(self.subscription, message)
        elif self._auto_confirm:
            self._last = message

        def confirm() -> None:
            if not settled and not message.finished:
                self._check_confirmable(message)
                if self._last is message:
                    self._last = None
                message.finished = True
                self._finish(self.subscription, message)

        return message, confirm

    def _check_confirmable(self, message: Prefetched[Receiver]) -> None:
        if self._control.muted and not message.link.alive:
            raise NetworkError("not started")
        if not self.subscription.live:
            raise NetworkError("client has unsubscribed since this message was received")
        if not message.link.alive:
            raise NetworkError(self._control.lost_since())

    def finish_last(self) -> None:
        """The application is done with the message that it got last."""
        last, self._last = self._last, None
        if last is not None and last.link.alive and not last.finished:
            last.finished = True
            self._finish(self.subscription, last)
