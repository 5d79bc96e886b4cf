"""MQ Light for programs that wait: every call returns when it is done, or raises.

>>> with mqlight.blocking.Client("amqp://localhost") as client:
...     client.send("news/today", "Hello world!", timeout=10)
"""

from __future__ import annotations

from mqlight.blocking._client import Client
from mqlight.blocking._delivery import Delivery
from mqlight.blocking._subscription import Subscription

__all__ = ["Client", "Delivery", "Subscription"]

for _public in (Client, Delivery, Subscription):
    _public.__module__ = "mqlight.blocking"
del _public
