"""A server with a store that is killed again and again, and what is left of what it accepted."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import mqlight

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

_PATIENCE = 300.0
_TTL = 3_600_000
_TOPIC = "kept/on/disk"


@dataclass
class Findings:
    """What a campaign has seen of its messages, which are numbers from 0 up."""

    sent: int
    accepted_at_kills: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    before_the_last_kill: int = 0

    def violations(self) -> list[str]:
        """Each promise that was not kept, in words."""
        broken = [f"a message was not accepted: {error}" for error in self.refused[:3]]
        if missing := set(range(self.sent)) - set(self.received):
            broken.append(f"{len(missing)} messages are missing, the first is {min(missing)}")
        # A message comes twice where the acceptance was lost with the server, at each kill as many
        # as were on their way; but what one reader has confirmed, the next one must not see.
        first = list(dict.fromkeys(self.received))
        if first != sorted(first):
            broken.append("messages are not in the order in which they were sent")
        early = set(self.received[: self.before_the_last_kill])
        if again := early & set(self.received[self.before_the_last_kill :]):
            broken.append(f"{len(again)} messages came again after they were confirmed")
        return broken

    def lines(self) -> list[str]:
        """The numbers."""
        twice = sum(count - 1 for count in Counter(self.received).values())
        kills = ", ".join(map(str, self.accepted_at_kills))
        return [
            f"{self.sent} messages sent; the server was killed when {kills} were accepted",
            f"{len(set(self.received))} received, {twice} of them twice; the server was killed",
            f"again when {self.before_the_last_kill} were received and confirmed",
        ]


class StoringServer:
    """`mqlight-devserver --store` at a port that nobody else gets."""

    def __init__(self, store: Path) -> None:
        # Bound and not listening, it keeps the port while no server runs.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        port = self._reserved.getsockname()[1]
        self.url = f"amqp://127.0.0.1:{port}"
        self._command = ["-m", "mqlight_devserver", "--port", str(port), "--store", str(store)]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._reserved.close()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(  # noqa: S603 - our own server
            [sys.executable, *self._command], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == f"mqlight-devserver listening on {self.url}\n"

    def kill(self) -> None:
        """Kill it: SIGKILL leaves it no time for anything."""
        if self._process is not None:
            with self._process:
                self._process.kill()
            self._process = None


def run(store: Path, *, messages: int, kills: int, seed: int) -> Findings:
    """Send `messages` to a destination that nobody reads, then read half of them, then the rest.

    The server is killed `kills` times while they are sent, and once between the readers.
    """
    findings = Findings(messages)
    moments = random.Random(seed).sample(range(messages), kills)  # noqa: S311 - to be had again
    with StoringServer(store) as server:
        _Reader(server.url, findings, 0).finish()
        _send(server, findings, sorted(moments))
        _Reader(server.url, findings, messages // 2).finish()
        server.kill()
        findings.before_the_last_kill = len(findings.received)
        server.start()
        _Reader(server.url, findings, messages).finish()
    return findings


def _send(server: StoringServer, findings: Findings, kill_at: list[int]) -> None:
    done, drained = threading.Event(), threading.Event()
    to_kill = threading.Semaphore(0)
    accepted = 0

    def on_sent(_client: mqlight.Client, error: Any, _topic: str, _data: Any, _: Any) -> None:
        nonlocal accepted
        accepted += 1
        if error is not None:
            findings.refused.append(repr(error))
        if accepted in kills:
            to_kill.release()
        if accepted == findings.sent:
            done.set()

    kills = {number + 1 for number in kill_at}

    def kill() -> None:
        for _ in kill_at:
            to_kill.acquire()
            server.kill()
            findings.accepted_at_kills.append(accepted)
            server.start()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    with mqlight.Client(server.url, "sender", on_drain=lambda _: drained.set()) as client:
        for number in range(findings.sent):
            drained.clear()
            if not client.send(_TOPIC, number, {"qos": 1}, on_sent):
                assert drained.wait(_PATIENCE)
        assert done.wait(_PATIENCE)
    killer.join(_PATIENCE)
    assert not killer.is_alive()


class _Reader:
    """Confirms what it receives, until it has so many different messages."""

    def __init__(self, url: str, findings: Findings, enough: int) -> None:
        self._findings = findings
        self._enough = enough
        self._seen = set(findings.received)
        self._subscribed, self._done = threading.Event(), threading.Event()
        self._stack = ExitStack()
        self._client = self._stack.enter_context(mqlight.Client(url, "reader"))
        self._client.subscribe(
            "kept/#", None, {"qos": 1, "ttl": _TTL}, self._on_subscribed, self._on_message
        )
        if len(self._seen) >= enough:
            self._done.set()

    def finish(self) -> None:
        """Wait for enough, and leave."""
        with self._stack:
            assert self._subscribed.wait(_PATIENCE)
            assert self._done.wait(_PATIENCE), self._findings.lines()

    def _on_subscribed(self, _client: mqlight.Client, error: Any, *_: Any) -> None:
        assert error is None, error
        self._subscribed.set()

    def _on_message(self, _kind: str, data: Any, _delivery: Any) -> None:
        if self._enough:
            self._findings.received.append(data)
            self._seen.add(data)
            if len(self._seen) >= self._enough:
                self._done.set()
