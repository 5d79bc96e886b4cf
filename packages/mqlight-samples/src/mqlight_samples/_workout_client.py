"""One of the clients of `mqlight-uiworkout`: what it does, and what it is told in callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mqlight
from mqlight_samples._display import preview
from mqlight_samples._lorem_ipsum import some_words
from mqlight_samples._workout_report import Entry

if TYPE_CHECKING:
    from mqlight.typing import Delivery, MessageType
    from mqlight_samples.uiworkout import Workout

__all__ = ["WorkoutClient"]


class WorkoutClient:
    """A client that subscribes to a topic and sends to it.

    The client makes its callbacks one at a time, but on other threads than the next client does.
    They return at once: none waits or sleeps, or the next ones would have to wait too.
    """

    def __init__(self, workout: Workout, topic: str, share: str | None) -> None:
        self.workout = workout
        self.entry: Entry = Entry(f"CLIENT_{workout.chance.getrandbits(28):07x}", topic, share)
        self.backlog: bool = False
        workout.report.entries.append(self.entry)

    def connect(self) -> mqlight.Client:
        """Return the client, which connects meanwhile; its callbacks return at once."""
        self.client: mqlight.Client = mqlight.Client(
            self.workout.options.service,
            self.entry.client_id,
            self.workout.options.security_options,
            on_started=self.on_started,
            on_state_changed=self.on_state_changed,
            on_drain=self.on_drain,
        )
        return self.client

    def send(self) -> bool:
        """Send some words, and return True, unless messages would pile up: in an outage, too."""
        if self.backlog:
            return False
        self.backlog = True  # until send says otherwise, or on_drain, which may be the first
        data = some_words(self.workout.chance)
        try:
            if self.client.send(self.entry.topic, data, on_sent=self.on_sent):
                self.backlog = False
        except mqlight.StoppedError:
            return False  # by a problem, which is reported
        return True

    def on_drain(self, client: mqlight.Client) -> None:
        """Most of what was accepted is sent."""
        self.backlog = False

    def on_sent(
        self,
        client: mqlight.Client,
        error: Exception | None,
        topic: str,
        data: object,
        options: object,
    ) -> None:
        """At quality of service 0, the default: the message is written."""
        if error is None:
            self.workout.report.sent(self.entry, data)
        elif not isinstance(error, mqlight.StoppedError):
            self.workout.process.fail(f"Problem with send request: {error}")

    def on_state_changed(
        self, client: mqlight.Client, state: mqlight.State, error: Exception | None
    ) -> None:
        """Show the state, and tell problems."""
        self.entry.state = state
        self.workout.process.on_state_changed(client, state, error)

    def on_started(self, client: mqlight.Client) -> None:
        """Subscribe; the client does so again by itself after a broken connection."""
        client.subscribe(
            self.entry.topic,
            self.entry.share,
            on_subscribed=self.on_subscribed,
            on_message=self.on_message,
        )

    def on_subscribed(
        self, client: mqlight.Client, error: Exception | None, pattern: str, share: str | None
    ) -> None:
        """The service has answered."""
        if error is None:
            self.workout.on_subscribed(self)
        elif not isinstance(error, mqlight.StoppedError):
            self.workout.process.fail(f"Problem with subscribe request: {error}")

    def on_message(self, message_type: MessageType, data: object, delivery: Delivery) -> None:
        """A message has come, perhaps one that another program has sent."""
        if message_type == mqlight.MALFORMED:
            problem = preview(delivery["malformed"])
            self.workout.process.warn(
                f"{self.entry.client_id}: received malformed message: {problem}"
            )
        self.workout.report.received(self.entry, data, delivery["message"]["topic"])
