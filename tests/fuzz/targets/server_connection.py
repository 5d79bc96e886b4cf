"""Whatever a client says, the server answers, refuses or hangs up, and serves the others."""

from __future__ import annotations

from typing import Final

from mqlight_devserver._binding import Buffer
from mqlight_devserver.broker import Broker, ClientRegistry
from mqlight_devserver.connection import Connection
from mqlight_devserver.settings import Settings

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
    SASL_HEADER + frame(composite(0x41, ANONYMOUS), sasl=True) + AMQP_HEADER,
    # open, and begin
    frame(composite(0x10, text("client"))),
    frame(composite(0x11, NULL, ZERO, LARGE, LARGE)),
    # attach of a sender to "t", and of a receiver of "private:t"; credit for that
    frame(
        composite(
            0x12,
            text("s"),
            ZERO,
            FALSE,
            MIXED,
            FIRST,
            composite(SOURCE),
            composite(TARGET, text("t")),
            NULL,
            NULL,
            ZERO,
        )
    ),
    frame(
        composite(
            0x12,
            text("r"),
            small(1),
            TRUE,
            UNSETTLED,
            FIRST,
            composite(SOURCE, text("private:t")),
            composite(TARGET),
        )
    ),
    frame(composite(0x13, ZERO, LARGE, ZERO, LARGE, small(1), ZERO, small(100))),
)
NOW = 1000.0
MOST_ROUNDS = 50


def fuzz(data: bytes) -> None:
    """The bytes are what a client says."""
    broker = Broker(Settings.max_queued_bytes)
    clients: ClientRegistry[Connection] = ClientRegistry()
    connection = Connection("fuzz", Settings(), broker, clients, lambda _: None)
    buffer = Buffer(64 * 1024)
    try:
        for piece in pieces(data, OPENING):
            connection.receive(piece, NOW)
            for _ in range(MOST_ROUNDS):
                broker.deliver(NOW)
                if not connection.fill(buffer):
                    break
                connection.written()
            if connection.finished:
                break
        connection.receive_eof(NOW)
        connection.fill(buffer)
    finally:
        connection.free(NOW)
