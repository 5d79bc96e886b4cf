"""`python -m mqlight_devserver`, and the command."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

__all__ = ["main"]


def main() -> int:
    """Run the server; signals mean what they mean later also until it is loaded."""
    _replace_closed_streams()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    for name in ("SIGUSR1", "SIGINFO"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    from mqlight_devserver.cli import main as serve  # noqa: PLC0415 - loaded after that

    return serve()


def _replace_closed_streams() -> None:
    """Read nothing from a closed one, and write nowhere.

    Its number would be that of the next file or socket.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open to the end
            setattr(sys, name, stream)


if __name__ == "__main__":
    sys.exit(main())
