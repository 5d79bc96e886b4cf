"""Receives through `mqlight.aio.Client`, confirming automatically."""

from __future__ import annotations

import asyncio

import mqlight.aio
from programs.meter import CREDIT, TOPIC, Job, Meter, read_job
from programs.outage import end_on_error
from programs.trust import trusting


async def _measure(job: Job, meter: Meter) -> None:
    received = 0
    async with (
        mqlight.aio.Client(
            job.service, security_options=trusting(job), on_state_changed=end_on_error
        ) as client,
        client.subscribe(TOPIC, qos=job.qos, credit=CREDIT) as messages,
    ):
        async for _ in messages:
            received += 1
            if received == job.warm_up:
                meter.begin()
            elif received == job.total:
                meter.end()
                break


def main() -> None:
    """Connect, subscribe, receive."""
    job = read_job(__doc__ or "")
    meter = Meter()
    asyncio.run(_measure(job, meter))
    meter.report(job.count)


if __name__ == "__main__":
    main()
