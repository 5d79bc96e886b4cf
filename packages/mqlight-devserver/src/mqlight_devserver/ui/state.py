"""A snapshot as the JSON that the page reads."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from mqlight_devserver.ui.preview import preview

if TYPE_CHECKING:
    from mqlight_devserver.broker import Recent
    from mqlight_devserver.snapshot import ClientState, DestinationState, Snapshot, TopicState

__all__ = ["encode_state"]

_LONGEST_NAME: Final = 200
_PREVIEW: Final = 160


def encode_state(snapshot: Snapshot) -> bytes:
    """Encode in ASCII; times are in seconds, sizes in bytes.

    Names longer than 200 characters are cut, and end with a digest that tells them apart.
    """
    state = {
        "uptime": round(snapshot.uptime, 3),
        "totals": {
            "received": snapshot.received,
            "received_bytes": snapshot.received_bytes,
            "delivered": snapshot.delivered,
            "rejected": snapshot.rejected,
            "expired": snapshot.expired,
            "waiting": snapshot.waiting,
            "waiting_bytes": snapshot.waiting_bytes,
            "unsettled": snapshot.unsettled,
            "topics": snapshot.topic_count,
            "more_topics": snapshot.more_topics,
            "destinations": snapshot.destination_count,
            "clients": snapshot.client_count,
        },
        "topics": [_topic(one) for one in snapshot.topics],
        "destinations": [_destination(one) for one in snapshot.destinations],
        "clients": [_client(one) for one in snapshot.clients],
        "messages": [_message(one, snapshot.now) for one in snapshot.recent],
    }
    return json.dumps(state, separators=(",", ":")).encode("ascii")


def _topic(topic: TopicState) -> dict[str, Any]:
    return {
        "topic": _short(topic.topic),
        "messages": topic.messages,
        "bytes": topic.bytes,
        "destinations": topic.destinations,
    }


def _destination(destination: DestinationState) -> dict[str, Any]:
    left = destination.deleted_in
    return {
        "pattern": _short(destination.pattern),
        "share": _short(destination.share),
        "client": destination.client_id,
        "ttl": destination.ttl,
        "deleted_in": None if left is None else round(left, 1),
        "consumers": destination.consumers,
        "waiting": destination.waiting,
        "waiting_bytes": destination.waiting_bytes,
        "unsettled": destination.unsettled,
        "delivered": destination.delivered,
    }


def _client(client: ClientState) -> dict[str, Any]:
    return {
        "client": client.client_id,
        "user": _short(client.user),
        "address": client.address,
        "connected_for": round(client.connected_for, 1),
        "tls": client.tls,
        "sent": client.sent,
        "received": client.received,
        "publishes": [
            {"topic": _short(link.topic), "messages": link.messages} for link in client.publications
        ],
        "subscribes": [
            {
                "pattern": _short(link.pattern),
                "share": _short(link.share),
                "messages": link.messages,
            }
            for link in client.subscriptions
        ],
        "subscriptions": client.subscription_count,
    }


def _message(message: Recent, now: float) -> dict[str, Any]:
    shown = preview(message.beginning, _PREVIEW)
    return {
        "number": message.number,
        "ago": round(now - message.at, 3),
        "topic": _short(message.topic),
        "size": message.size,
        "kind": shown.kind,
        "preview": shown.text,
        "whole": shown.whole,
    }


def _short(name: str | None) -> str | None:
    if name is None or len(name) <= _LONGEST_NAME:
        return name
    digest = blake2b(name.encode(), digest_size=4).hexdigest()
    return f"{name[: _LONGEST_NAME - 10]}… {digest}"
