"""What the pyproject.toml files of packages/* promise, and what an installation shows."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]

IMPORT_NAMES = {
    "mqlight-core": "mqlight_core",
    "mqlight-security": "mqlight_security",
    "mqlight-client": "mqlight",
    "mqlight-devserver": "mqlight_devserver",
    "mqlight-samples": "mqlight_samples",
}

SIBLINGS = {
    "mqlight-core": set[str](),
    "mqlight-security": {"mqlight-core"},
    "mqlight-client": {"mqlight-core", "mqlight-security"},
    "mqlight-devserver": {"mqlight-core", "mqlight-security"},
    "mqlight-samples": {"mqlight-core", "mqlight-security", "mqlight-client", "mqlight-devserver"},
}
"""Who may ask for whom: never for somebody further down."""

MODULES_OF = {"python-qpid-proton": "cproton_ffi"}
"""Where a distribution that we depend on is imported by another name."""

every_distribution = pytest.mark.parametrize("name", IMPORT_NAMES)


def project(name: str) -> dict[str, Any]:
    text = (ROOT / "packages" / name / "pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)["project"]
    return found


def requirements(name: str) -> list[Requirement]:
    found = project(name)
    extras = found.get("optional-dependencies", {}).values()
    return [Requirement(line) for lines in (found["dependencies"], *extras) for line in lines]


def imported_modules(name: str) -> set[str]:
    """The top-level modules that a distribution's code imports, wherever it does."""
    modules = set[str]()
    for file in (ROOT / "packages" / name / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules.update(one.name.partition(".")[0] for one in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    return modules


def in_a_new_process(program: str) -> str:
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout.strip()


def test_every_folder_of_packages_is_a_distribution_known_here() -> None:
    folders = {file.parent.name for file in (ROOT / "packages").glob("*/pyproject.toml")}
    assert folders == set(IMPORT_NAMES)
    assert {project(name)["name"] for name in folders} == folders


@every_distribution
def test_a_distribution_asks_only_for_siblings_that_it_may_stand_on(name: str) -> None:
    asked = {one.name for one in requirements(name)} & set(IMPORT_NAMES)
    assert asked <= SIBLINGS[name]


@every_distribution
def test_each_requirement_has_a_lower_and_an_upper_bound(name: str) -> None:
    for one in requirements(name):
        assert {bound.operator for bound in one.specifier} == {">=", "<"}, str(one)


@every_distribution
def test_the_range_of_a_sibling_contains_its_version(name: str) -> None:
    for one in requirements(name):
        if one.name in IMPORT_NAMES:
            assert one.specifier.contains(project(one.name)["version"], prereleases=True), str(one)


@every_distribution
def test_each_requirement_says_in_its_line_what_it_is_for(name: str) -> None:
    text = (ROOT / "packages" / name / "pyproject.toml").read_text(encoding="utf-8")
    for one in requirements(name):
        lines = [line for line in text.splitlines() if line.strip().startswith(f'"{one.name}')]
        assert lines
        for line in lines:
            assert line.partition("#")[2].strip(), line


@every_distribution
def test_only_versions_of_python_that_the_tests_run_on_are_claimed(name: str) -> None:
    found = project(name)
    environments = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
    [matrix] = environments["hatch-test"]["matrix"]
    versions = [one.rpartition(" ")[2] for one in found["classifiers"] if " :: 3." in one]
    assert versions
    assert set(versions) <= set(matrix["python"])
    assert found["requires-python"] == f">={min(matrix['python'], key=Version)}"


@every_distribution
def test_what_is_imported_is_required(name: str) -> None:
    required = {
        IMPORT_NAMES.get(one.name) or MODULES_OF.get(one.name) or canonicalize_name(one.name)
        for one in requirements(name)
    }
    # The plugin is imported by pytest, where there is one.
    optional = {"pytest"} if "entry-points" in project(name) else set()
    allowed = required | optional | sys.stdlib_module_names | {IMPORT_NAMES[name]}
    assert imported_modules(name) <= allowed


@every_distribution
def test_what_is_required_is_imported(name: str) -> None:
    extras = project(name).get("optional-dependencies", {})
    optional = {Requirement(line).name for lines in extras.values() for line in lines}
    for one in requirements(name):
        if one.name not in optional:
            module = IMPORT_NAMES.get(one.name) or MODULES_OF.get(one.name) or one.name
            assert module in imported_modules(name), str(one)


@every_distribution
def test_a_distribution_is_typed_and_has_its_own_copy_of_the_licence(name: str) -> None:
    folder = ROOT / "packages" / name
    assert (folder / "src" / IMPORT_NAMES[name] / "py.typed").read_bytes() == b""
    assert not (folder / "LICENSE").is_symlink()
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@every_distribution
def test_a_distribution_has_a_readme_and_a_changelog(name: str) -> None:
    folder = ROOT / "packages" / name
    readme = (folder / project(name)["readme"]).read_text(encoding="utf-8")
    assert readme.startswith(f"# {name}\n")
    assert (folder / "CHANGELOG.md").is_file()


@every_distribution
def test_what_is_installed_has_the_version_of_the_source(name: str) -> None:
    assert Version(version(name)) == Version(project(name)["version"])


def test_the_client_tells_its_version() -> None:
    shown = in_a_new_process("import mqlight; print(mqlight.__version__)")
    assert shown == project("mqlight-client")["version"]


PROGRAMS = (
    "mqlight-demo",
    "mqlight-devserver",
    "mqlight-recv",
    "mqlight-send",
    "mqlight-uiworkout",
)


def declared_entry_points(name: str) -> list[EntryPoint]:
    found = project(name)
    groups = {"console_scripts": found.get("scripts", {})} | found.get("entry-points", {})
    return [
        EntryPoint(key, value, group)
        for group, entries in groups.items()
        for key, value in entries.items()
    ]


def test_every_program_and_plugin_is_installed_and_can_be_loaded() -> None:
    declared = [one for name in IMPORT_NAMES for one in declared_entry_points(name)]
    assert {one.name for one in declared} == {"mqlight", *PROGRAMS}
    for one in declared:
        [installed] = entry_points(group=one.group, name=one.name)
        assert installed.value == one.value
        assert callable(installed.load()) or one.group == "pytest11"


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_explains_itself(program: str) -> None:
    [entry_point] = entry_points(group="console_scripts", name=program)
    shown = in_a_new_process(
        f"import sys, {entry_point.module} as module; sys.argv = [{program!r}, '--help'];"
        f"module.{entry_point.attr}()"
    )
    assert shown.startswith(f"usage: {program}")


@pytest.mark.parametrize(
    "module", ["asyncio", "cproton_ffi", "http.client", "proton", "pydantic", "ssl"]
)
def test_importing_the_client_does_not_load(module: str) -> None:
    shown = in_a_new_process(f"import sys, mqlight; print({module!r} in sys.modules)")
    assert shown == "False"


def test_the_client_is_there_without_a_connection() -> None:
    assert in_a_new_process("import mqlight; print(mqlight.Client.__name__)") == "Client"
