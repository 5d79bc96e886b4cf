"""Sends through `mqlight.aio.Client`: one coroutine at quality of service 0, many at 1."""

from __future__ import annotations

import asyncio

import mqlight.aio
from programs.meter import BODY, TOPIC, Job, Meter, read_job
from programs.outage import end_on_error
from programs.trust import trusting

_COROUTINES = 500
"""At quality of service 1 each waits for its message, so many are under way."""


async def _send(client: mqlight.aio.Client, count: int, qos: int) -> None:
    for _ in range(count):
        await client.send(TOPIC, BODY, qos=qos)


async def _send_all(client: mqlight.aio.Client, count: int, qos: int) -> None:
    if qos == 0:
        await _send(client, count, 0)
        return
    each, more = divmod(count, _COROUTINES)
    async with asyncio.TaskGroup() as group:
        for number in range(_COROUTINES):
            group.create_task(_send(client, each + (number < more), 1))


async def _measure(job: Job, meter: Meter) -> None:
    client = mqlight.aio.Client(
        job.service, security_options=trusting(job), on_state_changed=end_on_error
    )
    async with client:
        await _send_all(client, job.warm_up, job.qos)
        meter.begin()
        await _send_all(client, job.count, job.qos)
        meter.end()


def main() -> None:
    """Connect, warm up, measure."""
    job = read_job(__doc__ or "")
    meter = Meter()
    asyncio.run(_measure(job, meter))
    meter.report(job.count)


if __name__ == "__main__":
    main()
