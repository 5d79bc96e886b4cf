"""Sends through `mqlight.Client`, from the main thread."""

from __future__ import annotations

import threading

import mqlight
from programs.meter import BODY, TOPIC, Job, Meter, read_job
from programs.outage import end_on_error
from programs.trust import trusting

_STOP_SECONDS = 10


class Sending:
    """Sends spans of messages and waits until the last message of each is complete.

    At quality of service 1 every completion is counted.  At 0 only the last message of a span asks
    for `on_sent`: messages of a topic complete in order.
    """

    def __init__(self, client: mqlight.Client, job: Job, drained: threading.Event) -> None:
        self._client = client
        self._options: mqlight.typing.SendOptionsDict = {"qos": job.qos}
        self._each = job.qos == 1
        self._wait_for_drain = job.drain
        self._drained = drained
        self._left = 0
        self._complete = threading.Event()

    def send(self, count: int) -> None:
        """Send `count` messages; return when they are complete."""
        self._left = count if self._each else 1
        self._complete.clear()
        self._send(count - 1, self._on_sent if self._each else None)
        self._send(1, self._on_sent)
        self._complete.wait()

    def _send(self, count: int, on_sent: mqlight.typing.OnSent | None) -> None:
        client, options = self._client, self._options
        for _ in range(count):
            if not client.send(TOPIC, BODY, options, on_sent) and self._wait_for_drain:
                self._drained.wait()
                self._drained.clear()

    def _on_sent(
        self,
        _client: mqlight.Client,
        error: Exception | None,
        _topic: str,
        _data: object,
        _options: object,
    ) -> None:
        if error is not None:
            raise error
        self._left -= 1
        if self._left == 0:
            self._complete.set()


def main() -> None:
    """Connect, warm up, measure."""
    job = read_job(__doc__ or "")
    started, drained = threading.Event(), threading.Event()
    meter = Meter()
    with mqlight.Client(
        job.service,
        security_options=trusting(job),
        on_started=lambda _client: started.set(),
        on_state_changed=end_on_error,
        on_drain=lambda _client: drained.set(),
    ) as client:
        started.wait()
        sending = Sending(client, job, drained)
        sending.send(job.warm_up)
        meter.begin()
        sending.send(job.count)
        meter.end()
        client.stop()
        client.wait_stopped(_STOP_SECONDS)
    meter.report(job.count)


if __name__ == "__main__":
    main()
