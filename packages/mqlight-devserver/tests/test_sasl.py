"""The server's SASL, byte by byte: AMQP 1.0 part 5.3, mqlight-protocol.md §1.1."""

from __future__ import annotations

from itertools import pairwise

import pytest
from devserver_wire import AMQP_HEADER, SASL_HEADER, Composite, Frame, Symbol, frame, frames
from hypothesis import given
from hypothesis import strategies as st

from mqlight_devserver.sasl import SaslServer

USERS = {"bob": "secret", "zoë": "pässword"}


def init(mechanism: str = "ANONYMOUS", response: bytes | None = b"anonymous") -> bytes:
    body = Composite(
        "sasl_init", mechanism=Symbol(mechanism), initial_response=response, hostname="localhost"
    )
    return frame(body, kind=1)


def answer(sasl: SaslServer, data: bytes) -> list[Frame]:
    return frames(sasl.receive(data))


def outcome(sasl: SaslServer, data: bytes) -> object:
    *_, last = answer(sasl, SASL_HEADER + data)
    assert last.kind == "sasl_outcome"
    return last["code"]


def test_the_header_is_echoed_and_mechanisms_are_offered_as_an_array() -> None:
    assert SaslServer({}).receive(SASL_HEADER) == SASL_HEADER + bytes.fromhex(
        "00000022 02 01 0000"  # size, data offset, SASL, channel
        "00 53 40 c0 15 01"  # sasl-mechanisms, a list of one
        "e0 12 02 a3"  # an array of two symbols
        "05 504c41494e"
        "09 414e4f4e594d4f5553"
    )
    (mechanisms,) = answer(SaslServer({}), SASL_HEADER)
    assert mechanisms["mechanisms"] == ["PLAIN", "ANONYMOUS"]


def test_with_users_only_plain_is_offered() -> None:
    (mechanisms,) = answer(SaslServer(USERS), SASL_HEADER)
    assert mechanisms["mechanisms"] == ["PLAIN"]


@pytest.mark.parametrize("trace", [b"anonymous", b"\0", b"", None, b"\xff" * 200])
def test_anonymous_is_let_in_with_any_trace(trace: bytes | None) -> None:
    sasl = SaslServer({})
    assert outcome(sasl, init("ANONYMOUS", trace)) == 0
    assert sasl.done
    assert sasl.accepted


@pytest.mark.parametrize(
    "response",
    [b"\0bob\0secret", b"bob\0bob\0secret", "\0zoë\0pässword".encode()],
    ids=["empty authzid", "authzid is the user", "not ASCII"],
)
def test_a_known_user_is_let_in(response: bytes) -> None:
    sasl = SaslServer(USERS)
    assert outcome(sasl, init("PLAIN", response)) == 0
    assert sasl.accepted


@pytest.mark.parametrize(
    "response",
    [
        b"\0bob\0wrong",
        b"\0bob\0",
        b"\0eve\0secret",
        b"\0eve\0",
        b"\0\0",
        b"\0\0secret",
        b"eve\0bob\0secret",
        b"\0bob\0secret\0",
        b"\0bob",
        b"bob",
        b"",
        None,
        b"\0bob\0secret\xff",
    ],
)
def test_anyone_else_is_not(response: bytes | None) -> None:
    sasl = SaslServer(USERS)
    assert outcome(sasl, init("PLAIN", response)) == 1
    assert sasl.done
    assert not sasl.accepted
    assert sasl.refused_credentials
    assert "secret" not in sasl.failure


def test_without_users_any_name_and_password_will_do() -> None:
    assert outcome(SaslServer({}), init("PLAIN", b"\0anyone\0anything")) == 0


@pytest.mark.parametrize("mechanism", ["EXTERNAL", "CRAM-MD5", "plain", ""])
@pytest.mark.parametrize("users", [{}, USERS])
def test_what_is_not_offered_is_refused(mechanism: str, users: dict[str, str]) -> None:
    assert outcome(SaslServer(users), init(mechanism, b"\0bob\0secret")) == 1


def certified(users: dict[str, str]) -> SaslServer:
    sasl = SaslServer(users)
    sasl.certificate = "client.example"
    return sasl


@pytest.mark.parametrize(
    ("users", "offered"),
    [({}, ["EXTERNAL", "PLAIN", "ANONYMOUS"]), (USERS, ["EXTERNAL", "PLAIN"])],
)
def test_a_client_with_a_certificate_is_offered_external(
    users: dict[str, str], offered: list[str]
) -> None:
    (mechanisms,) = answer(certified(users), SASL_HEADER)
    assert mechanisms["mechanisms"] == offered


@pytest.mark.parametrize(
    ("response", "code"),
    [(b"", 0), (None, 0), (b"client.example", 0), (b"someone.else", 1), (b"bob", 1)],
)
def test_a_certificate_lets_in_as_the_one_that_it_is_for(response: bytes | None, code: int) -> None:
    assert outcome(certified(USERS), init("EXTERNAL", response)) == code


