"""The programs of a run, written for `mqlight.Client`; other clients get programs like these.

A program keeps the books in a `Record`, from its own callbacks alone.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import mqlight

if TYPE_CHECKING:
    from collections.abc import Callable

    from .record import Reader, Record

PATIENCE = 60.0
"""Seconds without any progress after which a run is given up."""

_CLIENT_OPTIONS: Any = {"idle_timeout": 2_000}
"""A connection that has fallen silent is given up after 2 s."""

_DESTINATION_TTL = 600_000
"""ms: the destination outlives every outage."""


class Program(Protocol):
    """A program that works in the background from its making on."""

    def stop(self) -> None:
        """Stop its client and wait until that is done."""


class _Life:
    """Watches the states of a client: it is started, loses connections, and is stopped by us."""

    def __init__(self, name: str, record: Record, lost: Callable[[], None]) -> None:
        self._name = name
        self._record = record
        self._lost = lost
        self._last = mqlight.STOPPED
        self._stopping = False

    def on_state_changed(
        self, _client: mqlight.Client, state: mqlight.State, error: Exception | None
    ) -> None:
        if state == mqlight.RETRYING and self._last == mqlight.STARTED:
            self._lost()
        expected = state in (mqlight.STARTING, mqlight.STARTED) or (
            state == mqlight.RETRYING and isinstance(error, mqlight.NetworkError)
        )
        if not expected and not self._stopping:
            self._record.surprise(f"{self._name} is {state}: {error!r}")
        self._last = state

    def stop(self, client: mqlight.Client) -> None:
        self._stopping = True
        client.stop()
        if not client.wait_stopped(PATIENCE):
            self._record.surprise(f"{self._name} does not stop")


class CallbackSender:
    """Sends every message at quality of service 1, and waits for a drain when it is told to."""

    def __init__(self, url: str, record: Record) -> None:
        self._record = record
        self._life = _Life("the sender", record, record.lose_sender)
        self._drained = threading.Event()
        self._given_up = False
        self._client = mqlight.Client(
            url,
            "endurance/sender",
            on_state_changed=self._life.on_state_changed,
            on_drain=self._on_drain,
            client_options=_CLIENT_OPTIONS,
        )
        self._thread = threading.Thread(target=self._send, name="sender", daemon=True)
        self._thread.start()

    def _send(self) -> None:
        record = self._record
        options: Any = {"qos": 1}
        while len(record.accepted) < record.total and not self._given_up:
            number = record.accept()
            if not self._client.send(record.topic(number), number, options, self._on_sent):
                record.refused_sends += 1
                if not self._drained.wait(PATIENCE):
                    record.surprise(f"no drain after message {number}")
                    return
                self._drained.clear()

    def _on_drain(self, _client: mqlight.Client) -> None:
        self._record.drains += 1
        self._drained.set()

    def _on_sent(
        self, _client: mqlight.Client, error: Exception | None, _topic: str, data: int, _: Any
    ) -> None:
        self._record.tell(data, error)

    def stop(self) -> None:
        self._given_up = True
        self._life.stop(self._client)
        self._drained.set()
        self._thread.join()


class CallbackReader:
    """Subscribes at quality of service 1 to a destination that outlives its disconnections."""

    def __init__(self, url: str, record: Record, reader: Reader, *, manual: bool = False) -> None:
        self._record = record
        self._reader = reader
        self._manual = manual
        self._life = _Life(reader.name, record, self._on_loss)
        self._subscribed = threading.Event()
        self._client = mqlight.Client(
            url,
            f"endurance/{reader.name}",
            on_state_changed=self._life.on_state_changed,
            client_options=_CLIENT_OPTIONS,
        )
        self._client.subscribe(
            "endurance/#",
            None,
            {
                "qos": 1,
                "ttl": _DESTINATION_TTL,
                "credit": reader.credit,
                "auto_confirm": not manual,
            },
            self._on_subscribed,
            self._on_message,
        )
        if not self._subscribed.wait(PATIENCE):
            record.surprise(f"{reader.name} is not subscribed")

    def _on_loss(self) -> None:
        self._reader.losses += 1

    def _on_subscribed(
        self, _client: mqlight.Client, error: Exception | None, _pattern: str, _share: str | None
    ) -> None:
        if error is not None or self._subscribed.is_set():
            self._record.surprise(f"{self._reader.name} was told twice, or of an error: {error!r}")
        self._subscribed.set()

    def _on_message(self, _kind: str, data: Any, delivery: dict[str, Any]) -> None:
        message = delivery["message"]
        self._record.receive(self._reader, message["topic"], data)
        if self._manual:
            # If the connection has been lost meanwhile, the message comes again.
            with suppress(mqlight.NetworkError):
                message["confirm_delivery"]()

    def stop(self) -> None:
        self._life.stop(self._client)
