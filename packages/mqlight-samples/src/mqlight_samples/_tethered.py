"""`python -m mqlight_samples._tethered MODULE ARGUMENT...`: a program that outlives no other.

Its standard input is a pipe that the other one holds open. However that one ends, also when it is
killed, the pipe is closed, and this program gets SIGTERM.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

__all__: list[str] = []


def _end_with_the_other() -> None:
    while os.read(0, 1024):  # sys.stdin has a lock, which Python waits for when it exits
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_other, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
