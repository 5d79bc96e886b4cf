from __future__ import annotations

import subprocess
import sys

import pytest

import mqlight_core
from mqlight_core import arguments

LAZY = ["Arguments", "Reported", "unknown_names", "validate"]


def modules_after(program: str) -> set[str]:
    done = subprocess.run(  # noqa: S603 - a program of this file
        [sys.executable, "-c", f"import sys\n{program}\nprint(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["pydantic", "asyncio", "http.client", "ssl", "proton"])
def test_importing_the_package_does_not_load(module: str) -> None:
    assert module not in modules_after("import mqlight_core")


def test_the_names_that_need_pydantic_load_it_on_first_use() -> None:
    assert "pydantic" in modules_after("from mqlight_core import validate")


@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_name_is_the_object_of_its_module(name: str) -> None:
    assert getattr(mqlight_core, name) is getattr(arguments, name)


def test_all_names_are_sorted_and_there() -> None:
    assert sorted(mqlight_core.__all__) == mqlight_core.__all__
    for name in mqlight_core.__all__:
        assert hasattr(mqlight_core, name)
    assert set(mqlight_core.__all__) <= set(dir(mqlight_core))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'mqlight_core' has no attribute 'absent'"):
        mqlight_core.absent  # type: ignore[attr-defined]  # noqa: B018
