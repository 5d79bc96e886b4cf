from __future__ import annotations

import subprocess
import sys

import pytest

import mqlight_security
from mqlight_security import options, tls


def modules_after(program: str) -> set[str]:
    done = subprocess.run(  # noqa: S603 - a program of this file
        [sys.executable, "-c", f"import sys\n{program}\nprint(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["pydantic", "ssl", "asyncio", "proton"])
def test_importing_the_package_does_not_load(module: str) -> None:
    assert module not in modules_after("import mqlight_security")


def test_the_options_load_pydantic_but_not_ssl() -> None:
    modules = modules_after("from mqlight_security import security_options")
    assert "pydantic" in modules
    assert "mqlight_security.tls" not in modules


def test_the_context_loads_ssl_but_not_pydantic() -> None:
    modules = modules_after("from mqlight_security import client_context")
    assert "ssl" in modules
    assert "pydantic" not in modules


def test_a_lazy_name_is_the_object_of_its_module() -> None:
    assert mqlight_security.SecurityOptions is options.SecurityOptions
    assert mqlight_security.security_options is options.security_options
    assert mqlight_security.client_context is tls.client_context


def test_all_names_are_sorted_and_there() -> None:
    assert sorted(mqlight_security.__all__) == mqlight_security.__all__
    for name in mqlight_security.__all__:
        assert hasattr(mqlight_security, name)
    assert set(mqlight_security.__all__) <= set(dir(mqlight_security))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'mqlight_security' has no attribute 'absent'"):
        mqlight_security.absent  # type: ignore[attr-defined]  # noqa: B018
