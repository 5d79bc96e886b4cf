"""The page about the client's options has each of them, with its default."""

from __future__ import annotations

import re
from pathlib import Path

import mqlight

PAGE = Path(__file__).parents[2] / "docs/reference/client.md"


def test_the_page_has_every_client_option_with_its_default() -> None:
    text = PAGE.read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| `?'?(\w+)'?`? \|", text, re.MULTILINE))
    fields = mqlight.ClientOptions.model_fields
    assert told == {name: str(field.default) for name, field in fields.items()}
