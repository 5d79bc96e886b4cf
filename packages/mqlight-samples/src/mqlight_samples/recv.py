"""`mqlight-recv`: receive messages from an MQ Light service, each at least once.

To learn from: a client that subscribes and confirms each message when it has dealt with it.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from typing import TYPE_CHECKING

import mqlight
from mqlight_samples._display import as_bytes, describe, preview
from mqlight_samples._options import RecvOptions, milliseconds, recv_options
from mqlight_samples._process import Process
from mqlight_samples._progress import Count
from mqlight_samples._terminal import Display

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqlight.typing import Delivery, MessageType, SubscribeOptionsDict


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program, on the main thread, and return its exit code."""
    receiver = Receiver(recv_options(arguments))
    return receiver.process.run(receiver.run)


class Receiver:
    """Shows what arrives, or writes one message to a file, and confirms what it dealt with."""

    def __init__(self, options: RecvOptions) -> None:
        self.options = options
        self.received: int = 0
        count = Count("received", lambda: self.received)
        display = Display(count, aside=options.to_standard_output)
        self.process: Process = Process("mqlight-recv", display)
        self.show: Callable[..., None] = display.line

    def run(self) -> None:
        """Connect, and wait until something stops the client; the callbacks do the rest."""
        # The constructor returns at once: the client connects on a thread of its own, from which
        # it also makes its callbacks, one at a time.
        client = mqlight.Client(
            self.options.service,
            self.options.client_id,
            self.options.security_options,
            on_started=self.on_started,
            on_state_changed=self.process.on_state_changed,
        )
        with client:
            client.wait_stopped()

    def on_started(self, client: mqlight.Client) -> None:
        """Subscribe; the client does so again by itself after a broken connection."""
        options: SubscribeOptionsDict = {
            "qos": mqlight.QOS_AT_LEAST_ONCE,
            # The service keeps a message until it is confirmed. If this program ends before, the
            # message goes to another one with the same share, or waits for the next.
            "auto_confirm": False,
        }
        if self.options.delay or self.options.file:
            # Take one message at a time, and leave the others to those who are ready for them.
            options["credit"] = 1
        if self.options.destination_ttl is not None:
            options["ttl"] = milliseconds(self.options.destination_ttl)
        client.subscribe(
            self.options.topic_pattern,
            self.options.share_name,
            options,
            on_subscribed=self.on_subscribed,
            on_message=self.on_message,
        )

    def on_subscribed(
        self, client: mqlight.Client, error: Exception | None, pattern: str, share: str | None
    ) -> None:
        """The service has answered."""
        if isinstance(error, mqlight.StoppedError):
            return  # by a signal, or a problem that was reported
        if error is not None:
            self.process.fail(f"Problem with subscribe request: {error}")
        elif share is None:
            self.show(f"Subscribed to pattern: {pattern}")
        else:
            self.show(f"Subscribed to share: {share}, pattern: {pattern}")

    def on_message(self, message_type: MessageType, data: object, delivery: Delivery) -> None:
        """Deal with a message, then confirm it."""
        self.received += 1
        confirm = delivery["message"]["confirm_delivery"]
        if message_type == mqlight.MALFORMED:
            problem = preview(delivery["malformed"])
            self.process.warn(f"received malformed message ({self.received}): {problem}")
        elif self.options.file is not None:
            self.show(f"Writing message data to {self.options.file_name}")
            self.options.write(as_bytes(data))
            confirm = functools.partial(confirm, self.on_written)
        elif self.options.verbose:
            self.show(f"# received message ({self.received})", preview(data), *describe(delivery))
        else:
            self.show(preview(data))
        if self.options.delay:
            # Never sleep in a callback: the next ones would have to wait.
            timer = threading.Timer(self.options.delay, self.confirm, [confirm])
            timer.daemon = True  # it does not keep the program from ending
            timer.start()
        else:
            self.confirm(confirm)

    def confirm(self, confirm_delivery: Callable[[], None]) -> None:
        """Tell the service that it can forget the message."""
        # When the connection broke after the message came, the service will deliver it again.
        with contextlib.suppress(mqlight.NetworkError):
            confirm_delivery()

    def on_written(self, client: mqlight.Client, error: Exception | None) -> None:
        """The one message that was asked for is in the file, and confirmed."""
        client.stop()


if __name__ == "__main__":
    sys.exit(main())
