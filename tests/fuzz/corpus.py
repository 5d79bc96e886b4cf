"""The kept corpus: a file for each target, with an input in each line, as hex.

One file is one line of a diff for each input, and hundreds of tiny files are none.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def read(target: str) -> list[bytes]:
    """Return the kept inputs of a target; lines that begin with # say what the next one is."""
    path = FOLDER / f"{target}.txt"
    lines = path.read_text("ascii").splitlines() if path.exists() else []
    return [bytes.fromhex(line) for line in lines if not line.startswith("#")]


def write(target: str, inputs: list[bytes]) -> None:
    """Keep inputs, the short ones first."""
    FOLDER.mkdir(exist_ok=True)
    ordered = sorted(set(inputs), key=lambda data: (len(data), data))
    content = "".join(f"{data.hex()}\n" for data in ordered)
    (FOLDER / f"{target}.txt").write_text(content, "ascii")
