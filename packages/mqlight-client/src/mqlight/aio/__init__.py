"""MQ Light for asyncio: the same client, awaited.

>>> async with mqlight.aio.Client("amqp://localhost") as client:
...     await client.send("news/today", "Hello world!")
"""

from __future__ import annotations

from mqlight.aio._client import Client
from mqlight.aio._delivery import Delivery
from mqlight.aio._subscription import Subscription

__all__ = ["Client", "Delivery", "Subscription"]

for _public in (Client, Delivery, Subscription):
    _public.__module__ = "mqlight.aio"
del _public
