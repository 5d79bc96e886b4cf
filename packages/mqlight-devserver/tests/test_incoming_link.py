"""Publishing: mqlight-protocol.md §3.3, §3.7, §9.4."""

from __future__ import annotations

import pytest
from devserver_wire import Composite, Frame, UInt, decode, frame, message, sections
from devserver_world import Client, World


def state_of(disposition: Frame) -> Composite:
    assert disposition.kind == "disposition"
    assert disposition["role"] is True
    assert disposition["settled"] is True
    state = disposition["state"]
    assert isinstance(state, Composite)
    return state


def test_an_unsettled_transfer_is_settled_as_accepted(publisher: Client) -> None:
    publisher.publish(settled=False)
    disposition = publisher.only("disposition")
    assert state_of(disposition).kind == "accepted"
    assert (disposition["first"], disposition["last"]) in [(0, None), (0, 0)]


def test_a_settled_transfer_is_not_answered(publisher: Client, watcher: Client) -> None:
    publisher.publish(settled=True)
    assert publisher.take() == []
    assert watcher.bodies() == ["hello"]


def test_transfers_of_one_read_are_settled_as_one_range(publisher: Client) -> None:
    batch = [frame(publisher.transfer(), message(str(number))) for number in range(20)]
    publisher.send(*batch)
    (disposition,) = [frame for frame in publisher.take() if frame.kind == "disposition"]
    assert (disposition["first"], disposition["last"]) == (0, 19)


def test_messages_keep_their_order(publisher: Client, watcher: Client) -> None:
    texts = [str(number) for number in range(700)]
    publisher.send(*(frame(publisher.transfer(), message(text)) for text in texts))
    assert watcher.bodies() == texts


def test_the_topic_is_the_links_address_not_the_to(world: World, publisher: Client) -> None:
    other = world.connect("o")
    other.subscribe("private:elsewhere")
    here = world.connect("h")
    here.subscribe("private:a/b")
    publisher.publish(message("x", to="amqp://h/elsewhere"))
    assert other.bodies() == []
    assert here.bodies() == ["x"]


def test_the_body_and_all_else_arrive_as_they_were_sent(publisher: Client, watcher: Client) -> None:
    sent = (
        message(b"\x00\xff", durable=True) + b"\x00\x53\x78\xc1\x01\x00"  # an empty footer
    )
    publisher.publish(sent)
    (arrived,) = watcher.transfers()
    assert arrived.payload == sent


