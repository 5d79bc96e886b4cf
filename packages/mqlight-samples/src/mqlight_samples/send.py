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

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mqlight.typing import SendOptionsDict


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    options = send_options(arguments)
    process = Process("mqlight-send")
    return process.run(lambda: Sender(options, process).run())


class Sender:
    """Sends what the command line asks for and prints each message once it is acknowledged."""

    def __init__(self, options: SendOptions, process: Process) -> None:
        self.options = options
        self.process = process
        self.payloads: list[str] | list[bytes] = options.messages
        if options.file is not None:
            self.payloads = [options.file.read_bytes()]
        self.to_send: int = max(options.repeat, 0) * len(self.payloads)  # 0: without end
        self.acknowledged: int = 0
        self.drained: threading.Event = threading.Event()
        # The client keeps such a message until the service has acknowledged it, and sends it once
        # more after a broken connection.
        self.send_options: SendOptionsDict = {"qos": mqlight.QOS_AT_LEAST_ONCE}
        if options.message_ttl is not None:
            self.send_options["ttl"] = milliseconds(options.message_ttl)

    def run(self) -> None:
        """Connect and send; the client is stopped by `on_sent`."""
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
                print(f"Sending to: {self.options.topic}")
                self.send_all(client)
            client.wait_stopped()

    def send_all(self, client: mqlight.Client) -> None:
        """Send as fast as the service takes the messages, or with the delay asked for."""
        for data in self.messages():
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

    def messages(self) -> Iterator[str | bytes]:
        """Yield what to send, round after round."""
        numbers = itertools.count(1)
        rounds = range(self.options.repeat) if self.options.repeat > 0 else itertools.repeat(0)
        for _ in rounds:
            for data in self.payloads:
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
            print(f"# sent message ({self.acknowledged})")
        print(preview(data))
        if self.options.verbose:
            print(*describe({"topic": topic, "options": options}), sep="\n")
        if self.acknowledged == self.to_send:
            client.stop()


if __name__ == "__main__":
    sys.exit(main())
