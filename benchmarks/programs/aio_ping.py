"""Sends a message through `mqlight.aio.Client` each time that one has come back."""

from __future__ import annotations

import asyncio

import mqlight.aio
from programs.meter import BODY, TOPIC, Job, Meter, read_job
from programs.outage import end_on_error
from programs.trust import trusting


async def _measure(job: Job, meter: Meter) -> None:
    async with (
        mqlight.aio.Client(
            job.service, security_options=trusting(job), on_state_changed=end_on_error
        ) as client,
        client.subscribe(TOPIC, qos=job.qos) as messages,
    ):

        async def play(count: int) -> None:
            for _ in range(count):
                await client.send(TOPIC, BODY, qos=job.qos)
                await anext(messages)

        await play(job.warm_up)
        meter.begin()
        await play(job.count)
        meter.end()


def main() -> None:
    """Connect, warm up, measure."""
    job = read_job(__doc__ or "")
    meter = Meter()
    asyncio.run(_measure(job, meter))
    meter.report(job.count)


if __name__ == "__main__":
    main()
