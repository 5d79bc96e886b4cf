"""Receives through python-qpid-proton's `MessagingHandler`, as its documentation shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proton.handlers import MessagingHandler
from proton.reactor import AtLeastOnce, AtMostOnce, Container

from programs.handler_trust import trusting_domain
from programs.meter import CREDIT, TOPIC, Job, Meter, read_job

if TYPE_CHECKING:
    from proton import Event


class Receiving(MessagingHandler):
    """Counts messages; the handler decodes, accepts and grants credit by itself."""

    def __init__(self, job: Job, meter: Meter) -> None:
        super().__init__(prefetch=CREDIT)
        self._job = job
        self._meter = meter
        self._received = 0

    def on_start(self, event: Event) -> None:
        """Connect."""
        connection = event.container.connect(
            self._job.service,
            reconnect=False,
            allowed_mechs="ANONYMOUS",
            ssl_domain=trusting_domain(self._job),
        )
        options = AtLeastOnce() if self._job.qos else AtMostOnce()
        event.container.create_receiver(connection, TOPIC, options=options)

    def on_message(self, event: Event) -> None:
        """Count a message, which lies decoded in `event.message`."""
        self._received += 1
        if self._received == self._job.warm_up:
            self._meter.begin()
        elif self._received == self._job.total and event.connection is not None:
            self._meter.end()
            event.connection.close()


def main() -> None:
    """Run the handler in a container."""
    job = read_job(__doc__ or "")
    meter = Meter()
    Container(Receiving(job, meter)).run()
    meter.report(job.count)


if __name__ == "__main__":
    main()
