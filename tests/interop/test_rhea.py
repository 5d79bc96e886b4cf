"""Whole conversations over TLS with a server that shares no line with ours: rhea's."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from authority import PASSPHRASE, Authority

import mqlight
import mqlight.aio
import mqlight.blocking

from .rhea_server import rhea_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PASSWORD = "s3cret:@/ ü"
SECONDS = 30


@pytest.fixture
def secure(node_program: str, installation: Path, authority: Authority) -> Iterator[str]:
    """A server with a user."""
    certificate, key = authority.issue("127.0.0.1")
    with rhea_server(
        node_program, installation, key=key, cert=certificate, user="ann", password=PASSWORD
    ) as url:
        yield url


@pytest.fixture
def security(authority: Authority) -> Any:
    return {"ssl_trust_certificate": authority.trust(), "user": "ann", "password": PASSWORD}


@pytest.mark.parametrize("qos", [0, 1])
def test_messages_of_all_kinds_come_back(secure: str, security: Any, qos: int) -> None:
    payloads: list[Any] = ["text", "ä€😀" * 1000, b"\x00\xff" * 150_000, {"a": [1, None]}]
    with (
        mqlight.blocking.Client(secure, security_options=security) as client,
        client.subscribe("t", qos=qos) as messages,
    ):
        for payload in payloads:
            client.send("t", payload, qos=qos, properties={"n": 1}, timeout=SECONDS)
            message = messages.receive(timeout=SECONDS)
            assert (message.data, message.properties) == (payload, {"n": 1})


def test_a_thousand_messages_come_back_in_order(secure: str, security: Any) -> None:
    received: list[Any] = []
    errors: list[Any] = []
    done, subscribed = threading.Event(), threading.Event()

    def on_message(_kind: object, data: object, _delivery: object) -> None:
        received.append(data)
        if len(received) == 1000:
            done.set()

    with mqlight.Client(secure, security_options=security) as client:
        client.subscribe("t", None, {"qos": 1}, lambda *_: subscribed.set(), on_message)
        assert subscribed.wait(SECONDS)
        for number in range(1000):
            client.send("t", number, {"qos": 1}, lambda _client, error, *_: errors.append(error))
        assert done.wait(SECONDS)
    assert received == list(range(1000))
    assert errors == [None] * 1000


def test_a_message_confirmed_by_hand_on_an_event_loop_is_accepted_only_then(
    secure: str, security: Any
) -> None:
    async def test() -> None:
        async with (
            asyncio.timeout(SECONDS),
            mqlight.aio.Client(secure, security_options=security) as client,
            client.subscribe("t", qos=1, auto_confirm=False) as messages,
            client.subscribe("outcomes", qos=0) as outcomes,
        ):
            await client.send("t", "hello", qos=1)
            message = await anext(messages)
            assert message.data == "hello"
            await client.send("outcomes", "not yet", qos=1)
            await message.confirm()
            assert [(await anext(outcomes)).data for _ in range(2)] == ["not yet", "accepted"]

    asyncio.run(test())


def test_a_connection_that_the_server_drops_is_made_anew_with_its_subscriptions(
    secure: str, security: Any
) -> None:
    states: list[str] = []
    received: list[Any] = []
    changed = threading.Condition()

    def wait_for(happened: Callable[[], bool]) -> None:
        with changed:
            assert changed.wait_for(happened, SECONDS), (states, received)

    def on_state_changed(_client: object, state: str, _error: object) -> None:
        with changed:
            states.append(str(state))
            changed.notify_all()

    def on_message(_kind: object, data: object, _delivery: object) -> None:
        with changed:
            received.append(data)
            changed.notify_all()

    with mqlight.Client(
        secure, security_options=security, on_state_changed=on_state_changed
    ) as client:
        client.subscribe("t", on_message=on_message)
        client.send("t", "before")
        wait_for(lambda: received == ["before"])
        client.send("drop", "now")
        wait_for(lambda: states.count("started") == 2)
        client.send("t", "after")
        wait_for(lambda: received == ["before", "after"])
        assert states == ["starting", "started", "retrying", "started"]


def reason_of(url: str, security: Any) -> str:
    """Why a client stops that can not start."""
    with pytest.raises(mqlight.SecurityError) as caught:
        mqlight.blocking.Client(url, security_options=security).start(timeout=SECONDS)
    return str(caught.value)


def test_a_wrong_password_is_a_security_error(secure: str, security: Any) -> None:
    security["password"] = "wrong"
    said = reason_of(secure, security)
    assert said == (
        f"{secure}: sasl authentication failed: the server does not accept this user and password"
    )


def test_a_wrong_password_stops_the_client_at_once(secure: str, security: Any) -> None:
    security["password"] = "wrong"
    states: list[tuple[str, type]] = []
    client = mqlight.Client(
        secure,
        security_options=security,
        on_state_changed=lambda _client, state, error: states.append((state, type(error))),
    )
    assert client.wait_stopped(SECONDS)
    assert states == [("starting", type(None)), ("stopped", mqlight.SecurityError)]


def test_without_a_user_the_server_offers_nothing_of_use(secure: str, security: Any) -> None:
    del security["user"], security["password"]
    assert "the server does not offer ANONYMOUS" in reason_of(secure, security)


def test_a_client_certificate_is_shown_where_it_is_asked_for(
    node_program: str, installation: Path, authority: Authority, clients: Authority
) -> None:
    certificate, key = authority.issue("127.0.0.1")
    trust: Any = {"ssl_trust_certificate": authority.trust()}
    keystore = trust | {
        "ssl_keystore": clients.keystore("client", PASSPHRASE),
        "ssl_keystore_passphrase": PASSPHRASE,
    }
    with rhea_server(
        node_program, installation, key=key, cert=certificate, ca=clients.trust()
    ) as url:
        with mqlight.blocking.Client(url, security_options=keystore) as client:
            client.send("t", "certified", qos=1, timeout=SECONDS)
        assert "the server asks for a client certificate" in reason_of(url, trust)
