"""`openssl s_server`: a TLS server of others', in a process of its own.

It knows nothing of AMQP: what it takes out of TLS is passed to a server of AMQP without TLS, and
what that answers is passed back.
"""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import threading
from typing import IO, Self

PATIENCE = 20.0
"""Seconds after which a test gives up waiting."""

_ACCEPTS = r"ACCEPT \S+:(\d+)"
_AMQP = b"AMQP"
"""What a client says first; before it the process tells of the handshake."""
_REMARKS = re.compile(rb"(SSL_do_handshake -> -?\d+|Read BLOCK|Write BLOCK)\n")
"""What the process says, among the client's bytes, when a command has been given."""


class OpensslServer:
    """Serves one connection on a free port of the loopback interface."""

    def __init__(self, openssl: str, backend: int, *arguments: str) -> None:
        self._changed = threading.Condition()
        self._said = ""
        self._backend = socket.create_connection(("127.0.0.1", backend), PATIENCE)
        self._backend.settimeout(None)
        self._process = subprocess.Popen(  # noqa: S603 - the program that was looked up
            [openssl, "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-state", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin = self._process.stdin
        self._threads = [
            threading.Thread(target=self._take, args=[self._process.stdout], daemon=True),
            threading.Thread(target=self._listen, args=[self._process.stderr], daemon=True),
            threading.Thread(target=self._answer, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        try:
            self.port = int(self.wait_for(_ACCEPTS)[1])
        except BaseException:
            self.close()
            raise

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until the process has said something; fail when it does not."""
        found: list[re.Match[str]] = []

        def heard() -> bool:
            found.extend(re.finditer(pattern, self._said))
            return bool(found)

        with self._changed:
            assert self._changed.wait_for(heard, PATIENCE), f"no {pattern!r} in:\n{self._said}"
        return found[0]

    def command(self, letter: str) -> None:
        """Give a command of s_server(1): a letter at the start of a line."""
        self._stdin.write(f"{letter}\n".encode())

    def end(self) -> str:
        """Wait until the connection has ended; return all that the process has said."""
        self.wait_for("CONNECTION CLOSED")
        self._process.wait(PATIENCE)
        self.close()
        return self._said

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):  # the other side may have been first
            self._backend.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _hear(self, said: bytes) -> None:
        with self._changed:
            self._said += said.decode("ascii", "backslashreplace")
            self._changed.notify_all()

    def _listen(self, stream: IO[bytes]) -> None:
        while said := stream.read(65536):
            self._hear(said)

    def _take(self, stream: IO[bytes]) -> None:
        """Tell what the process says from what it passes on, which goes to the backend."""
        remarks = b""
        while _AMQP not in remarks:
            if not (said := stream.read(65536)):
                return
            self._hear(said)
            remarks += said
        passed = remarks[remarks.index(_AMQP) :]
        while passed:
            with contextlib.suppress(OSError):  # it has closed; what follows are last remarks
                self._backend.sendall(_REMARKS.sub(b"", passed))
            passed = stream.read(65536)
            self._hear(passed)

    def _answer(self) -> None:
        with contextlib.suppress(OSError):
            while answer := self._backend.recv(65536):
                self._stdin.write(answer)
