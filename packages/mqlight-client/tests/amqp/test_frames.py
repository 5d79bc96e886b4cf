from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight._amqp.connection import AmqpConnection
from mqlight._amqp.frames import PERFORMATIVES, FrameReader, describe_frame
from mqlight._amqp.identity import Identity
from mqlight._amqp.values import (
    encode_binary,
    encode_list,
    encode_string,
    encode_symbol,
    encode_uint,
)
from mqlight._log.levels import FRAMES
from mqlight._machine.subscriptions import Subscription
from mqlight_core.topics import Destination

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server_peer import ServerPeer

CANARY = b"canary-secret"
NULL = b"\x40"
TRUE = b"\x41"


def described(code: int, value: bytes) -> bytes:
    return bytes((0x00, 0x53, code)) + value


def frame(body: bytes, kind: int = 0, channel: int = 0) -> bytes:
    size = (8 + len(body)).to_bytes(4, "big")
    return size + bytes((2, kind)) + channel.to_bytes(2, "big") + body


def performative(code: int, *fields: bytes) -> bytes:
    return described(code, encode_list(*fields))


def lines(*pieces: bytes) -> list[str]:
    reader = FrameReader()
    return [line for piece in pieces for line in reader.feed(memoryview(piece))]


@pytest.mark.parametrize(
    ("encoded", "line"),
    [
        (
            frame(performative(0x10, encode_string("server"), NULL, encode_uint(65536))),
            "channel 0: open container-id='server' max-frame-size=65536",
        ),
        (frame(performative(0x18), channel=7), "channel 7: close"),
        (
            frame(
                performative(
                    0x18,
                    described(
                        0x1D, encode_list(encode_symbol("amqp:not-allowed"), encode_string("no"))
                    ),
                )
            ),
            "channel 0: close error=error['amqp:not-allowed', 'no']",
        ),
        (
            frame(performative(0x15, TRUE, encode_uint(1), NULL, TRUE, described(0x26, b"\x45"))),
            "channel 0: disposition role=True first=1 settled=True state=released[]",
        ),
        (
            frame(performative(0x44, b"\x50\x01"), kind=1),
            "SASL: sasl-outcome code=1",
        ),
        (frame(b""), "channel 0: empty frame"),
        (frame(b"\x00\x53\x99\x45"), "channel 0: 12 bytes that can not be read"),
        (frame(b"\x41"), "channel 0: 9 bytes that can not be read"),
        (b"AMQP\x03\x01\x00\x00", "protocol header 3 1.0.0"),
    ],
)
def test_a_frame_is_a_line(encoded: bytes, line: str) -> None:
    assert lines(encoded) == [line]


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize(
    "body",
    [
        performative(0x41, encode_symbol("PLAIN"), encode_binary(b"\0user\0" + CANARY)),
        performative(0x42, encode_binary(CANARY)),
        performative(0x43, encode_binary(CANARY)),
        performative(0x44, b"\x50\x00", encode_binary(CANARY)),
    ],
)
def test_the_secrets_of_sasl_are_not_shown(body: bytes, kind: int) -> None:
    [line] = lines(frame(body, kind))
    assert "=********" in line
    assert CANARY.decode() not in line


def test_a_payload_is_cut_to_100_bytes() -> None:
    transfer = performative(0x14, encode_uint(0))
    [line] = lines(frame(transfer + b"x" * 5000))
    assert line == f"channel 0: transfer handle=0 payload of 5000 bytes: b'{'x' * 100}'..."


def test_a_frame_larger_than_what_is_kept_is_passed_over() -> None:
    transfer = performative(0x14, encode_uint(0))
    first = frame(transfer + b"y" * 200_000)
    pieces = [first[at : at + 10_000] for at in range(0, len(first), 10_000)]
    shown = lines(*pieces, frame(performative(0x18)))
    assert [line[:45] for line in shown] == [
        "channel 0: transfer handle=0 payload of 20000",
        "channel 0: close",
    ]


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n", b"\0\0\0\x07" + b"x" * 20])
def test_a_peer_that_speaks_something_else_is_shown_once(said: bytes) -> None:
    assert lines(said, said) == [f"bytes that are no frame: {said!r}"]


@given(st.binary(max_size=300), st.integers(1, 7))
def test_frames_come_out_alike_in_whatever_pieces_they_came(noise: bytes, size: int) -> None:
    whole = frame(performative(0x18)) + frame(noise) + frame(b"") + b"AMQP\0\1\0\0"
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert lines(*pieces) == lines(whole)


@given(st.sampled_from(sorted(PERFORMATIVES)), st.binary(max_size=200))
def test_no_bytes_break_the_log(code: int, noise: bytes) -> None:
    assert describe_frame(frame(described(code, noise)), 11 + len(noise))
    assert len(lines(frame(noise))) == 1
    list(FrameReader().feed(memoryview(noise)))


def frames_of(records: Sequence[logging.LogRecord]) -> list[str]:
    return [record.getMessage() for record in records if record.name == "mqlight.frames"]


def test_a_connection_shows_its_frames_when_asked(
    peer: ServerPeer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(FRAMES, "mqlight.frames"):
        connection = AmqpConnection(Identity("client-1", "host", "amqp://host:5672"), 0)
        peer.talk(connection)
        connection.open_receiver(Subscription(Destination("news")))
        peer.talk(connection)
    connection.free()

    shown = frames_of(caplog.records)
    assert "sent SASL: sasl-init mechanism='ANONYMOUS' initial-response=********" in shown
    assert any(line.startswith("received channel 0: open container-id='server'") for line in shown)
    assert any(line.startswith("sent channel 0: attach name='private:news'") for line in shown)


def test_a_connection_shows_no_frames_at_debug(
    peer: ServerPeer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "mqlight"):
        connection = AmqpConnection(Identity("client-1", "host", "amqp://host:5672"), 0)
        peer.talk(connection)
    connection.free()

    assert frames_of(caplog.records) == []
    assert [record.getMessage() for record in caplog.records] == [
        "amqp://host:5672: SASL ANONYMOUS: accepted",
        "amqp://host:5672: open from container 'server', max-frame-size 32768, idle-time-out 0 ms",
        "amqp://host:5672: session begun, handle-max 2147483647",
    ]
