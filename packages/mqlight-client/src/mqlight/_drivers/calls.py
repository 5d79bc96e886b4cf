"""The application's callbacks as batches: what is due, in the order in which it happened.

The engine's owner makes calls, whoever runs callbacks runs them, and the owner finishes them
(settles and grants credit).  No callback is ever made while the engine is held.
"""

from __future__ import annotations

from operator import length_hint
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight._amqp.links import Arrived
    from mqlight._drivers.control import Control
    from mqlight._machine.outbox import Outcome

    Failed: TypeAlias = Callable[[str, BaseException], None]
    """Told of a callback that raised: its name and the exception."""

    Current: TypeAlias = tuple[int, str, object]
    """How many are left behind it in its part of the batch, its name, and the callback."""


class Call(Protocol):
    """A part of a batch: one callback, or the like ones of many messages."""

    def run(self, client: object, failed: Failed) -> None:
        """Make the callbacks, on a thread that does not hold the engine."""

    def current(self) -> Current | None:
        """Return the callback that is being made, if it is the application's; on any thread."""


class Notice:
    """One callback with its arguments behind the client."""

    __slots__ = ("arguments", "callback", "name")

    def __init__(
        self, name: str, callback: Callable[..., object] | None, *arguments: object
    ) -> None:
        self.name = name
        self.callback = callback
        self.arguments = arguments

    def run(self, client: object, failed: Failed) -> None:
        """Call it, if the application gave one."""
        if self.callback is None:
            return
        try:
            self.callback(client, *self.arguments)
        except BaseException as error:  # noqa: BLE001 - whatever an application raises
            failed(self.name, error)

    def current(self) -> Current | None:
        """Return the one."""
        return None if self.callback is None else (0, self.name, self.callback)


class Internal:
    """A step of our own that has its place in the order of the callbacks."""

    __slots__ = ("step",)

    def __init__(self, step: Callable[[], None]) -> None:
        self.step = step

    def run(self, client: object, failed: Failed) -> None:  # noqa: ARG002 - as every Call
        """Take the step."""
        self.step()

    def current(self) -> None:
        """It is none of the application's."""


class Sent:
    """`on_sent` of finished messages."""

    __slots__ = ("_rest", "outcomes", "size")

    def __init__(self, outcomes: list[Outcome], size: int = 0) -> None:
        """`size` is the bytes of the messages, as encoded."""
        self.outcomes = outcomes
        self.size: int = size
        self._rest = iter(outcomes)

    def run(self, client: object, failed: Failed) -> None:
        """Call each message's `on_sent` with the caller's own objects."""
        for (topic, _, _, on_sent, data, options), error in self._rest:
            if on_sent is not None:
                try:
                    on_sent(client, error, topic, data, options)
                except BaseException as problem:  # noqa: BLE001
                    failed("on_sent", problem)

    def current(self) -> Current | None:
        """Return that of the message whose turn it is."""
        left = length_hint(self._rest)
        if left == len(self.outcomes):
            return None
        (_, _, _, on_sent, _, _), _ = self.outcomes[-1 - left]
        return None if on_sent is None else (left, "on_sent", on_sent)


class Messages:
    """`on_message` of messages that arrived in a row for one subscription."""

    __slots__ = ("_rest", "arrived", "control", "done")

    def __init__(self, arrived: Arrived, control: Control) -> None:
        self.arrived = arrived
        self.control = control
        self._rest = iter(arrived.messages)
        self.done = 0
        """How many messages were handed over without an exception."""

    def run(self, client: object, failed: Failed) -> None:  # noqa: ARG002 - as every Call
        """Hand the messages over, until one raises or the application wants no more."""
        subscription = self.arrived.receiver.subscription
        on_message = subscription.on_message
        control = self.control
        done = 0
        if on_message is None:
            self.done = len(self.arrived.messages)
            return
        try:
            for kind, data, delivery in self._rest:
                if control.muted or not subscription.live:
                    break
                on_message(kind, data, delivery)
                done += 1
        except BaseException as error:  # noqa: BLE001
            failed("on_message", error)
        finally:
            self.done = done

    def current(self) -> Current | None:
        """Return that of the message whose turn it is."""
        on_message = self.arrived.receiver.subscription.on_message
        return None if on_message is None else (length_hint(self._rest), "on_message", on_message)
