"""Child processes: their output, and their end."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from mqlight_samples._children import Children, ChildrenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 30.0


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put back what leaving the context changes for a program that is about to end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that a child can run: it executes its argument."""
    (tmp_path / "obedient.py").write_text("import sys\nexec(sys.argv[1])\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    return "obedient"


def test_every_line_is_shown_with_the_name_of_its_child(
    program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Children(width=4) as children:
        child = children.start("a", program, "print('one'); print('two', file=sys.stderr)")
        assert children.wait_until(lambda: child.ended, PATIENCE)

    assert sorted(child.lines) == ["one", "two"]
    assert sorted(capsys.readouterr().out.splitlines()) == ["a    | one", "a    | two"]


def test_a_line_is_waited_for(program: str) -> None:
    with Children(width=1) as children:
        child = children.start("a", program, "print('first'); print('port 1')")
        assert children.wait_for(child, "port", PATIENCE) == "port 1"


def test_a_line_that_does_not_come_is_an_error(program: str) -> None:
    with Children(width=1) as children:
        child = children.start("a", program, "pass")
        with pytest.raises(ChildrenError, match="a did not print 'port' within 0 seconds"):
            children.wait_for(child, "port", 0)


def test_a_child_that_fails_ends_the_wait(program: str) -> None:
    with Children(width=1) as children:
        children.start("a", program, "sys.exit(3)")
        with pytest.raises(ChildrenError, match="a ended with exit code 3"):
            children.wait_until(lambda: False, PATIENCE)


def test_a_wait_can_be_interrupted(program: str) -> None:
    with Children(width=1) as children:
        children.interrupt()
        with pytest.raises(ChildrenError, match="interrupted"):
            children.wait_until(lambda: False, PATIENCE)


def test_no_child_is_left_even_if_it_does_not_want_to_end(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mqlight_samples._children._SECONDS_TO_END", 0.1)
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('ready', flush=True); time.sleep(3600)"
    )
    with Children(width=1) as children:
        child = children.start("a", program, stubborn)
        children.wait_for(child, "ready", PATIENCE)

    assert child.process.returncode == -signal.SIGKILL
