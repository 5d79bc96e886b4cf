"""A server made with rhea, in a process of its own: TLS by Node.js, AMQP and SASL by rhea."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .peer import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).with_name("rhea_server.js")


@contextmanager
def rhea_server(node: str, installation: Path, **options: str) -> Iterator[str]:
    """Serve with the options of `rhea_server.js`; the service URL."""
    with subprocess.Popen(  # noqa: S603 - the program beside this file
        [node, str(PROGRAM), str(installation), json.dumps(options)],
        cwd=installation,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            yield f"amqps://127.0.0.1:{int(process.stdout.readline())}"
            process.stdin.close()
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
