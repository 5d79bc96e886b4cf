"""An application that calls a client in any order, and writes down what it is told."""

from __future__ import annotations

from collections import defaultdict, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from driven_driver import driven_client

import mqlight
from mqlight._machine.states import TRANSITIONS, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight.typing import SubscribeOptionsDict

SERVICES = ["amqp://one.example.com", "amqp://two.example.com"]
CHANGES = {(a, t.state) for (a, _), t in TRANSITIONS.items() if a is not t.state}


class Application:
    """One client and its callbacks, which now and then do more than to take notes."""

    def __init__(self) -> None:
        self.state = State.STOPPED
        """The last state that was reported."""
        self.stops = 0
        """Calls of `stop` that have not been told."""
        self.quiet = True
        """The state `stopped` was reported, and no other since."""
        self.next: deque[Callable[[], object]] = deque()
        """What the next callbacks do."""
        self.accepted: dict[int, tuple[str, int]] = {}
        """Topic and quality of service of each message, by number."""
        self.finished: dict[int, Exception | None] = {}
        self.owed = False
        """`send` has answered False, and no `on_drain` has come since."""
        self.falses = self.drains = 0
        self.subscribing: set[int] = set()
        self.unsubscribing: set[int] = set()
        self.confirming: set[int] = set()
        """Calls whose callback has not been called."""
        self.calls = 0
        self.newest: defaultdict[str, int] = defaultdict(lambda: -1)
        """The last message that came, by pattern."""
        self.unconfirmed: list[tuple[int, Callable[..., None]]] = []
        self.done: set[int] = set()
        """Messages whose `on_message` has returned, or that are confirmed where that is to do."""
        self.client, self.driver = driven_client(
            SERVICES,
            "client_1",
            on_started=self.on_started,
            on_state_changed=self.on_state_changed,
            on_drain=self.on_drain,
        )

    # Calls.

    def start(self) -> None:
        self.client.start(self.on_started)

    def stop(self) -> None:
        self.stops += 1
        self.client.stop(self.on_stopped)

    def send(self, topic: str, qos: int, size: int) -> None:
        number = len(self.accepted)
        with suppress(mqlight.StoppedError):
            clear = self.client.send(
                topic, f"#{number} ".ljust(size), {"qos": qos}, self.on_sent(number)
            )
            self.accepted[number] = (topic, qos)
            if not clear:
                self.owed = True
                self.falses += 1

    def subscribe(self, pattern: str, *, told: bool, **options: Any) -> None:
        call = self._call()
        try:
            self.client.subscribe(
                pattern,
                None,
                cast("SubscribeOptionsDict", options),
                self._told(self.subscribing, call) if told else None,
                self.on_message(pattern),
            )
        except (mqlight.StoppedError, mqlight.SubscribedError):
            return
        if told:
            self.subscribing.add(call)

    def unsubscribe(self, pattern: str, *, delete: bool) -> None:
        call = self._call()
        try:
            self.client.unsubscribe(
                pattern, None, {"ttl": 0} if delete else None, self._told(self.unsubscribing, call)
            )
        except (mqlight.StoppedError, mqlight.UnsubscribedError):
            return
        self.unsubscribing.add(call)

    def confirm(self, index: int) -> None:
        """Confirm one of the messages that wait for it, or see that it is too late."""
        number, confirm = self.unconfirmed.pop(index % len(self.unconfirmed))
        call = self._call()
        try:
            confirm(self._told(self.confirming, call))
        except mqlight.NetworkError:
            return
        self.confirming.add(call)
        self.done.add(number)

    def confirm_oldest(self) -> None:
        if self.unconfirmed:
            self.confirm(0)

    def _call(self) -> int:
        self.calls += 1
        return self.calls

    # Callbacks.

    def _told(self, waiting: set[int], call: int) -> Callable[..., None]:
        def told(*_: object) -> None:
            assert call in waiting, "told twice"
            waiting.remove(call)
            self._do_more()

        # Every kind of callback says how many arguments it takes.
        if waiting is self.confirming:
            return lambda client, error: told()
        return lambda client, error, pattern, share: told()

    def _do_more(self) -> None:
        assert not self.quiet, "told after stopped"
        if self.next:
            self.next.popleft()()

    def on_started(self, client: object) -> None:
        assert client is self.client
        self._do_more()

    def on_stopped(self, client: object, error: Exception | None) -> None:
        assert client is self.client
        assert self.stops > 0, "on_stopped twice"
        assert self.quiet, "on_stopped before stopped"
        self.stops -= 1
        if self.next:
            self.next.popleft()()

    def on_state_changed(self, client: object, state: State, error: Exception | None) -> None:
        assert (self.state, state) in CHANGES, f"{state} after {self.state}"
        self.state = state
        self.quiet = False
        try:
            self._do_more()
        finally:
            self.quiet = state is State.STOPPED

    def on_drain(self, client: object) -> None:
        self.drains += 1
        assert self.drains <= self.falses, "drained too often"
        self.owed = False
        self._do_more()

    def on_sent(self, number: int) -> Callable[..., None]:
        def on_sent(
            client: object, error: Exception | None, topic: str, data: object, options: object
        ) -> None:
            assert number not in self.finished, "finished twice"
            assert (topic, options) == (self.accepted[number][0], {"qos": self.accepted[number][1]})
            self.finished[number] = error
            self._do_more()

        return on_sent

    def on_message(self, pattern: str) -> Callable[..., None]:
        def on_message(kind: str, data: object, delivery: dict[str, Any]) -> None:
            assert not self.client.is_stopped(), "a message after stop"
            number = int(str(data))
            assert number > self.newest[pattern], "a message twice, or after a newer one"
            self.newest[pattern] = number
            confirm = delivery["message"].get("confirm_delivery")
            if confirm is not None:
                self.unconfirmed.append((number, confirm))
            self._do_more()
            if confirm is None:
                self.done.add(number)

        return on_message
