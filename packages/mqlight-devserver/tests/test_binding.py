from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from mqlight_devserver import _binding
from mqlight_devserver._binding import Buffer, TagCounter, chars, copy, text, text_lossy

SOURCE = Path(str(_binding.__file__))


def load_with(monkeypatch: pytest.MonkeyPatch, **lib: object) -> None:
    """Import the binding anew, on a proton of which there is only what is said here."""
    package = ModuleType("cproton_ffi")
    package.lib = SimpleNamespace(**lib)  # type: ignore[attr-defined]
    package.ffi = object()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cproton_ffi", package)
    names = ModuleType("cproton_ffi.lib")
    monkeypatch.setitem(sys.modules, "cproton_ffi.lib", names)
    spec = importlib.util.spec_from_file_location("binding_under_test", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


@pytest.mark.parametrize("version", [(0, 38), (0, 41), (1, 0)])
def test_a_version_that_was_not_tried_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int]
) -> None:
    major, minor = version
    with pytest.raises(ImportError, match=f"installed is {major}.{minor}"):
        load_with(monkeypatch, PN_VERSION_MAJOR=major, PN_VERSION_MINOR=minor)


def test_a_release_that_lacks_a_function_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ImportError, match=r">=0.39,<0.41; installed is 0.40: .*PN_ACCEPTED"):
        load_with(monkeypatch, PN_VERSION_MAJOR=0, PN_VERSION_MINOR=40)


def test_the_stub_describes_what_is_there_and_nothing_else() -> None:
    stub = ast.parse(SOURCE.with_suffix(".pyi").read_text())
    typed = {node.name for node in stub.body if isinstance(node, ast.FunctionDef)}
    typed |= {
        node.target.id
        for node in stub.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    there = {name for name in vars(_binding) if name.lower().startswith("pn_")}
    assert {name for name in typed if name.lower().startswith("pn_")} == there
    assert all(hasattr(_binding, name) for name in typed)


def test_a_buffer_is_seen_from_both_sides() -> None:
    buffer = Buffer(8)
    buffer.view[:3] = b"abc"
    assert copy(buffer.pointer, 3) == b"abc"
    assert copy(buffer.pointer + 1, 2) == b"bc"
    assert buffer.size == len(buffer.view) == 8


def test_a_tag_is_what_its_number_says() -> None:
    tags = TagCounter()
    assert tags.number[0] == 0
    tags.number[0] = 5
    assert tags.number[0] == 5


@pytest.mark.parametrize("data", [b"abc", memoryview(b"abc"), bytearray(b"abc")])
def test_any_bytes_can_be_handed_over(data: bytes) -> None:
    assert copy(chars(data), 3) == b"abc"


def test_c_strings() -> None:
    assert text(chars("ä".encode() + b"\0")) == "ä"
    assert text_lossy(chars(b"a\xff\0")) == "a\N{REPLACEMENT CHARACTER}"
    with pytest.raises(UnicodeDecodeError):
        text(chars(b"\xff\0"))
    null = _binding.pn_condition_get_name(
        _binding.pn_connection_condition(_binding.pn_connection())
    )
    assert text(null) is None
    assert text_lossy(null) == ""
