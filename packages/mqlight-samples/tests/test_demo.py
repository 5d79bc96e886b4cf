"""The sums of the demonstration, and what it needs."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest

from mqlight_samples import demo
from mqlight_samples._children import Child
from mqlight_samples._process import Process


def printed(name: str, *numbers: int) -> Child:
    """A program that has printed these messages among other lines."""
    process: Any = None
    child = Child(name, process)
    child.lines = ["Connected to somewhere", *(f"{number}: Hello world!" for number in numbers)]
    return child


@pytest.mark.parametrize(
    ("sent", "news", "work_1", "work_2", "lost"),
    [
        ([], [], [], [], 0),
        ([1, 2], [1, 2], [1], [2], 0),
        ([1, 2], [2, 1], [], [1, 2], 0),
        ([1, 2], [1, 1, 2], [1, 2], [2], 0),
        ([1, 2], [1], [1], [2], 1),
        ([1, 2], [1, 2], [1], [], 1),
        ([1, 2], [], [], [], 4),
    ],
)
def test_lost_is_what_did_not_come_to_news_or_not_to_the_share(
    sent: list[int], news: list[int], work_1: list[int], work_2: list[int], lost: int
) -> None:
    receivers = [printed("news", *news), printed("work-1", *work_1), printed("work-2", *work_2)]

    assert demo.lost(printed("sender", *sent), receivers) == lost


@pytest.mark.parametrize(
    ("news", "status", "summary"),
    [
        (range(1, 11), 0, "Summary: 10 sent, 20 received (news 10, work-1 5, work-2 5), 0 lost\n"),
        (range(1, 10), 1, "Summary: 10 sent, 19 received (news 9, work-1 5, work-2 5), 1 lost\n"),
    ],
)
def test_the_summary_decides_about_the_exit_code(
    news: range, status: int, summary: str, capsys: pytest.CaptureFixture[str]
) -> None:
    process = Process("mqlight-demo")
    receivers = [
        printed("news", *news),
        printed("work-1", *range(1, 11, 2)),
        printed("work-2", *range(2, 11, 2)),
    ]
    sender = printed("sender", *range(1, 11))

    assert process.run(lambda: demo.summarise(process, sender, receivers)) == status
    assert capsys.readouterr().out == summary


def test_without_the_server_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mqlight_devserver", None)

    assert demo.main([]) == 1
    assert capsys.readouterr() == (
        "",
        "mqlight-demo: the server is missing; to install it: pip install 'mqlight-samples[demo]'\n",
    )


def test_it_takes_no_arguments_and_says_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        demo.main(["stray"])
    assert re.fullmatch("mqlight-demo: unrecognized arguments: .*\n", capsys.readouterr().err)
