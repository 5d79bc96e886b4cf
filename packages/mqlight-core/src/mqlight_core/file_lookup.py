"""A lookup in a file."""

from __future__ import annotations

import os
import stat

from mqlight_core.document import LONGEST_DOCUMENT
from mqlight_core.errors import NetworkError
from mqlight_core.redact import redact_url

__all__ = ["read_file"]


def read_file(url: str, path: str) -> bytes:
    """Return what is in the regular file at `path`, one byte beyond `LONGEST_DOCUMENT` at most.

    Raises:
        NetworkError: the file cannot be read now; it may come, or change, later.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return file.read(LONGEST_DOCUMENT + 1)
            reason = "it is not a regular file"
    except OSError as error:
        reason = error.strerror or str(error)
    message = f"{redact_url(url)}: the file could not be read: {reason}"
    raise NetworkError(message)


def _open_at_once(path: str, flags: int) -> int:
    # Without it a named pipe is waited for until somebody writes to it.
    return os.open(path, flags | os.O_NONBLOCK)
