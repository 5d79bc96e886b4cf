"""The entry points of the programs: from the first moment, Ctrl-C ends them without a traceback.

Loading a program takes a while, and only then does it deal with signals itself.
"""

from __future__ import annotations

import signal

__all__ = ["demo", "recv", "send", "uiworkout"]


def send() -> int:
    """Run `mqlight-send`."""
    _end_at_once_on_ctrl_c()
    from mqlight_samples.send import main  # noqa: PLC0415 - loaded after that

    return main()


def recv() -> int:
    """Run `mqlight-recv`."""
    _end_at_once_on_ctrl_c()
    from mqlight_samples.recv import main  # noqa: PLC0415

    return main()


def uiworkout() -> int:
    """Run `mqlight-uiworkout`."""
    _end_at_once_on_ctrl_c()
    from mqlight_samples.uiworkout import main  # noqa: PLC0415

    return main()


def demo() -> int:
    """Run `mqlight-demo`."""
    _end_at_once_on_ctrl_c()
    from mqlight_samples.demo import main  # noqa: PLC0415

    return main()


def _end_at_once_on_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
