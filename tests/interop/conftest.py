"""A server, IBM's client and ours.

The group needs Node.js and npm.  Without them it is skipped, or fails if the environment variable
MQLIGHT_REQUIRE_PEERS is 1.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# For authority.py: the import mode of the project puts no test folder there.
sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

from authority import Authority

from mqlight_devserver import DevServer

from .node_peer import NodePeer
from .python_peer import PythonPeer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mqlight.typing import SecurityOptionsDict

    from .peer import MakePeer, Peer

IBM_CLIENT = "mqlight@2.0.2019041500"
RHEA = "rhea@3.0.5"
INSTALLATION_TIME = 240
"""Seconds that npm may take, which the first test waits for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(INSTALLATION_TIME + 60))


def pytest_runtest_setup() -> None:
    """Skip here, at one place, so that pytest tells the reason in one line for the whole group."""
    for name in ("node", "npm"):
        _program(name)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        reason = f"the exchange with IBM's client needs Node.js and npm; there is no {name!r} here"
        if os.environ.get("MQLIGHT_REQUIRE_PEERS") == "1":
            pytest.fail(f"{reason}, and MQLIGHT_REQUIRE_PEERS is 1", pytrace=False)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with IBM's client and rhea in its node_modules; npm runs no scripts of packages."""
    npm = _program("npm")
    folder = tmp_path_factory.mktemp("ibm-client")
    (folder / "package.json").write_text(json.dumps({"private": True}))
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    done = subprocess.run(  # noqa: S603 - npm, and names from this file
        [*command, "--no-update-notifier", "--loglevel=error", IBM_CLIENT, RHEA],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=INSTALLATION_TIME,
        check=False,
    )
    if done.returncode:
        words = f"{done.stdout}{done.stderr}".strip()
        pytest.fail(f"npm install {IBM_CLIENT} {RHEA} failed:\n{words}", pytrace=False)
    return folder


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The authority of the servers; its files are in a folder of its own."""
    return Authority(tmp_path / "authority")


@pytest.fixture
def clients(tmp_path: Path) -> Authority:
    """Another one, for client certificates."""
    return Authority(tmp_path / "clients")


@pytest.fixture
def node_program() -> str:
    return _program("node")


@pytest.fixture
def server() -> Iterator[DevServer]:
    with DevServer(port=0) as running:
        yield running


@pytest.fixture
def security() -> SecurityOptionsDict:
    """How clients connect; none of the server's asks for anything."""
    return {}


@pytest.fixture
def keep() -> Iterator[Callable[[Peer], None]]:
    """Close peers at the end of the test, when none may have reported more than was asked for."""
    kept: list[Peer] = []
    with ExitStack() as closing:

        def keep_one(peer: Peer) -> None:
            kept.append(peer)
            closing.callback(peer.close)

        yield keep_one
    surplus = {str(peer): found for peer in kept if (found := peer.unexpected())}
    assert not surplus


@pytest.fixture
def node(
    installation: Path,
    server: DevServer,
    security: SecurityOptionsDict,
    keep: Callable[[Peer], None],
) -> MakePeer:
    """Connect a client of IBM's with this client id."""
    program = _program("node")

    def make(client_id: str) -> Peer:
        peer = NodePeer(program, installation, server.url, client_id, security)
        keep(peer)
        return peer

    return make


@pytest.fixture
def node_error(
    installation: Path, server: DevServer, security: SecurityOptionsDict
) -> Iterator[Callable[[], str]]:
    """Let a client of IBM's try to connect; the name of the first error that it reports."""
    program = _program("node")
    with ExitStack() as closing:

        def attempt() -> str:
            peer = NodePeer(program, installation, server.url, "c", security, connects=False)
            closing.callback(peer.close)
            return peer.error()

        yield attempt


@pytest.fixture
def ours(
    server: DevServer, security: SecurityOptionsDict, keep: Callable[[Peer], None]
) -> Callable[[str], PythonPeer]:
    """Connect a client of ours with this client id."""

    def make(client_id: str) -> PythonPeer:
        peer = PythonPeer(server.url, client_id, security)
        keep(peer)
        return peer

    return make


@pytest.fixture(params=["ours to Node", "Node to ours"])
def direction(
    request: pytest.FixtureRequest, ours: MakePeer, node: MakePeer
) -> tuple[MakePeer, MakePeer]:
    """Who sends and who receives: each test that uses this runs for both."""
    return (ours, node) if request.param == "ours to Node" else (node, ours)


@pytest.fixture
def sender(direction: tuple[MakePeer, MakePeer]) -> Peer:
    return direction[0]("sender")


@pytest.fixture
def make_receiver(direction: tuple[MakePeer, MakePeer]) -> MakePeer:
    return direction[1]


@pytest.fixture
def receiver(make_receiver: MakePeer) -> Peer:
    return make_receiver("receiver")