@pytest.mark.parametrize("pieces", [2, 3, 50])
def test_a_message_in_several_frames_is_one_message(
    publisher: Client, watcher: Client, pieces: int
) -> None:
    payload = message("x" * 100_000)
    size = -(-len(payload) // pieces)
    first = publisher.transfer(more=True)
    for at in range(0, len(payload), size):
        more = at + size < len(payload)
        part = first if at == 0 else Composite("transfer", handle=UInt(1), more=more)
        publisher.send(frame(part, payload[at : at + size]))
    assert watcher.bodies() == ["x" * 100_000]
    assert state_of(publisher.only("disposition")).kind == "accepted"


def test_nodes_continuation_frames_repeat_the_delivery_id_and_tag(
    publisher: Client, watcher: Client
) -> None:
    payload = message("x" * 100)
    part = publisher.transfer(more=True)
    last = Composite("transfer", **(part.fields | {"more": False}))
    publisher.send(frame(part, payload[:50]), frame(last, payload[50:]))
    publisher.publish("next")
    assert watcher.bodies() == ["x" * 100, "next"]


def test_frames_of_several_links_may_be_mixed(publisher: Client, watcher: Client) -> None:
    """The engine then reports one message twice, of which the second report is stale."""
    publisher.publish_to("c", handle=2)
    payloads = [message(name * 50) for name in "abcd"]
    parts = [publisher.transfer(handle=1, more=True), publisher.transfer(handle=2, more=True)]
    again = [Composite("transfer", handle=UInt(handle)) for handle in (1, 2)]
    publisher.send(
        frame(parts[0], payloads[0][:40]),
        frame(parts[1], payloads[1][:40]),
        frame(again[0], payloads[0][40:]),
        frame(again[1], payloads[1][40:]),
        frame(publisher.transfer(handle=1), payloads[2]),
        frame(publisher.transfer(handle=2), payloads[3]),
    )
    assert watcher.bodies() == ["a" * 50, "b" * 50, "c" * 50, "d" * 50]


def test_an_aborted_message_is_none(publisher: Client, watcher: Client) -> None:
    publisher.send(frame(publisher.transfer(more=True), message("x")[:20]))
    publisher.send(frame(Composite("transfer", handle=UInt(1), aborted=True)))
    publisher.publish("next")
    assert watcher.bodies() == ["next"]


def test_a_message_that_never_ends_goes_with_its_link(publisher: Client, watcher: Client) -> None:
    publisher.send(frame(publisher.transfer(more=True), message("x")[:20]))
    publisher.detach(1)
    publisher.drop()
    assert watcher.take() == []


@pytest.mark.parametrize("size", [32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, 200_000])
def test_messages_around_and_beyond_the_size_of_the_buffer(
    publisher: Client, watcher: Client, size: int
) -> None:
    overhead = len(message(""))
    publisher.publish(message("x" * (size - overhead)))
    publisher.publish(message("y" * (size - overhead)))
    assert watcher.bodies() == ["x" * (size - overhead), "y" * (size - overhead)]


def test_what_is_not_a_message_is_rejected_with_a_reason(
    publisher: Client, watcher: Client
) -> None:
    publisher.publish(b"garbage")
    state = state_of(publisher.only("disposition"))
    assert state.kind == "rejected"
    error = state["error"]
    assert isinstance(error, Composite)
    assert error["condition"] == "amqp:decode-error"
    assert error["description"]
    publisher.publish("next")
    assert watcher.bodies() == ["next"]


class TestTooLarge:
    @pytest.fixture
    def world(self) -> World:
        return World(max_message_size=1000, credit=4)

    def rejected(self, publisher: Client) -> bool:
        (disposition, *_) = [f for f in publisher.take() if f.kind == "disposition"]
        state = state_of(disposition)
        if state.kind == "rejected":
            error = state["error"]
            assert isinstance(error, Composite)
            assert error["condition"] == "amqp:link:message-size-exceeded"
            assert "1000 bytes" in str(error["description"])
        return state.kind == "rejected"

    def test_the_limit_itself_is_allowed(self, publisher: Client, watcher: Client) -> None:
        publisher.publish(message("x" * (1000 - len(message("")))))
        assert not self.rejected(publisher)
        assert len(watcher.transfers()) == 1

    def test_one_byte_more_is_rejected(self, publisher: Client, watcher: Client) -> None:
        publisher.publish(message("x" * (1001 - len(message("")))))
        assert self.rejected(publisher)
        assert watcher.take() == []

    def test_a_large_message_after_a_small_one_of_its_kind_is_rejected(
        self, publisher: Client, watcher: Client
    ) -> None:
        publisher.publish("small")
        publisher.take()
        publisher.publish("x" * 1000)
        assert self.rejected(publisher)
        assert watcher.bodies() == ["small"]

    def test_a_long_message_is_rejected_before_all_of_it_has_come(
        self, publisher: Client, watcher: Client
    ) -> None:
        publisher.send(frame(publisher.transfer(more=True), message("x" * 900)))
        assert publisher.take() == []
        publisher.send(frame(Composite("transfer", handle=UInt(1), more=True), b"x" * 500))
        assert self.rejected(publisher)
        publisher.send(frame(Composite("transfer", handle=UInt(1), more=True), b"x" * 500))
        publisher.send(frame(Composite("transfer", handle=UInt(1)), b"x" * 500))
        publisher.publish("next")
        assert watcher.bodies() == ["next"]

    def test_rejected_messages_use_up_credit_and_give_it_back(self, publisher: Client) -> None:
        for _ in range(10):
            publisher.publish(message("x" * 2000))
        flows = [frame for frame in publisher.take() if frame.kind == "flow"]
        assert flows[-1]["delivery_count"] == 10
        assert flows[-1]["link_credit"] == 4


def test_detaching_is_answered_in_kind(publisher: Client) -> None:
    publisher.detach(1, closed=True)
    assert publisher.only("detach")["closed"] is True
    publisher.publish_to("a/b", handle=1)
    publisher.take()
    publisher.detach(1, closed=False)
    assert publisher.only("detach")["closed"] in (None, False)


def test_a_message_without_a_body_arrives_as_an_empty_text(
    publisher: Client, watcher: Client
) -> None:
    """§9.7, 5: Node's empty string."""
    publisher.publish(message("x")[: -len(b"\x00\x53\x77\xb1\x00\x00\x00\x01x")])
    assert watcher.bodies() == [""]


def test_a_message_without_header_and_content_type_arrives_with_a_header(
    publisher: Client, watcher: Client
) -> None:
    """§9.7, 5: Java's text."""
    encoded = b"\x00\x53\x73\xc0\x10\x03\x40\x40\xa1\x0bamqp:///a/b" + b"\x00\x53\x77\xa1\x01x"
    publisher.publish(encoded)
    (transfer,) = watcher.transfers()
    found = sections(transfer.payload)
    assert [kind for kind, _ in found] == ["header", "properties", 0x77]
    assert transfer.payload.endswith(encoded)


@pytest.mark.parametrize("to", ["amqp:///a/b", "amqp://h:5672/a/b", "amqps://h:5671/a/b"])
def test_every_form_of_to_goes_through(publisher: Client, watcher: Client, to: str) -> None:
    """§9.7, 13."""
    publisher.publish(message(to=to))
    (transfer,) = watcher.transfers()
    properties = dict(sections(transfer.payload))["properties"]
    assert isinstance(properties, Composite)
    assert properties["to"] == to


def test_wildcards_in_a_topic_are_literal(world: World) -> None:
    watcher, publisher = world.connect("w"), world.connect("p")
    watcher.subscribe("private:a/b", handle=0)
    watcher.subscribe("private:a/+", handle=1)
    publisher.publish_to("a/#")
    publisher.publish("x")
    assert [transfer["handle"] for transfer in watcher.transfers()] == [1]


def test_a_disposition_of_the_sender_for_a_settled_message_is_ignored(
    publisher: Client, watcher: Client
) -> None:
    publisher.send(
        frame(publisher.transfer(), message("one")),
        frame(publisher.transfer(), message("two")),
        frame(Composite("disposition", role=False, first=UInt(0), last=UInt(1), settled=True)),
        frame(publisher.transfer(), message("three")),
    )
    assert watcher.bodies() == ["one", "two", "three"]


def test_the_wire_helper_reads_what_it_writes() -> None:
    encoded = message("hello", durable=True)
    at = 0
    while at < len(encoded):
        _, at = decode(encoded, at)
    assert at == len(encoded)
