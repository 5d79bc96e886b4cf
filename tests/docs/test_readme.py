"""README.md promises programs that work; here they are run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def blocks(language: str) -> list[str]:
    text = README.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_python_program_sends_and_receives_a_message(tmp_path: Path) -> None:
    [source] = blocks("python")
    program = tmp_path / "readme.py"
    program.write_text(source, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - the program of our README
        [sys.executable, program],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "news/today: Hello world!\n", "")


def test_two_commands_are_all_that_a_fresh_machine_needs() -> None:
    set_up = "apt-get update && apt-get install -y pipx gcc python3-dev"
    lines = README.read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.startswith("apt-get")]
    assert commands == [
        f"{set_up} && pipx run hatch run demo",
        f"{set_up} && pipx run hatch test",
    ]


def test_every_link_to_a_file_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []
