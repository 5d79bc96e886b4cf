"""Messages that reach the client: anything is data, and the reader's memory changes nothing."""

from __future__ import annotations

from mqlight._amqp.message import MessageReader


def fuzz(data: bytes) -> None:
    """Two messages, one after the other; the first byte is the length of the first."""
    size = data[0] if data else 0
    first, second = data[1 : 1 + size], data[1 + size :]
    reader = MessageReader("fallback", 1)
    reader.read(first)
    with_memory = reader.read(second)
    fresh = MessageReader("fallback", 1).read(second)
    # By their texts: a NaN is not equal to itself.
    assert repr(with_memory) == repr(fresh)
    content, message, malformed = fresh
    assert isinstance(message["topic"], str)
    assert message["qos"] == 1
    if malformed is not None:
        assert isinstance(malformed["condition"], str)
        assert content is not None
