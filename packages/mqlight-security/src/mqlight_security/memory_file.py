"""A name for content that is in memory: the `ssl` module takes certificates from files only."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["file_of"]

_OPEN_FILES: Final = Path("/proc/self/fd")


@contextmanager
def file_of(content: bytes) -> Iterator[str]:
    """Give content the name of a file for a while: in memory, or where a system lacks that on disk.

    So that a key is in clear on no disk, it has to be encrypted in `content`.

    Raises:
        OSError: there is no place for it.
    """
    if hasattr(os, "memfd_create") and _OPEN_FILES.exists():
        with open(os.memfd_create("certificate"), "wb", buffering=0) as file:  # noqa: PTH123
            file.write(content)
            yield str(_OPEN_FILES / str(file.fileno()))
    else:
        with tempfile.NamedTemporaryFile(buffering=0) as file:  # readable by its owner alone
            file.write(content)
            yield file.name
