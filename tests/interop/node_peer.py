"""IBM's Node.js client, in a process of its own."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import reprlib
import subprocess
import tempfile
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from .peer import PATIENCE, Peer, Received

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqlight.typing import SecurityOptionsDict, SubscribeOptionsDict

PROGRAM = Path(__file__).with_name("node_peer.js")


class NodePeer(Peer):
    """Speaks the lines of `node_peer.js`.

    It is connected when made, unless `connects` is False: then it tries, and `error` tells.
    """

    def __init__(  # noqa: PLR0913 - what a client is made with
        self,
        node: str,
        installation: Path,
        service: str,
        client_id: str,
        security: SecurityOptionsDict,
        *,
        connects: bool = True,
    ) -> None:
        super().__init__(client_id)
        self._numbers = itertools.count()
        self._answers: dict[int, Future[str | None]] = {}
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        self._process = subprocess.Popen(  # noqa: S603 - the program beside this file
            [node, str(PROGRAM), str(installation)],
            cwd=installation,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            encoding="utf-8",
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._reader = threading.Thread(target=self._read, name=f"{self}", daemon=True)
        self._reader.start()
        try:
            options = {_camel_case(name): value for name, value in security.items()}
            command = self._command if connects else self._post
            command("connect", service=service, client_id=client_id, security=options)
        except BaseException:
            self.close()
            raise

    def subscribe(
        self, pattern: str, share: str | None = None, **options: Unpack[SubscribeOptionsDict]
    ) -> None:
        self._command("subscribe", pattern=pattern, share=share, options=options)

    def unsubscribe(
        self, pattern: str, share: str | None = None, *, ttl: int | None = None
    ) -> None:
        options = {} if ttl is None else {"ttl": ttl}
        self._command("unsubscribe", pattern=pattern, share=share, options=options)

    def send(
        self,
        topic: str,
        data: object,
        *,
        qos: int = 1,
        ttl: int | None = None,
        properties: Mapping[str, object] | None = None,
    ) -> None:
        options: dict[str, object] = {"qos": qos}
        if ttl is not None:
            options["ttl"] = ttl
        if properties is not None:
            options["properties"] = {key: _encode(one) for key, one in properties.items()}
        self._command("send", topic=topic, data=_encode(data), options=options)

    def send_numbers(self, topic: str, count: int, *, qos: int) -> None:
        self._command("send_numbers", topic=topic, count=count, qos=qos)

    def confirm(self, message: Received) -> None:
        self._command("confirm", token=message.token)

    def stop(self) -> None:
        self._command("stop")

    def close(self) -> None:
        """End the process: it ends with its standard input, or is killed."""
        try:
            with contextlib.suppress(BrokenPipeError):
                self._stdin.close()
            self._process.wait(PATIENCE)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            self._stdout.close()
            self._stderr.close()

    def diagnosis(self) -> str:
        # pread, because the process writes where this file stands.
        words = os.pread(self._stderr.fileno(), 10_000, 0).decode(errors="replace").strip()
        return f"exit code {self._process.poll()}, standard error: {words or 'nothing'}"

    def _post(self, command: str, **arguments: object) -> Future[str | None]:
        number = next(self._numbers)
        answer: Future[str | None] = Future()
        self._answers[number] = answer
        line = json.dumps({"id": number, "command": command, **arguments})
        self._stdin.write(line + "\n")
        self._stdin.flush()
        return answer

    def _command(self, command: str, **arguments: object) -> None:
        try:
            error = self._post(command, **arguments).result(PATIENCE)
        except (OSError, TimeoutError) as failure:
            error = f"no answer ({failure!r}), {self.diagnosis()}"
        assert error is None, f"{self}: {command} {reprlib.repr(arguments)}: {error}"

    def _read(self) -> None:
        for line in self._stdout:
            self._take(json.loads(line))
        for answer in self._answers.values():
            answer.set_result(f"the process has ended, {self.diagnosis()}")

    def _take(self, report: dict[str, Any]) -> None:
        match report.pop("event"):
            case "message":
                properties = report.pop("properties")
                decoded = properties and {key: _decode(one) for key, one in properties.items()}
                data = _decode(report.pop("data"))
                self._received.put(Received(data=data, properties=decoded, **report))
            case "error":
                self._errors.put(report["name"])
            case "answer":
                error = report["error"]
                told = None if error is None else f"{error['name']}: {error['message']}"
                self._answers.pop(report["id"]).set_result(told)


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _encode(value: object) -> dict[str, object]:
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, bytes):
        return {"binary": base64.b64encode(value).decode()}
    return {"json": value}


def _decode(encoded: dict[str, Any]) -> object:
    """Undo `_encode`; Ellipsis stands for JavaScript's undefined."""
    if "binary" in encoded:
        return base64.b64decode(encoded["binary"])
    return encoded.get("text", encoded.get("json", ...))
