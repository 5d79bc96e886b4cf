"""What a server does with messages: pure rules, without IO, clock, threads or AMQP.

Times come in as `now`: seconds of a clock that never goes back.  Of the rest of the package only
`message` is known here.
"""

from __future__ import annotations

from mqlight_devserver.broker.broker import Broker, Publisher
from mqlight_devserver.broker.clients import ClientRegistry
from mqlight_devserver.broker.destination import Consumer, Destination, Identity
from mqlight_devserver.broker.journal import Journal
from mqlight_devserver.broker.matching import PatternIndex
from mqlight_devserver.broker.recent import Recent, RecentMessages
from mqlight_devserver.broker.traffic import Account, Topic, Traffic

__all__ = [
    "Account",
    "Broker",
    "ClientRegistry",
    "Consumer",
    "Destination",
    "Identity",
    "Journal",
    "PatternIndex",
    "Publisher",
    "Recent",
    "RecentMessages",
    "Topic",
    "Traffic",
]
