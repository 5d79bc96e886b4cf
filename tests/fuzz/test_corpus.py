"""Every kept input, and with it every finding of the past, on every run of the tests."""

from __future__ import annotations

from importlib import import_module

import pytest

from . import corpus
from .targets import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_kept_input_has_the_property_of_its_target(name: str) -> None:
    target = import_module(f"{__package__}.targets.{name}")
    inputs = corpus.read(name)
    assert inputs
    for data in (b"", *inputs):
        try:
            target.fuzz(data)
        except Exception as error:
            error.add_note(f"input {data.hex()}")
            raise
