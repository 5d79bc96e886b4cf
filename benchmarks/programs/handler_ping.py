"""Sends a message through `MessagingHandler` each time that one has come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proton import Message
from proton.handlers import MessagingHandler
from proton.reactor import AtLeastOnce, AtMostOnce, Container

from programs.handler_trust import trusting_domain
from programs.meter import BODY, CREDIT, TOPIC, Job, Meter, read_job

if TYPE_CHECKING:
    from proton import Event, Sender


class Playing(MessagingHandler):
    """Sends the first message when it may, and the next from `on_message`."""

    def __init__(self, job: Job, meter: Meter) -> None:
        super().__init__(prefetch=CREDIT)
        self._job = job
        self._meter = meter
        self._received = 0
        self._sender: Sender | None = None
        self._begun = False

    def on_start(self, event: Event) -> None:
        """Connect."""
        connection = event.container.connect(
            self._job.service,
            reconnect=False,
            allowed_mechs="ANONYMOUS",
            ssl_domain=trusting_domain(self._job),
        )
        event.container.create_receiver(connection, TOPIC, options=self._options())
        self._sender = event.container.create_sender(connection, TOPIC, options=self._options())

    def _options(self) -> AtLeastOnce | AtMostOnce:
        return AtLeastOnce() if self._job.qos else AtMostOnce()

    def on_sendable(self, _event: Event) -> None:
        """Begin."""
        if not self._begun:
            self._begun = True
            self._send()

    def _send(self) -> None:
        if self._sender is not None:
            self._sender.send(
                Message(address=f"amqp:///{TOPIC}", content_type="text/plain", body=BODY)
            )

    def on_message(self, event: Event) -> None:
        """Count a message, and send the next one."""
        self._received += 1
        if self._received == self._job.warm_up:
            self._meter.begin()
        elif self._received == self._job.total:
            self._meter.end()
            if event.connection is not None:
                event.connection.close()
            return
        self._send()


def main() -> None:
    """Run the handler in a container."""
    job = read_job(__doc__ or "")
    meter = Meter()
    Container(Playing(job, meter)).run()
    meter.report(job.count)


if __name__ == "__main__":
    main()
