from __future__ import annotations

import subprocess
import sys

import pytest

import mqlight_devserver
from mqlight_devserver import DevServer


def test_public_names() -> None:
    assert mqlight_devserver.__all__ == ["DevServer"]
    assert mqlight_devserver.DevServer is DevServer


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Client'"):
        _ = mqlight_devserver.Client


def loaded_by(statement: str) -> set[str]:
    program = f"{statement}; import sys; print(*sys.modules)"
    shown = subprocess.run(  # noqa: S603 - Python itself
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return set(shown.stdout.split())


def test_the_client_is_never_imported() -> None:
    names = loaded_by("import mqlight_devserver.cli, mqlight_devserver.devserver")
    assert not any(name == "mqlight" or name.startswith("mqlight.") for name in names)


def test_the_server_needs_neither_pydantic_nor_asyncio_nor_protons_python_layer() -> None:
    names = loaded_by("from mqlight_devserver import DevServer")
    assert not names & {"pydantic", "asyncio", "proton", "cproton"}


def test_the_pytest_plugin_loads_no_server_before_a_test_wants_one() -> None:
    names = loaded_by("import mqlight_devserver.pytest_plugin")
    assert "mqlight_devserver.server" not in names
    assert "cproton_ffi" not in names


def test_who_wants_no_page_loads_no_http_server() -> None:
    names = loaded_by("import mqlight_devserver.cli, mqlight_devserver.devserver")
    assert not names & {"http", "http.server", "mqlight_devserver.ui"}
