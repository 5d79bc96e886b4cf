"""Whatever a server says, the client's connection makes events of it, and ends at most once."""

from __future__ import annotations

from typing import Final

from mqlight._amqp import _binding as pn
from mqlight._amqp.connection import AmqpConnection
from mqlight._amqp.events import Ended
from mqlight._amqp.identity import Identity
from mqlight._machine.outbox import Lane
from mqlight._machine.subscriptions import Subscription
from mqlight_core.errors import MQLightError, NetworkError
from mqlight_core.topics import Destination

from .conversations import (
    AMQP_HEADER,
    ANONYMOUS,
    FALSE,
    FIRST,
    LARGE,
    MIXED,
    NULL,
    SASL_HEADER,
    SOURCE,
    TARGET,
    TRUE,
    UNSETTLED,
    ZERO,
    composite,
    frame,
    pieces,
    small,
    text,
)

OPENING: Final = (
    SASL_HEADER
    + frame(composite(0x40, ANONYMOUS), sasl=True)
    + frame(composite(0x44, b"\x50\x00"), sasl=True)
    + AMQP_HEADER,
    # open, and begin in answer to channel 0
    frame(composite(0x10, text("server"))),
    frame(composite(0x11, b"\x60\x00\x00", ZERO, LARGE, LARGE)),
    # attach in answer to the client's receiver, and to its sender; credit for that
    frame(
        composite(
            0x12,
            text("private:news/#"),
            ZERO,
            FALSE,
            UNSETTLED,
            FIRST,
            composite(SOURCE, text("private:news/#")),
            composite(TARGET),
            NULL,
            NULL,
            ZERO,
        )
    ),
    frame(
        composite(
            0x12,
            text("news"),
            small(1),
            TRUE,
            MIXED,
            FIRST,
            composite(SOURCE),
            composite(TARGET, text("news")),
        )
    ),
    frame(composite(0x13, ZERO, LARGE, ZERO, LARGE, small(1), ZERO, small(100))),
)
MOST_ROUNDS = 50


def fuzz(data: bytes) -> None:
    """The bytes are what a server says to a client with a receiver and a sender."""
    connection = AmqpConnection(Identity("fuzz", "host", "amqp://host:5672"), 60_000)
    buffer = pn.Buffer(64 * 1024)
    try:
        connection.open_receiver(Subscription(Destination("news/#")))
        connection.open_sender(Lane("news"))
        ends = 0
        for piece in pieces(data, OPENING):
            taken = piece[: buffer.size]
            buffer.view[: len(taken)] = taken
            connection.receive(buffer, len(taken))
            ends += _go_on(connection, buffer)
        connection.receive_eof(NetworkError("the end"))
        ends += _go_on(connection, buffer)
        assert ends <= 1
    finally:
        connection.free()


def _go_on(connection: AmqpConnection, buffer: pn.Buffer) -> int:
    """Let the connection work as a driver does; tell how often it said that it has ended."""
    ends = 0
    for _ in range(MOST_ROUNDS):
        events = connection.process()
        for event in events:
            if isinstance(event, Ended):
                ends += 1
                assert event.error is None or isinstance(event.error, MQLightError)
        connection.output(buffer)
        connection.tick(1000)
        if not events:
            break
    return ends
