"""The entry points of the programs."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mqlight_samples import _programs, demo, recv, send, uiworkout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    "program", [send, recv, uiworkout, demo], ids=lambda program: program.__name__
)
def test_an_entry_point_runs_its_program(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "main", lambda: 42)
    entry_point = getattr(_programs, program.__name__.rpartition(".")[2])
    assert entry_point() == 42


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_ctrl_c_while_a_program_is_being_loaded_leaves_no_traceback() -> None:
    program = """
import os, signal, sys
from mqlight_samples import _programs

class Loading:
    def find_spec(self, name, path=None, target=None):
        if name == "mqlight_samples.send":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Loading())
_programs.send()
"""
    ended = subprocess.run(  # noqa: S603 - the program above
        [sys.executable, "-c", program], capture_output=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")
