"""A server that grants publishers no credit until it is told to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import mqlight
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from typing import Self

_PATIENCE = 20.0


class StalledServer:
    """A devserver that is full: one message waits for a subscriber that wants none.

    It is alive otherwise: it accepts connections and links, and answers heartbeats.
    """

    def __init__(self) -> None:
        self._server = DevServer(max_queued_bytes=0)

    @property
    def url(self) -> str:
        """The service URL for clients."""
        return self._server.url

    def __enter__(self) -> Self:
        self._server.start()
        self._hoarder = mqlight.Client(self.url, "hoarder")
        self._done = threading.Event()
        self._hoarder.subscribe("hoard", None, {"credit": 0}, self._note)
        self._await()
        self._hoarder.send("hoard", "full", {"qos": 1}, self._note)
        self._await()
        return self

    def resume(self) -> None:
        """Grant credit from here on."""
        self._hoarder.unsubscribe("hoard", None, None, self._note)
        self._await()

    def __exit__(self, *_: object) -> None:
        self._hoarder.stop()
        assert self._hoarder.wait_stopped(_PATIENCE)
        self._server.stop()

    def _note(self, _client: mqlight.Client, error: Exception | None, *_: Any) -> None:
        assert error is None, error
        self._done.set()

    def _await(self) -> None:
        assert self._done.wait(_PATIENCE)
        self._done.clear()
