"""A subscription whose messages a program waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, final

from mqlight._drivers.control import Take
from mqlight._drivers.pulled import Pulled
from mqlight._machine.states import State
from mqlight._received import received
from mqlight.blocking._delivery import Delivery
from mqlight.blocking._waiting import Answer, check_timeout
from mqlight_core.errors import StoppedError, UnsubscribedError

if TYPE_CHECKING:
    from types import TracebackType

    from mqlight._arguments import SubscribeOptions
    from mqlight._drivers.control import Control
    from mqlight.blocking._waiting import Waiting
    from mqlight_core.topics import Destination


@final
class Subscription:
    """Messages of one topic pattern; made by `Client.subscribe`, ended by `with` or `unsubscribe`.

    `for` gives them one by one until the client stops: it ends after a stop that was asked for, and
    raises the reason of any other.  Reconnections do not end it.
    """

    def __init__(
        self,
        control: Control,
        waiting: Waiting,
        destination: Destination,
        options: SubscribeOptions,
    ) -> None:
        self._waiting = waiting
        self._destination = destination
        self._pulled = Pulled(
            control,
            destination,
            qos=options.qos,
            ttl=options.ttl_seconds,
            credit=options.credit,
            auto_confirm=options.auto_confirm,
            finish=lambda subscription, message: control.post(Take(subscription, message)),
            wake=waiting.wake,
        )
        self._closed = False
        self._over = False
        self._asking = 0

    @property
    def topic_pattern(self) -> str:
        """The topic pattern."""
        return self._destination.pattern

    @property
    def share(self) -> str | None:
        """The share."""
        return self._destination.share

    def begin(self, timeout: float | None) -> None:
        """Subscribe; called by `Client.subscribe`."""
        subscribed = Answer(self._waiting)
        self._pulled.subscribe(subscribed.give)
        try:
            if subscribed.within(timeout):
                return
        except BaseException:
            self._leave(None, delete=False)
            raise
        self._leave(None, delete=False)
        message = f"not subscribed to {self.topic_pattern!r} within {timeout:g} seconds"
        raise TimeoutError(message)

    def receive(self, timeout: float | None = None) -> Delivery:
        """Return the next message, once there is one.

        Raises:
            TimeoutError: none has come within `timeout` seconds.
            StoppedError: the subscription or the client has been closed or ended as asked.
            MQLightError: the client has stopped for another reason.
            RangeError: the timeout is negative.
            RuntimeError: another thread waits for the next message, while messages are confirmed by
                asking for the next one.
        """
        timeout = check_timeout(timeout)
        if self._pulled.one_by_one and self._asking:
            problem = (
                "another thread waits for the next message: with auto_confirm=False several may"
            )
            raise RuntimeError(problem)
        self._pulled.finish_last()
        found: list[Delivery] = []

        def look() -> bool:
            if self._ended:
                return True
            taken = self._pulled.take()
            if taken is not None:
                message, confirm = taken
                found.append(received(Delivery, message, confirm))
            return taken is not None

        self._asking += 1
        try:
            if not self._waiting.until(look, timeout):
                raise TimeoutError(f"no message within {timeout:g} seconds")
        finally:
            self._asking -= 1
        if found:
            return found[0]
        raise (
            self._waiting.error
            if not (self._over or self._closed) and self._waiting.error
            else StoppedError("the subscription has ended")
        )

    @property
    def _ended(self) -> bool:
        return self._over or self._closed or self._waiting.state in (State.STOPPING, State.STOPPED)

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> Delivery:
        """Return the next message, once there is one; see `receive`."""
        try:
            return self.receive()
        except StoppedError:
            raise StopIteration from None

    def close(self) -> None:
        """Give no more messages: loops over them end, in every thread.

        What has been given can still be confirmed, until `unsubscribe` or the end of the block.
        May be called from any thread, and from a signal handler.
        """

        def close() -> None:
            self._closed = True

        self._waiting.tell(close)

    def unsubscribe(self, *, delete: bool = False) -> None:
        """End the subscription; a destination with a ttl lives on for it.

        Args:
            delete: drop the destination at once, whatever its ttl.
        """
        unsubscribed = Answer(self._waiting)
        if self._leave(unsubscribed, delete=delete):
            unsubscribed.within(None)

    def _leave(self, told: Answer | None, *, delete: bool) -> bool:
        """Begin to unsubscribe; False when there is nothing to end any more."""
        if self._over:
            return False

        def end() -> None:
            self._over = True

        self._waiting.tell(end)
        try:
            self._pulled.unsubscribe(
                delete=delete, on_unsubscribed=told.give if told is not None else lambda *_: None
            )
        except (StoppedError, UnsubscribedError):
            return False
        return True

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Unsubscribe."""
        if error is None:
            self._pulled.finish_last()
        self.unsubscribe()
