"""The programs of a run, with callbacks: `mqlight.Client`."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import mqlight

from .life import CLIENT_OPTIONS, DESTINATION_TTL, PATIENCE, PATTERN, Life

if TYPE_CHECKING:
    from .record import Reader, Record


class CallbackSender:
    """Sends every message at quality of service 1, and waits for a drain when it is told to."""

    def __init__(self, url: str, record: Record) -> None:
        self._record = record
        self._life = Life("the sender", record, record.lose_sender)
        self._drained = threading.Event()
        self._given_up = False
        self._client = mqlight.Client(
            url,
            "endurance/sender",
            on_state_changed=self._life.on_state_changed,
            on_drain=self._on_drain,
            client_options=CLIENT_OPTIONS,
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
        _stop(self._client, self._life, self._record)
        self._drained.set()
        self._thread.join()


class CallbackReader:
    """Subscribes at quality of service 1 to a destination that outlives its disconnections."""

    def __init__(self, url: str, record: Record, reader: Reader, *, manual: bool = False) -> None:
        self._record = record
        self._reader = reader
        self._manual = manual
        self._life = Life(reader.name, record, self._on_loss)
        self._subscribed = threading.Event()
        self._client = mqlight.Client(
            url,
            f"endurance/{reader.name}",
            on_state_changed=self._life.on_state_changed,
            client_options=CLIENT_OPTIONS,
        )
        self._client.subscribe(
            PATTERN,
            None,
            {
                "qos": 1,
                "ttl": DESTINATION_TTL,
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
        _stop(self._client, self._life, self._record)


def _stop(client: mqlight.Client, life: Life, record: Record) -> None:
    life.stopping = True
    client.stop()
    if not client.wait_stopped(PATIENCE):
        record.surprise(f"{client.get_id()} does not stop")
