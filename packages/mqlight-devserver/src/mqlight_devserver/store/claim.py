"""Whose the file is: one server's, and only as long as it is the file at that path."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mqlight_devserver.store.error import StoreError

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from typing import Final

__all__ = ["IN_USE", "Claim"]

IN_USE: Final = "another server uses it"


class Claim:
    """One server has the file until `release`; for one thread at a time.

    The lock that SQLite has at the file is not enough: the system drops it as soon as anything in
    the process has opened and closed that file.  So there is one at a file beside it as well, which
    goes with it.
    """

    def __init__(self, path: Path) -> None:
        """Claim a file that exists.

        Raises:
            StoreError: another server has it.
            OSError: the other file cannot be made.
        """
        self._path = path
        self._lock_path = Path(f"{path.resolve()}-lock")
        self._file = path.stat()
        self._lock: int | None = _locked(self._lock_path)

    def check(self) -> None:
        """Raise if what is written to the file will not be found at its path.

        Raises:
            StoreError: the path leads nowhere, or to another file.
            OSError: it cannot be followed.
        """
        if not _leads_to(self._path, self._file):
            message = "it has been removed or replaced"
            raise StoreError(message)

    def release(self) -> None:
        """Let another server have it, once it is closed; without effect the second time."""
        lock, self._lock = self._lock, None
        if lock is None:
            return
        with contextlib.suppress(OSError):
            if _leads_to(self._lock_path, os.fstat(lock)):
                self._lock_path.unlink()
        os.close(lock)


def _locked(path: Path) -> int:
    """Return a descriptor of the file, with a lock that lasts until it is closed."""
    while True:
        with contextlib.ExitStack() as undo:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            undo.callback(os.close, descriptor)
            if sys.platform != "win32":
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise StoreError(IN_USE) from None
            # Whoever had the lock may have removed the file just before.
            if _leads_to(path, os.fstat(descriptor)):
                undo.pop_all()
                return descriptor


def _leads_to(path: Path, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), file)
    except FileNotFoundError:
        return False
