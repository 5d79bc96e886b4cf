"""No secret in what a process prints, whatever is asked of its log; each is a child of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from canary import CANARY, IN_URL, leaks

from mqlight_devserver import DevServer

CLIENT = """
import sys, mqlight
ended = lambda client, state, error: state == "retrying" and client.stop()
with mqlight.Client(sys.argv[1], "client_1", on_state_changed=ended) as client:
    client.subscribe("news", on_subscribed=lambda *_: client.stop())
    client.wait_stopped()
"""
TALKATIVE = [
    {"MQLIGHT_PYTHON_LOG": "ALL"},
    {"PN_TRACE_FRM": "1"},
    {"PN_TRACE_RAW": "1"},
    {"PN_LOG": "ALL"},
    {"PYTHONDEVMODE": "1", "PYTHONASYNCIODEBUG": "1", "MQLIGHT_PYTHON_LOG": "ALL"},
]


def printed(*command: str, **environment: str) -> str:
    """Run a Python program; return all that it wrote."""
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, *command],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
        text=True,
    )
    return done.stdout


@pytest.mark.parametrize("known", [CANARY, "another"], ids=["accepted", "refused"])
@pytest.mark.parametrize("environment", TALKATIVE, ids=" ".join)
def test_a_client_prints_no_password_however_talkative_it_is_made(
    environment: dict[str, str], known: str
) -> None:
    with DevServer(users={"ann": known}) as server:
        said = printed("-c", CLIENT, server.url.replace("//", f"//ann:{IN_URL}@"), **environment)
    assert "the password goes over a connection without TLS" in said
    assert leaks(said) == []
