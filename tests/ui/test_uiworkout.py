"""The page while `mqlight-uiworkout` runs for a minute: it counts what the program counts."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mqlight_devserver import DevServer

    from .page import Page

SUMMARY = re.compile(r"(CLIENT_\w+) (\S+?)(?: \(share \w+\))?: sent (\d+), received (\d+)")
TOTAL = re.compile(r"Total: sent (\d+), received (\d+)")
NODES = {
    "topics": 6,
    "senders": 8,
    "destinations": 6,
    "receivers": 8,
}


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.timeout(150)
def test_the_page_and_the_program_count_the_same(page: Page, served: DevServer) -> None:
    program = [sys.executable, "-m", "mqlight_samples.uiworkout", "--service", served.url]
    seen: dict[str, tuple[int, int]] = {}
    with subprocess.Popen(  # noqa: S603 - our own program
        [*program, "--delay", "0.3", "--duration", "60"], stdout=subprocess.PIPE, text=True
    ) as workout:
        page.until(lambda: {name: len(nodes) for name, nodes in page.nodes().items()} == NODES)
        while workout.poll() is None:
            rows = [row for row in page.rows("clients") if len(row) > 1]
            seen |= {row[0]: (number(row[5]), number(row[6])) for row in rows}
            with suppress(subprocess.TimeoutExpired):
                workout.wait(0.2)
        output, _ = workout.communicate()
    assert workout.returncode == 0
    told = {found[1]: found for found in SUMMARY.finditer(output)}
    total = TOTAL.search(output)
    assert total is not None
    sent, received = total.groups()
    assert int(sent) == int(received) > 1000
    assert len(told) == 8

    page.wait_for_rows("clients", [["Nobody is connected."]])
    totals = page.totals()
    assert (number(totals["Received"]), number(totals["Delivered"])) == (int(sent), int(received))
    assert (totals["Topics"], totals["Rejected"], totals["Expired"]) == ("6", "0", "0")
    by_topic: Counter[str] = Counter()
    for found in told.values():
        by_topic[found[2]] += int(found[3])
    assert {row[0]: number(row[1]) for row in page.rows("topics")} == by_topic
    # What the page showed last of each client was the same, but for the last moments.
    assert seen.keys() == told.keys()
    for client_id, found in told.items():
        for shown, counted in zip(seen[client_id], (int(found[3]), int(found[4])), strict=True):
            assert 0.8 * counted < shown <= counted
