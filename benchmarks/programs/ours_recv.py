"""Receives through `mqlight.Client`, confirming automatically."""

from __future__ import annotations

import threading

import mqlight
from programs.meter import CREDIT, TOPIC, Job, Meter, read_job
from programs.outage import end_on_error
from programs.trust import trusting

_STOP_SECONDS = 10


class Receiving:
    """Counts messages, and knows which is the first and the last of those that are measured."""

    def __init__(self, job: Job, meter: Meter) -> None:
        self._meter = meter
        self._warm_up = job.warm_up
        self._total = job.total
        self._received = 0
        self.complete = threading.Event()

    def on_message(self, _kind: str, _data: object, _delivery: object) -> None:
        """Count a message."""
        self._received += 1
        if self._received == self._warm_up:
            self._meter.begin()
        elif self._received == self._total:
            self._meter.end()
            self.complete.set()


def main() -> None:
    """Connect, subscribe, receive."""
    job = read_job(__doc__ or "")
    meter = Meter()
    receiving = Receiving(job, meter)
    with mqlight.Client(
        job.service, security_options=trusting(job), on_state_changed=end_on_error
    ) as client:
        client.subscribe(
            TOPIC, None, {"qos": job.qos, "credit": CREDIT}, None, receiving.on_message
        )
        receiving.complete.wait()
        client.stop()
        client.wait_stopped(_STOP_SECONDS)
    meter.report(job.count)


if __name__ == "__main__":
    main()
