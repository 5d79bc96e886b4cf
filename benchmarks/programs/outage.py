"""Ends a measuring program when its client reports an error, instead of riding the outage out."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mqlight


def end_on_error(_client: object, state: mqlight.State, error: Exception | None) -> None:
    """Take `on_state_changed`: say what is wrong and exit with 1, whoever still waits."""
    if error is not None:
        sys.stderr.write(f"{state}: {error}\n")
        sys.stderr.flush()
        os._exit(1)
