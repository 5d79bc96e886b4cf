"""Sends through python-qpid-proton's `MessagingHandler`, as its documentation shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proton import Message
from proton.handlers import MessagingHandler
from proton.reactor import AtLeastOnce, AtMostOnce, Container

from programs.handler_trust import trusting_domain
from programs.meter import BODY, TOPIC, Job, Meter, read_job

if TYPE_CHECKING:
    from proton import Event, Sender


class Sending(MessagingHandler):
    """Sends while there is credit.

    At quality of service 1 every acknowledgement is counted.  At 0 there is none, and the work is
    complete when the peer has answered our close, which stands behind the last message.
    """

    def __init__(self, job: Job, meter: Meter) -> None:
        super().__init__()
        self._job = job
        self._meter = meter
        self._limit = job.warm_up
        self._sent = 0
        self._accepted = 0

    def on_start(self, event: Event) -> None:
        """Connect."""
        connection = event.container.connect(
            self._job.service,
            reconnect=False,
            allowed_mechs="ANONYMOUS",
            ssl_domain=trusting_domain(self._job),
        )
        options = AtLeastOnce() if self._job.qos else AtMostOnce()
        event.container.create_sender(connection, TOPIC, options=options)

    def on_sendable(self, event: Event) -> None:
        """Use the credit that there is.

        More credit after a warm-up at quality of service 0 shows that it has been written.
        """
        if self._job.qos == 0 and self._sent == self._job.warm_up:
            self._begin()
        if event.sender is not None:
            self._send(event.sender)

    def _begin(self) -> None:
        self._limit = self._job.total
        self._meter.begin()

    def _send(self, sender: Sender) -> None:
        while sender.credit and self._sent < self._limit:
            sender.send(Message(address=f"amqp:///{TOPIC}", content_type="text/plain", body=BODY))
            self._sent += 1
        if self._job.qos == 0 and self._sent == self._job.total:
            sender.connection.close()

    def on_accepted(self, event: Event) -> None:
        """Count a message that the peer has."""
        self._accepted += 1
        if self._accepted == self._job.warm_up:
            self._begin()
            self.on_sendable(event)
        elif self._accepted == self._job.total and event.connection is not None:
            self._meter.end()
            event.connection.close()

    def on_connection_closed(self, _event: Event) -> None:
        """Note that the peer has read everything."""
        if self._job.qos == 0:
            self._meter.end()


def main() -> None:
    """Run the handler in a container."""
    job = read_job(__doc__ or "")
    meter = Meter()
    Container(Sending(job, meter)).run()
    meter.report(job.count)


if __name__ == "__main__":
    main()
