"""A client of hand-made frames over a blocking socket."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Self

from devserver_wire import (
    AMQP_HEADER,
    SASL_HEADER,
    Composite,
    Frame,
    Symbol,
    UInt,
    frame,
    frames,
    message,
)
from devserver_world import ACCEPTED, begin, body_of, flow, receiver, sender

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

SECONDS = 20


class SocketClient:
    def __init__(  # noqa: PLR0913 - all but two by name
        self,
        port: int,
        client_id: str,
        *,
        host: str = "127.0.0.1",
        plain: bytes | None = None,
        idle_time_out: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._socket = socket.create_connection((host, port), SECONDS)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=host)
        self._unread = b""
        self._parts: list[bytes] = []
        self._next = 0
        try:
            self._open(client_id, plain, idle_time_out)
        except BaseException:
            self.close()
            raise

    def _open(self, client_id: str, plain: bytes | None, idle_time_out: int | None) -> None:
        init = Composite(
            "sasl_init",
            mechanism=Symbol("ANONYMOUS" if plain is None else "PLAIN"),
            initial_response=plain,
        )
        self._socket.sendall(SASL_HEADER + frame(init, kind=1))
        self.next_frame()
        if self.next_frame()["code"] != 0:
            raise PermissionError(client_id)
        timeout = None if idle_time_out is None else UInt(idle_time_out)
        opened = Composite("open", container_id=client_id, idle_time_out=timeout)
        self._socket.sendall(AMQP_HEADER + frame(opened) + frame(begin()))
        self.wait_for("begin")

    def next_frame(self) -> Frame:
        while True:
            if self._unread.startswith(b"AMQP") and len(self._unread) >= 8:
                self._unread = self._unread[8:]
            size = int.from_bytes(self._unread[:4], "big")
            if len(self._unread) >= 8 and len(self._unread) >= size:
                (found,) = frames(self._unread[:size])
                self._unread = self._unread[size:]
                return found
            self._read()

    def _read(self) -> None:
        read = self._socket.recv(1_000_000)
        if not read:
            raise EOFError
        self._unread += read

    def at_end(self) -> bool:
        try:
            while True:
                self._read()
        except (EOFError, ConnectionResetError):
            return True

    def wait_for(self, kind: str) -> Frame:
        while (found := self.next_frame()).kind != kind:
            pass
        return found

    def subscribe(self, address: str, *, timeout: int = 0) -> None:
        self._socket.sendall(
            frame(receiver(address, handle=0, timeout=timeout)) + frame(flow(0, 0, 100_000))
        )
        self.wait_for("attach")

    def send_attach_to(self, topic: str) -> None:
        self._socket.sendall(frame(sender(topic, handle=1)))

    def publish_to(self, topic: str) -> None:
        self.send_attach_to(topic)
        self.wait_for("flow")

    def publish(self, text: str) -> None:
        """Settled when this returns."""
        number = self._next
        self._next += 1
        transfer = Composite(
            "transfer",
            handle=UInt(1),
            delivery_id=UInt(number),
            delivery_tag=b"%d" % number,
            settled=False,
        )
        self._socket.sendall(frame(transfer, message(text)))
        while True:
            found = self.next_frame()
            if found.kind == "disposition":
                return
            if found.kind == "transfer":
                self._parts.append(found.payload)

    def next_body(self) -> object:
        payload = self._parts.pop(0) if self._parts else self.wait_for("transfer").payload
        disposition = Composite(
            "disposition", role=True, first=UInt(0), last=UInt(2**31 - 1), settled=True,
            state=ACCEPTED,
        )  # fmt: skip
        self._socket.sendall(frame(disposition))
        return body_of(payload)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
