"""The door for threads: every call of the application's that changes more than the outbox.

A call changes the machine and the registry at once, under a lock that is never held while anything
waits, and leaves the rest to the engine's owner as tasks, in order.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mqlight._machine.effects import Effect, FailAll
from mqlight._machine.machine import ClientMachine
from mqlight._machine.states import State
from mqlight._machine.subscriptions import Subscription, Subscriptions
from mqlight_core.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight._amqp.links import Receiver
    from mqlight._machine.outbox import Send
    from mqlight._machine.prefetch import Prefetched
    from mqlight_core.service import Service
    from mqlight_core.topics import Destination

    Callback = Callable[..., object]


INHERITED = "the client was made before the fork: a child process needs one of its own"


@dataclass(frozen=True, slots=True)
class Attach:
    """Subscribe, now or once connected."""

    subscription: Subscription


@dataclass(frozen=True, slots=True)
class Detach:
    """Unsubscribe."""

    subscription: Subscription


@dataclass(frozen=True, slots=True)
class Confirm:
    """Settle a message that was held for the application's confirmation."""

    receiver: Receiver
    token: int
    callback: Callback | None


@dataclass(frozen=True, slots=True)
class Take:
    """The application is done with a message that had waited for it."""

    subscription: Subscription
    message: Prefetched[Receiver]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take back a message that has not been transferred; `answer` is told whether it was."""

    send: Send
    answer: Callable[[bool], object]


@dataclass(frozen=True, slots=True)
class Invoke:
    """Something that another thread of ours found out."""

    step: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Forget:
    """What was asked for until the client stopped: subscriptions end, messages fail."""

    subscriptions: tuple[Subscription, ...]
    sends: tuple[Send, ...]


Task: TypeAlias = Effect | Attach | Detach | Confirm | Take | Withdraw | Invoke | Forget


class Control:
    """The machine and the registry of subscriptions behind one lock.

    `wake` makes the engine's owner look at `tasks`.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._wake = wake
        self.machine: ClientMachine = ClientMachine()
        self.subscriptions: Subscriptions = Subscriptions()
        self.inbox: deque[Send] = deque()
        """Messages accepted and not yet seen by the engine; `send` appends without the lock."""
        self.tasks: deque[Task] = deque()
        self._gone: list[Callable[[], None]] = []
        """To be called when the stop that goes on is over."""
        self.muted: bool = True
        """The client is stopping or stopped: no `on_message` any more."""
        self.inherited: bool = False
        """The client is that of a process of which this one is a child, by `fork`."""

    @property
    def state(self) -> State:
        """The state of the client."""
        return self.machine.state

    @property
    def service(self) -> Service | None:
        """The service that the client is connected to."""
        return self.machine.service

    def start(self, on_started: Callback | None) -> None:
        """Ask to start."""
        with self._lock:
            self._add(*self.machine.start(on_started))

    def stop(self, on_stopped: Callback | None, error: Exception | None = None) -> None:
        """Ask to stop; with an error, because a callback raised it."""
        with self._lock:
            self._add(*self.machine.stop(on_stopped, error))

    def subscribe(self, subscription: Subscription) -> None:
        """Register a subscription.

        Raises:
            StoppedError: the client is stopping or stopped.
            SubscribedError: the client has this subscription.
        """
        with self._lock:
            self.check_not_stopped()
            self.subscriptions.add(subscription)
            self._add(Attach(subscription))

    def unsubscribe(
        self, destination: Destination, *, delete: bool, on_unsubscribed: Callback | None
    ) -> None:
        """Take a subscription back.

        Raises:
            StoppedError: the client is stopping or stopped.
            UnsubscribedError: the client has no such subscription.
        """
        with self._lock:
            self.check_not_stopped()
            subscription = self.subscriptions.remove(destination)
            subscription.delete = delete or not subscription.ttl
            subscription.on_unsubscribed = on_unsubscribed
            subscription.live = False
            self._add(Detach(subscription))

    def check_not_stopped(self) -> None:
        """Raise StoppedError when the client is stopping or stopped."""
        self.check_not_inherited()
        if self.muted:
            reason = self.machine.stopped_by
            message = f"not started: the client is {self.machine.state}"
            raise StoppedError(f"{message}: {reason}" if reason is not None else message)

    def lost_since(self) -> str:
        """Say why a message that came over an earlier connection can not be confirmed."""
        what = "reconnected" if self.machine.state is State.STARTED else "lost its connection"
        return f"client has {what} since this message was received"

    def check_not_inherited(self) -> None:
        """Raise StoppedError in a child of `fork`."""
        if self.inherited:
            raise StoppedError(INHERITED)

    def disown(self) -> None:
        """This is a child of `fork`: be stopped, whatever was going on."""
        self._lock = threading.Lock()  # another thread may have held it
        self.machine = ClientMachine()
        self.subscriptions = Subscriptions()
        self.inbox.clear()
        self.tasks.clear()
        self.muted = self.inherited = True

    def post(self, task: Task) -> None:
        """Leave a task to the engine's owner; from any thread."""
        self.tasks.append(task)
        self._wake()

    def resolved(self, attempt: int, services: tuple[Service, ...]) -> None:
        """Pass on that the services are known."""
        with self._lock:
            self._add(*self.machine.resolved(attempt, services))

    def failed(self, attempt: int, error: Exception, now: float, random: float) -> None:
        """Pass on that an attempt failed."""
        with self._lock:
            self._add(*self.machine.failed(attempt, error, now, random))

    def opened(self, attempt: int, service: Service) -> None:
        """Pass on that a server accepted the connection."""
        with self._lock:
            self._add(*self.machine.opened(attempt, service))

    def lost(self, error: Exception) -> None:
        """Pass on that the connection, or a link that matters, is gone."""
        with self._lock:
            self._add(*self.machine.lost(error))

    def lost_early(self, error: Exception, now: float, random: float) -> None:
        """The same of a connection that had not proved to be of use."""
        with self._lock:
            self._add(*self.machine.lost_early(error, now, random))

    def replaced(self, error: Exception, gone: Callable[[], None]) -> None:
        """Pass on that another client has taken over; `gone` is called once there is no stream."""
        with self._lock:
            tasks = self.machine.replaced(error)
            if self.machine.state is State.STOPPING:
                self._gone.append(gone)
            else:
                self._add(*tasks, Invoke(gone))

    def retry_due(self) -> None:
        """Pass on that the wait is over."""
        with self._lock:
            self._add(*self.machine.retry_due())

    def closed(self) -> None:
        """Pass on that what a stop asked for is done."""
        with self._lock:
            self._add(*self.machine.closed())

    def told_stopped(self) -> bool:
        """Pass on that `on_stopped` has returned; True when the client is stopped for good."""
        with self._lock:
            return self.machine.told_stopped()

    def restart(self) -> None:
        """Begin again if a start was asked for while the client was stopping."""
        with self._lock:
            self._add(*self.machine.restart())

    def discard(self, subscription: Subscription) -> None:
        """Take this very subscription out of the registry, if it is still there."""
        with self._lock:
            self.subscriptions.discard(subscription)

    def registered(self) -> list[Subscription]:
        """Return the subscriptions, the oldest first."""
        with self._lock:
            return list(self.subscriptions)

    def take_inbox(self) -> list[Send]:
        """Return the messages accepted since the last time."""
        with self._lock:
            return self._take_inbox()

    def _take_inbox(self) -> list[Send]:
        inbox = self.inbox
        return [inbox.popleft() for _ in range(len(inbox))]

    def _add(self, *tasks: Task) -> None:
        self.muted = self.machine.state in (State.STOPPING, State.STOPPED)
        for task in tasks:
            if isinstance(task, FailAll):
                # Now, under the lock: what is asked for later belongs to the next start.
                self.tasks.append(
                    Forget(tuple(self.subscriptions.clear()), tuple(self._take_inbox()))
                )
                gone, self._gone = self._gone, []
                self.tasks.extend(Invoke(step) for step in gone)
            self.tasks.append(task)
        if tasks:
            self._wake()