def test_without_a_certificate_external_is_refused() -> None:
    assert outcome(SaslServer({}), init("EXTERNAL", b"")) == 1


def test_anonymous_is_refused_where_users_are_required() -> None:
    assert outcome(SaslServer(USERS), init()) == 1


def test_what_follows_the_init_in_the_same_read_is_amqps() -> None:
    sasl = SaslServer({})
    sasl.receive(SASL_HEADER + init() + AMQP_HEADER + b"more")
    assert sasl.rest == AMQP_HEADER + b"more"


def test_bytes_may_come_one_by_one() -> None:
    sasl = SaslServer(USERS)
    whole = SASL_HEADER + init("PLAIN", b"\0bob\0secret")
    answers = [sasl.receive(whole[at : at + 1]) for at in range(len(whole))]
    assert [bool(part) for part in answers].index(True) == len(SASL_HEADER) - 1
    assert sasl.accepted
    assert sasl.rest == b""


@given(st.lists(st.integers(0, 60), max_size=5))
def test_how_the_bytes_are_cut_makes_no_difference(cuts: list[int]) -> None:
    whole = SASL_HEADER + init() + AMQP_HEADER
    sasl, answered = SaslServer({}), b""
    rest = b""
    edges = [0, *sorted(cuts), len(whole)]
    for start, end in pairwise(edges):
        if sasl.done:
            rest += whole[start:end]
        else:
            answered += sasl.receive(whole[start:end])
    assert answered == SaslServer({}).receive(whole)
    assert sasl.rest + rest == AMQP_HEADER


def test_an_extended_frame_header_is_skipped() -> None:
    plain = init()
    size = (len(plain) + 4).to_bytes(4, "big")
    extended = size + b"\x03" + plain[5:8] + b"ext!" + plain[8:]
    assert outcome(SaslServer({}), extended) == 0


def test_a_client_without_sasl_is_let_in_where_no_users_are_required() -> None:
    sasl = SaslServer({})
    assert sasl.receive(AMQP_HEADER + b"open") == b""
    assert sasl.accepted
    assert sasl.rest == AMQP_HEADER + b"open"


def test_a_client_without_sasl_is_told_about_it_where_users_are_required() -> None:
    sasl = SaslServer(USERS)
    assert sasl.receive(AMQP_HEADER + b"open") == SASL_HEADER
    assert sasl.done
    assert not sasl.accepted
    assert not sasl.refused_credentials
    assert "users are required" in sasl.failure


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"AMQP\x02\x01\x00\x00", b"AMQP\x00\x00", b"X"],
)
def test_what_is_not_amqp_1_0_is_told_so_at_its_first_wrong_byte(garbage: bytes) -> None:
    sasl = SaslServer({})
    assert sasl.receive(garbage) == SASL_HEADER
    assert sasl.done
    assert not sasl.accepted
    assert "not AMQP 1.0" in sasl.failure


def test_a_handshake_of_tls_is_recognized() -> None:
    sasl = SaslServer({})
    sasl.receive(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    assert sasl.done
    assert sasl.failure.endswith("a handshake of TLS, which this server is without")


def test_the_start_of_a_header_waits_for_the_rest() -> None:
    sasl = SaslServer({})
    assert sasl.receive(b"AMQP") == b""
    assert not sasl.done


@pytest.mark.parametrize(
    "broken",
    [
        b"\x00\x00\x10\x01\x02\x01\x00\x00",
        b"\xff\xff\xff\xff\x02\x01\x00\x00",
        b"\x00\x00\x00\x07\x02\x01\x00\x00",
        b"\x00\x00\x00\x20\x01\x01\x00\x00",
        b"\x00\x00\x00\x20\x09\x01\x00\x00",
        init().replace(b"\x02\x01", b"\x02\x00", 1),
        frame(None, b"", kind=1),
        frame(None, b"garbage", kind=1),
        frame(Composite("sasl_outcome"), kind=1),
        frame(Composite("sasl_init"), kind=1),
        frame(Composite("sasl_init", mechanism=True), kind=1),
    ],
)
def test_a_malformed_init_ends_it_without_an_outcome(broken: bytes) -> None:
    sasl = SaslServer({})
    sasl.receive(SASL_HEADER)
    assert sasl.receive(broken) == b""
    assert sasl.done
    assert not sasl.accepted
    assert not sasl.refused_credentials
    assert "malformed" in sasl.failure


def test_no_more_is_kept_than_one_frame_can_hold() -> None:
    sasl = SaslServer({})
    sasl.receive(SASL_HEADER + (4096).to_bytes(4, "big") + b"\x02\x01\x00\x00")
    for _ in range(4):
        sasl.receive(bytes(1022))
    assert sasl.done
    assert sasl._received == b""
