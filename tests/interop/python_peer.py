"""Our client, in this process."""

from __future__ import annotations

from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack

import mqlight

from .peer import PATIENCE, Peer, Received

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqlight.typing import Delivery, SecurityOptionsDict, SendOptionsDict, SubscribeOptionsDict

Outcome: TypeAlias = "Future[BaseException | None]"


class PythonPeer(Peer):
    """Uses `mqlight.Client` as a program does; connected when made."""

    def __init__(self, service: str, client_id: str, security: SecurityOptionsDict) -> None:
        super().__init__(client_id)
        self._drains: SimpleQueue[None] = SimpleQueue()
        started: Outcome = Future()
        self.client = mqlight.Client(
            service,
            client_id,
            security,
            on_started=lambda _: started.set_result(None),
            on_state_changed=self._on_state_changed,
            on_drain=lambda _: self._drains.put(None),
        )
        try:
            self._await("start", started)
        except BaseException:
            self.close()
            raise

    def subscribe(
        self, pattern: str, share: str | None = None, **options: Unpack[SubscribeOptionsDict]
    ) -> None:
        subscribed: Outcome = Future()
        self.client.subscribe(
            pattern,
            share,
            options,
            on_subscribed=lambda _client, error, _pattern, _share: subscribed.set_result(error),
            on_message=self._on_message,
        )
        self._await("subscribe", subscribed)

    def unsubscribe(
        self, pattern: str, share: str | None = None, *, ttl: int | None = None
    ) -> None:
        unsubscribed: Outcome = Future()
        self.client.unsubscribe(
            pattern,
            share,
            None if ttl is None else {"ttl": ttl},
            on_unsubscribed=lambda _client, error, _pattern, _share: unsubscribed.set_result(error),
        )
        self._await("unsubscribe", unsubscribed)

    def send(
        self,
        topic: str,
        data: object,
        *,
        qos: int = 1,
        ttl: int | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> None:
        options: SendOptionsDict = {"qos": qos}
        if ttl is not None:
            options["ttl"] = ttl
        if properties is not None:
            options["properties"] = properties
        sent: Outcome = Future()
        self.client.send(topic, data, options, _on_sent(sent))
        self._await("send", sent)

    def send_numbers(self, topic: str, count: int, *, qos: int) -> None:
        """As a program does it: after a False from send() wait for on_drain."""
        sent: list[Outcome] = [Future() for _ in range(count)]
        for number, outcome in enumerate(sent):
            if not self.client.send(topic, number, {"qos": qos}, _on_sent(outcome)):
                self._wait(self._drains, "drain")
        for outcome in sent:
            self._await("send", outcome)

    def confirm(self, message: Received) -> None:
        confirmed: Outcome = Future()
        confirm_delivery: Callable[..., object] = message.token  # type: ignore[assignment]
        confirm_delivery(lambda *_: confirmed.set_result(None))
        self._await("confirm", confirmed)

    def stop(self) -> None:
        stopped: Outcome = Future()
        self.client.stop(lambda _, error: stopped.set_result(error))
        self._await("stop", stopped)

    def close(self) -> None:
        self.client.stop()
        assert self.client.wait_stopped(PATIENCE), self.diagnosis()

    def diagnosis(self) -> str:
        return repr(self.client)

    def _await(self, what: str, outcome: Outcome) -> None:
        try:
            error = outcome.result(PATIENCE)
        except TimeoutError as timeout:
            error = timeout
        assert error is None, f"{self}: {what}: {error!r}, {self.diagnosis()}"

    def _on_state_changed(self, _client: object, _state: str, error: Exception | None) -> None:
        if error is not None:
            self._errors.put(type(error).__name__)

    def _on_message(self, kind: str, data: object, delivery: Delivery) -> None:
        message, destination = delivery["message"], delivery["destination"]
        self._received.put(
            Received(
                data=bytes(data) if isinstance(data, bytearray) else data,
                topic=message["topic"],
                pattern=destination["topic_pattern"],
                share=destination.get("share"),
                ttl=message.get("ttl"),
                properties=message.get("properties"),
                token=message.get("confirm_delivery"),
            )
        )


def _on_sent(outcome: Outcome) -> Callable[..., None]:
    return lambda _client, error, _topic, _data, _options: outcome.set_result(error)
