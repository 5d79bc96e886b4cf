"""`python -m mqlight_devserver`, and the command."""

from __future__ import annotations

import signal
import sys

__all__ = ["main"]


def main() -> int:
    """Run the server; until it is loaded, Ctrl-C ends it without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from mqlight_devserver.cli import main as serve  # noqa: PLC0415 - loaded after that

    return serve()


if __name__ == "__main__":
    sys.exit(main())
