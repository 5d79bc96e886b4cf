from __future__ import annotations

import pytest
from devserver_wire import Composite, UByte, UInt, encode, sections, value_section

from mqlight_devserver.message import Message
from mqlight_devserver.sections import Header, read_sections


def published(expires_at: float | None = None, **header: object) -> Message:
    section = encode(Composite("header", **header))
    layout = read_sections(section + value_section("x"), "t")
    return Message(1, layout.encoded, layout.header, expires_at)


def header_at(message: Message, now: float) -> dict[str, object]:
    (kind, header), *_ = sections(message.for_delivery(now))
    assert kind == "header"
    assert isinstance(header, Composite)
    return header.fields


def test_a_message_without_a_limit_is_delivered_as_it_was_encoded() -> None:
    message = published()
    assert message.for_delivery(5.0) is message.encoded


def test_the_delivered_ttl_is_what_remains() -> None:
    message = published(expires_at=100.0, ttl=UInt(60_000))
    assert header_at(message, 99.0)["ttl"] == 1000
    assert header_at(message, 99.9994)["ttl"] == 1


def test_a_message_at_its_end_is_delivered_with_a_ttl_that_is_not_none() -> None:
    message = published(expires_at=100.0, ttl=UInt(60_000))
    assert header_at(message, 100.0)["ttl"] == 1


def test_a_ttl_fits_the_field_even_if_the_clock_is_behind() -> None:
    message = published(expires_at=10_000_000.0, ttl=UInt(2**32 - 1))
    assert header_at(message, 0.0)["ttl"] == 2**32 - 1


@pytest.mark.parametrize("before", [0, 3])
def test_each_failed_delivery_is_counted_on_top_of_the_publishers_count(before: int) -> None:
    message = published(delivery_count=UInt(before))
    again = message.after_failed_delivery().after_failed_delivery()
    assert header_at(again, 0.0)["delivery_count"] == before + 2


def test_a_new_header_keeps_the_publishers_durability_and_priority() -> None:
    message = published(durable=True, priority=UByte(9)).after_failed_delivery()
    assert header_at(message, 0.0)["durable"] is True
    assert header_at(message, 0.0)["priority"] == 9


def test_only_the_header_differs_in_a_later_delivery() -> None:
    message = published()
    again = message.after_failed_delivery()
    assert sections(again.for_delivery(0.0))[1:] == sections(message.encoded)[1:]


def test_a_failed_delivery_changes_neither_place_nor_end() -> None:
    message = Message(7, b"", Header(0), 50.0)
    again = message.after_failed_delivery()
    assert (again.order, again.expires_at, again.failed) == (7, 50.0, 1)
    assert message.failed == 0
