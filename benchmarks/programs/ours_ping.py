"""Sends a message through `mqlight.Client` each time that one has come back."""

from __future__ import annotations

import threading

import mqlight
from programs.meter import BODY, TOPIC, Job, Meter, read_job
from programs.outage import end_on_error
from programs.trust import trusting

_STOP_SECONDS = 10


class Playing:
    """Sends from `on_message`, and knows which messages are measured."""

    def __init__(self, client: mqlight.Client, job: Job, meter: Meter) -> None:
        self._client = client
        self._options: mqlight.typing.SendOptionsDict = {"qos": job.qos}
        self._meter = meter
        self._warm_up = job.warm_up
        self._total = job.total
        self._received = 0
        self.complete = threading.Event()

    def on_message(self, _kind: str, _data: object, _delivery: object) -> None:
        """Count a message, and send the next one."""
        self._received += 1
        if self._received == self._warm_up:
            self._meter.begin()
        elif self._received == self._total:
            self._meter.end()
            self.complete.set()
            return
        self.send()

    def send(self) -> None:
        """Send a message."""
        self._client.send(TOPIC, BODY, self._options, _on_sent)


def _on_sent(
    _client: mqlight.Client,
    error: Exception | None,
    _topic: str,
    _data: object,
    _options: object,
) -> None:
    if error is not None:
        raise error


def main() -> None:
    """Connect, subscribe, play."""
    job = read_job(__doc__ or "")
    meter = Meter()
    with mqlight.Client(
        job.service, security_options=trusting(job), on_state_changed=end_on_error
    ) as client:
        playing = Playing(client, job, meter)
        client.subscribe(
            TOPIC,
            None,
            {"qos": job.qos},
            lambda *_: playing.send(),
            playing.on_message,
        )
        playing.complete.wait()
        client.stop()
        client.wait_stopped(_STOP_SECONDS)
    meter.report(job.count)


if __name__ == "__main__":
    main()
