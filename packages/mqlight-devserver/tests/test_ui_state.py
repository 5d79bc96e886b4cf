"""The JSON that the page reads."""

from __future__ import annotations

import json
from typing import Any

from devserver_world import Client, World

from mqlight_devserver.ui.state import encode_state


def state_of(world: World) -> Any:
    return json.loads(encode_state(world.snapshot()))


def test_it_says_what_the_snapshot_says(world: World, publisher: Client) -> None:
    receiver = world.connect("r")
    receiver.subscribe("share:s:a/+", timeout=60)
    publisher.publish("hello")
    world.wait(2)
    state = state_of(world)
    size = state["totals"]["received_bytes"]
    assert state == {
        "uptime": 2,
        "totals": {
            "received": 1, "received_bytes": size, "delivered": 1, "rejected": 0, "expired": 0,
            "waiting": 0, "waiting_bytes": 0, "unsettled": 1, "topics": 1,
            "more_topics": False, "destinations": 1, "clients": 2,
        },
        "topics": [{"topic": "a/b", "messages": 1, "bytes": size, "destinations": [0]}],
        "destinations": [
            {
                "pattern": "a/+", "share": "s", "client": None, "ttl": 60, "deleted_in": None,
                "consumers": 1, "waiting": 0, "waiting_bytes": 0, "unsettled": 1, "delivered": 1,
            },
        ],
        "clients": [
            {
                "client": "p", "user": None, "address": "test", "connected_for": 2, "tls": False,
                "sent": 1, "received": 0, "publishes": [{"topic": "a/b", "messages": 1}],
                "subscribes": [], "subscriptions": 0,
            },
            {
                "client": "r", "user": None, "address": "test", "connected_for": 2, "tls": False,
                "sent": 0, "received": 1, "publishes": [],
                "subscribes": [{"pattern": "a/+", "share": "s", "messages": 1}],
                "subscriptions": 1,
            },
        ],
        "messages": [
            {
                "number": 1, "ago": 2, "topic": "a/b", "size": size, "kind": "text",
                "preview": "hello", "whole": True,
            },
        ],
    }  # fmt: skip


def test_it_is_ascii_whatever_clients_send(world: World) -> None:
    client = world.connect("c")
    client.publish_to('</script>ä\u2028\u202e"')
    client.publish("<!-- \x00 😀")
    encoded = encode_state(world.snapshot())
    assert encoded.isascii()
    state = json.loads(encoded)
    assert state["topics"][0]["topic"] == '</script>ä\u2028\u202e"'
    assert state["messages"][0]["preview"] == "<!-- \x00 😀"


def test_long_names_are_cut_and_stay_different(world: World) -> None:
    client = world.connect("c")
    for place, end in enumerate("xy"):
        client.publish_to("t" * 5000 + end, handle=place)
        client.publish(handle=place)
    first, second = (topic["topic"] for topic in state_of(world)["topics"])
    assert first != second
    assert len(first) == len(second) < 210
    links = state_of(world)["clients"][0]["publishes"]
    assert [link["topic"] for link in links] == [first, second]


def test_a_client_with_very_many_links_is_shown_with_some(world: World) -> None:
    client = world.connect("c")
    for number in range(150):
        client.subscribe(f"private:{number}", handle=number)
    (shown,) = state_of(world)["clients"]
    assert (len(shown["subscribes"]), shown["subscriptions"]) == (100, 150)


def test_no_password_is_in_it() -> None:
    world = World(users={"bob": "swordfish"})
    client = world.client()
    client.log_in("PLAIN", b"\0bob\0swordfish")
    client.open("c")
    encoded = encode_state(world.snapshot())
    assert b"bob" in encoded
    assert b"swordfish" not in encoded
