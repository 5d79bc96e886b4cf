"""The tables of docs/reference/compatibility.md are complete, and name tests that there are."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "compatibility.md"

TABLES = {
    "What the clients can do": 55,
    "Defects of the client for Python": 40,
    "What users of the clients reported": 19,
    "What was mended in the client for Node.js": 9,
    "Defects of the other clients": 24,
}
"""How many rows each table has."""

ANSWERS = {"yes", "in part", "no", "not yet", "not ours", "as MQ Light has it"}

NAMED_TEST = re.compile(r"`([\w./-]+\.py)::(test_\w+)`")


class Row(NamedTuple):
    number: str
    what: str
    answer: str
    shown_by: str

    @property
    def tests(self) -> list[tuple[str, str]]:
        return NAMED_TEST.findall(self.shown_by)

    @property
    def reason(self) -> str:
        return NAMED_TEST.sub("", self.shown_by).replace("<br>", " ").strip()


def rows(table: str) -> list[Row]:
    text = PAGE.read_text(encoding="utf-8")
    [section] = [part for part in text.split("\n## ") if part.startswith(f"{table}\n")]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines[2:]]


def all_rows() -> list[Row]:
    return [row for table in TABLES for row in rows(table)]


@cache
def functions_of(path: str) -> frozenset[str]:
    """The test functions of a file, also those in classes; not what is inside a function."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    module = ast.parse(file.read_text(encoding="utf-8"))
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    return frozenset(
        node.name
        for body in (module.body, *(one.body for one in classes))
        for node in body
        if isinstance(node, ast.FunctionDef)
    )


def test_these_are_all_tables() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == list(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_missing(table: str) -> None:
    numbers = [row.number for row in rows(table)]
    assert numbers == [str(number) for number in range(1, TABLES[table] + 1)]


@pytest.mark.parametrize("table", TABLES)
def test_a_row_has_tests_or_a_reason(table: str) -> None:
    found = rows(table)
    assert {row.answer for row in found} <= ANSWERS
    assert [row for row in found if not row.what] == []
    assert [row for row in found if row.answer in {"yes", "in part"} and not row.tests] == []
    assert [row for row in found if row.answer != "yes" and len(row.reason.split()) < 3] == []


def test_every_test_that_is_named_exists() -> None:
    named = {test for row in all_rows() for test in row.tests}
    assert named
    missing = sorted(f"{path}::{name}" for path, name in named if name not in functions_of(path))
    assert missing == []


def test_whatever_looks_like_a_test_is_read_as_one() -> None:
    text = "".join(row.shown_by for row in all_rows())
    assert text.count("::") == text.count(".py") == len(NAMED_TEST.findall(text))
