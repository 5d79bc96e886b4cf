"""`mqlight-send`: send messages to an MQ Light service, each at least once.

To learn from: a client that keeps to the pace of the service and knows when all has arrived.
"""

from __future__ import annotations

import itertools
import sys
import threading
from typing import TYPE_CHECKING

import mqlight
from mqlight_samples._display import describe, preview
from mqlight_samples._options import SendOptions, milliseconds, send_options
from mqlight_samples._process import Process
from mqlight_samples._progress import Count
from mqlight_samples._terminal import Display

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mqlight.typing import SendOptionsDict


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program, on the main thread, and return its exit code."""
    sender = Sender(send_options(arguments))
    return sender.process.run(sender.run)


class Sender:
    """Sends what the command line asks for and shows each message once it is acknowledged."""

    def __init__(self, options: SendOptions) -> None:
        self.options = options
        self.acknowledged: int = 0
        self.to_send: int | None = None  # without end
        if options.repeat > 0:
            self.to_send = options.repeat * max(len(options.messages), 1)
        progress = Count("sent", lambda: self.acknowledged, self.to_send)
        display = Display(None if self.to_send == 1 else progress)
        self.process: Process = Process("mqlight-send", display)
        self.show: Callable[..., None] = self.process.display.line
        self.drained: threading.Event = threading.Event()
        # The client keeps such a message until the service has acknowledged it, and sends it once
        # more after a broken connection.
        self.send_options: SendOptionsDict = {"qos": mqlight.QOS_AT_LEAST_ONCE}
        if options.message_ttl is not None:
            self.send_options["ttl"] = milliseconds(options.message_ttl)

    def run(self) -> None:
        """Connect and send; the client is stopped by `on_sent`."""
        payloads = self.options.payloads()
        # The constructor returns at once: the client connects on a thread of its own, from which
        # it also makes its callbacks, one at a time.
        client = mqlight.Client(
            self.options.service,
            self.options.client_id,
            self.options.security_options,
            on_state_changed=self.process.on_state_changed,
            on_drain=self.on_drain,
        )
        with client:
            if self.process.wait_started():
                self.show(f"Sending to: {self.options.topic}")
                self.send_all(client, payloads)
            client.wait_stopped()

    def send_all(self, client: mqlight.Client, payloads: Sequence[str | bytes]) -> None:
        """Send as fast as the service takes the messages, or with the delay asked for."""
        for data in self.messages(payloads):
            try:
                more = client.send(self.options.topic, data, self.send_options, self.on_sent)
            except mqlight.StoppedError:
                return  # a signal has stopped the client, or a problem that was reported
            if not more:
                # Enough is under way. To send on would only pile up messages in memory.
                self.drained.wait()
                self.drained.clear()
            if self.options.delay and client.wait_stopped(self.options.delay):
                return

    def messages(self, payloads: Sequence[str | bytes]) -> Iterator[str | bytes]:
        """Yield what to send, round after round."""
        numbers = itertools.count(1)
        rounds = range(self.options.repeat) if self.options.repeat > 0 else itertools.repeat(0)
        for _ in rounds:
            for data in payloads:
                text = isinstance(data, str)
                yield f"{next(numbers)}: {data!s}" if text and self.options.sequence else data

    def on_drain(self, client: mqlight.Client) -> None:
        """Go on: the backlog is small again, or the client has stopped."""
        self.drained.set()

    def on_sent(
        self,
        client: mqlight.Client,
        error: Exception | None,
        topic: str,
        data: object,
        options: object,
    ) -> None:
        """One message is finished: the service has acknowledged it, or it failed."""
        if error is not None:
            self.process.fail(f"Problem with send request: {error}")
            return
        self.acknowledged += 1
        if self.options.verbose:
            details = describe({"topic": topic, "options": options})
            self.show(f"# sent message ({self.acknowledged})", preview(data), *details)
        else:
            self.show(preview(data))
        if self.acknowledged == self.to_send:
            client.stop()


if __name__ == "__main__":
    sys.exit(main())
