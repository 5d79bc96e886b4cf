"""What is asked for by an ATTACH: mqlight-protocol.md §4.2, §9.3, §9.5."""

from __future__ import annotations

import pytest
from devserver_wire import Composite, Frame, Raw, Symbol, UByte, UInt, frame
from devserver_world import MIXED, SETTLED, UNSETTLED, Client, World, receiver, sender

from mqlight_devserver.settings import Settings


@pytest.fixture
def client(world: World) -> Client:
    return world.connect("c")


def attach(client: Client, attach: Composite) -> list[Frame]:
    client.send(frame(attach))
    return client.take()


def refusal_of(found: list[Frame]) -> Composite:
    """A refusal is an ATTACH without termini and a DETACH that closes: N2 waits for both."""
    attached, detached = found
    assert (attached.kind, detached.kind) == ("attach", "detach")
    assert attached["source"] is None
    assert attached["target"] is None
    assert detached["closed"] is True
    error = detached["error"]
    assert isinstance(error, Composite)
    assert error["description"]
    return error


@pytest.mark.parametrize("mode", [SETTLED, UNSETTLED, MIXED])
@pytest.mark.parametrize(
    "address", ["private:a/#", "share:s:a/#", "share:s:a:b", "share::a", "a/b", "private:ä b"]
)
def test_a_subscription_is_answered_by_its_own_words(
    client: Client, address: str, mode: UByte
) -> None:
    asked = receiver(address, handle=0, mode=mode, timeout=60)
    (attached,) = attach(client, asked)
    assert attached["name"] == address
    assert attached["role"] is False
    assert attached["snd_settle_mode"] == mode
    assert attached["rcv_settle_mode"] == 0
    assert attached["initial_delivery_count"] == 0
    for end in ("source", "target"):
        terminus = attached[end]
        assert isinstance(terminus, Composite)
        assert terminus["address"] == address
        assert terminus["timeout"] == 60
        assert terminus["expiry_policy"] == "link-detach"


def test_a_publisher_is_answered_by_its_own_words_and_gets_credit(client: Client) -> None:
    attached, flow = attach(client, sender("a/b", handle=3, name="a/b_uuid"))
    assert attached["name"] == "a/b_uuid"
    assert attached["role"] is True
    for end in ("source", "target"):
        terminus = attached[end]
        assert isinstance(terminus, Composite)
        assert terminus["address"] == "a/b"
    assert flow["handle"] == attached["handle"]
    assert flow["link_credit"] == 10


def test_credit_counts_from_the_publishers_own_start(client: Client) -> None:
    _, flow = attach(client, sender("a", handle=0, count=1))
    assert (flow["delivery_count"], flow["link_credit"]) == (1, 10)


def test_the_largest_message_is_announced(client: Client) -> None:
    attached, _ = attach(client, sender("a", handle=0))
    assert attached["max_message_size"] == 100 * 1024 * 1024


def test_settling_second_is_not_offered(client: Client) -> None:
    asked = receiver("private:a", handle=0)
    asked.fields["rcv_settle_mode"] = UByte(1)
    (attached,) = attach(client, asked)
    assert attached["rcv_settle_mode"] == 0


def test_javas_capability_for_a_share_is_redundant(world: World, client: Client) -> None:
    asked = receiver("share:s:a", handle=0)
    source = asked["source"]
    assert isinstance(source, Composite)
    source.fields["capabilities"] = Symbol("shared")
    (attached,) = attach(client, asked)
    assert attached.kind == "attach"
    assert len(world.broker._patterns.match("a")) == 1


def with_source(**fields: object) -> Composite:
    return Composite(
        "attach",
        name="x",
        handle=UInt(0),
        role=True,
        source=Composite("source", **fields) if fields else None,
    )


def with_target(target: Composite | None) -> Composite:
    return Composite(
        "attach",
        name="x",
        handle=UInt(0),
        role=False,
        target=target,
        initial_delivery_count=UInt(0),
    )


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        (with_source(), "amqp:not-allowed"),
        (with_source(address=""), "amqp:not-allowed"),
        (with_source(address="private:"), "amqp:not-allowed"),
        (with_source(address="share:s:"), "amqp:not-allowed"),
        (with_source(address="share:s"), "amqp:not-allowed"),
        (with_source(address="private:" + "a" * 10_230), "amqp:not-allowed"),
        (with_source(address="private:" + "ä" * 5115), "amqp:not-allowed"),
        (with_source(address=Raw(b"\xa1\x01\xff")), "amqp:decode-error"),
        (with_source(dynamic=True), "amqp:not-implemented"),
        (with_target(None), "amqp:not-allowed"),
        (with_target(Composite("target", address="")), "amqp:not-allowed"),
        (with_target(Composite("target", address="a" * 10_238)), "amqp:not-allowed"),
        (with_target(Composite("target", address=Raw(b"\xa1\x01\xff"))), "amqp:decode-error"),
        (with_target(Composite("target", dynamic=True)), "amqp:not-implemented"),
        (with_target(Composite("coordinator")), "amqp:not-implemented"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    client: Client, asked: Composite, condition: str
) -> None:
    assert refusal_of(attach(client, asked))["condition"] == condition


@pytest.mark.parametrize("address", ["private:" + "a" * 10_229, "private:" + "ä" * 5114])
def test_an_address_of_the_longest_kind_is_accepted(client: Client, address: str) -> None:
    (attached,) = attach(client, receiver(address, handle=0))
    assert attached["name"] == address


def test_a_destination_ttl_of_thirty_days_is_accepted(client: Client) -> None:
    (attached,) = attach(client, receiver("private:a", handle=0, timeout=30 * 24 * 3600))
    assert attached.kind == "attach"


def test_a_longer_destination_ttl_is_refused_in_words_that_every_client_knows(
    client: Client,
) -> None:
    asked = receiver("private:a", handle=0, timeout=30 * 24 * 3600 + 1)
    error = refusal_of(attach(client, asked))
    assert error["condition"] == "amqp:precondition-failed"
    assert "_InvalidSourceTimeout" in str(error["description"])


def test_after_a_refusal_the_same_link_may_be_asked_for_again(client: Client) -> None:
    asked = receiver("private:a", handle=0, timeout=2**32 - 1)
    refusal_of(attach(client, asked))
    client.detach(0)
    client.take()
    (attached,) = attach(client, receiver("private:a", handle=0))
    assert attached.kind == "attach"


def test_a_refusal_leaves_other_links_alone(world: World, client: Client) -> None:
    client.subscribe("private:a", handle=0)
    client.take()
    asked = with_source(address="")
    asked.fields["handle"] = UInt(1)
    refusal_of(attach(client, asked))
    publisher = world.connect("p")
    publisher.publish_to("a")
    publisher.publish("x")
    assert client.bodies() == ["x"]


def test_a_connection_has_so_many_links_and_no_more(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "max_links", 2)
    for handle in (1, 2):
        attach(client, sender(f"t{handle}", handle=handle))
    error = refusal_of(attach(client, sender("t3", handle=3)))
    assert error["condition"] == "amqp:resource-limit-exceeded"
    client.detach(2)
    client.take()
    answered, *_ = attach(client, sender("t4", handle=4))
    assert answered["target"] is not None
