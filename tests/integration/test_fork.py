"""In a child of `fork` the clients of the parent are dead, and the parent's live on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mqlight_devserver import DevServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

FORKED = "the client was made before the fork: a child process needs one of its own"


def said(server: DevServer, program: str) -> list[str]:
    """Run a program to its end; return what it and its children have said."""
    path = Path(__file__).with_name("program_that_forks.py")
    # Python 3.12 and later warn of every fork of a process with threads.
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "ignore::DeprecationWarning", str(path), server.url, program],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.splitlines()


def test_every_call_in_the_child_says_why_it_is_refused(server: DevServer) -> None:
    assert said(server, "calls") == [
        "state stopped",
        "is_stopped True",
        "get_service None",
        "get_id parent",
        "wait_stopped True",
        f"send StoppedError {FORKED}",
        f"subscribe StoppedError {FORKED}",
        f"unsubscribe StoppedError {FORKED}",
        f"start StoppedError {FORKED}",
        f"stop StoppedError {FORKED}",
        "leaves",
        "child 0",
        "started after",
    ]


def test_clients_that_have_ended_keep_no_other_alive_in_the_child(server: DevServer) -> None:
    assert said(server, "after_another") == [
        "state stopped",
        f"send StoppedError {FORKED}",
        "child 0",
        "started after",
    ]


def test_a_message_of_the_parents_can_not_be_confirmed_in_the_child(server: DevServer) -> None:
    assert said(server, "confirms") == [
        "confirm NetworkError the message came before the fork: only the parent can confirm it",
        "child 0",
        "True",
    ]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's list of descriptors")
def test_the_child_keeps_none_of_the_descriptors(server: DevServer) -> None:
    assert said(server, "descriptors") == ["True", "0", "child 0", "after"]


def test_a_call_of_a_blocking_client_does_not_wait_in_the_child(server: DevServer) -> None:
    assert said(server, "blocking") == [
        f"send StoppedError {FORKED}",
        f"receive StoppedError {FORKED}",
        f"start StoppedError {FORKED}",
        "stop True",
        "stopped []",
        "child 0",
        "after",
    ]


def test_the_client_of_an_event_loop_is_stopped_in_the_child(server: DevServer) -> None:
    assert said(server, "asynchronous") == [
        f"send StoppedError {FORKED}",
        f"start StoppedError {FORKED}",
        "stop None",
        "stopped",
        "child 0",
        "after",
    ]


def test_a_lock_that_another_thread_held_does_not_block_the_child(server: DevServer) -> None:
    assert said(server, "locks") == [
        f"stop StoppedError {FORKED}",
        f"subscribe StoppedError {FORKED}",
        "sent",
        "child 0",
        "from the child",
    ]


def test_a_child_that_ends_is_not_held_by_the_clients_of_its_parent(server: DevServer) -> None:
    assert said(server, "ends") == ["the child ends", "child 0", "after"]


def test_a_callback_may_fork_and_return_in_both_processes(server: DevServer) -> None:
    assert said(server, "in_a_callback") == ["started from the child"]


def test_processes_of_multiprocessing_have_clients_of_their_own(server: DevServer) -> None:
    assert said(server, "workers") == [f"send StoppedError {FORKED}", "0 from the worker"] * 2
