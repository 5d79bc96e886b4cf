from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mqlight_security import memory_file
from mqlight_security.memory_file import file_of

if TYPE_CHECKING:
    from collections.abc import Callable


def without_memory_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")


def without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_file, "_OPEN_FILES", Path("/absent"))


def test_content_is_a_file_in_memory_for_a_while() -> None:
    with file_of(b"some") as path:
        assert Path(path).read_bytes() == b"some"
        assert os.readlink(path).startswith("/memfd:")  # noqa: PTH115 - it is no path
    assert not Path(path).exists()


@pytest.mark.parametrize("without", [without_memory_files, without_proc])
def test_where_that_is_not_possible_it_is_on_disk_for_this_user_alone(
    without: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch)
    with file_of(b"some") as path:
        assert Path(path).read_bytes() == b"some"
        assert Path(path).stat().st_mode & 0o777 == 0o600
    assert not Path(path).exists()
