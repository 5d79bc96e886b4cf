from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

USERS_TESTS = """
import socket

ports = set()

def test_a_server_is_there(mqlight_server):
    ports.add(mqlight_server.port)
    assert mqlight_server.url == f"amqp://127.0.0.1:{mqlight_server.port}"
    socket.create_connection(("127.0.0.1", mqlight_server.port)).close()

def test_each_test_has_a_server_of_its_own(mqlight_server):
    mqlight_server.stop()
    mqlight_server.start()
    socket.create_connection(("127.0.0.1", mqlight_server.port)).close()

def test_a_server_is_gone_after_its_test():
    for port in ports:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            continue
        assert False
"""


def test_users_tests_get_a_server_from_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_of_a_user.py").write_text(USERS_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    plugin = ["-p", "mqlight_devserver.pytest_plugin"]
    run = subprocess.run(  # noqa: S603 - pytest on the file above
        [*command, *plugin, "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 passed" in run.stdout
