"""What `mqlight-uiworkout` counts and prints."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mqlight_samples._workout_report import Entry, Report


def report_of(*entries: Entry, verbose: bool = False) -> Report:
    report = Report(verbose=verbose)
    report.entries += entries
    return report


@pytest.fixture
def shared() -> Entry:
    return Entry("CLIENT_0000001", "shared1", "share1")


@pytest.fixture
def private() -> Entry:
    return Entry("CLIENT_0000002", "private1", None)


def test_what_happens_is_told_in_the_words_of_the_original(
    shared: Entry, private: Entry, capsys: pytest.CaptureFixture[str]
) -> None:
    class Client:
        def get_service(self) -> str:
            return "amqp://host:5672"

        def get_id(self) -> str:
            return "CLIENT_0000001"

    client: Any = Client()
    report = report_of(shared, private)
    report.connected(client)
    report.subscribed(shared)
    report.subscribed(private)
    report.begun()

    assert capsys.readouterr().out.splitlines() == [
        "Connected to amqp://host:5672 using id CLIENT_0000001",
        "Receiving messages from topic pattern 'shared1' and share 'share1'",
        "Receiving messages from topic pattern 'private1'",
        "Sending messages",
    ]


def test_every_tenth_message_of_all_clients_is_told(
    shared: Entry, private: Entry, capsys: pytest.CaptureFixture[str]
) -> None:
    report = report_of(shared, private)
    for _ in range(10):
        report.sent(shared, "x")
        report.sent(private, "x")
        report.received(shared, "x", "shared1")

    assert capsys.readouterr().out.splitlines() == [
        "Sent 10 messages",
        "Sent 20 messages",
        "Received 10 messages",
    ]


def test_verbose_tells_each_message_on_a_line_that_nothing_in_it_breaks(
    shared: Entry, capsys: pytest.CaptureFixture[str]
) -> None:
    report = report_of(shared, verbose=True)
    report.sent(shared, "Lorem ipsum")
    report.received(shared, "two\nlines", "a\x1btopic")
    report.received(shared, bytearray(b"\0\1"), "shared1")

    assert capsys.readouterr().out.splitlines() == [
        "CLIENT_0000001 sent to shared1: Lorem ipsum",
        r"CLIENT_0000001 received from a\x1btopic: two\nlines",
        "CLIENT_0000001 received from shared1: (2 bytes) 00 01",
    ]


def test_the_summary_has_a_line_for_each_client_and_one_for_all(
    shared: Entry, private: Entry, capsys: pytest.CaptureFixture[str]
) -> None:
    report = report_of(shared, private)
    report.sent(shared, "x")
    report.sent(private, "x")
    report.received(private, "x", "private1")
    report.summary()

    assert capsys.readouterr().out.splitlines() == [
        "CLIENT_0000001 shared1 (share share1): sent 1, received 0",
        "CLIENT_0000002 private1: sent 1, received 1",
        "Total: sent 2, received 1",
    ]


def test_it_can_be_waited_for_what_is_under_way(shared: Entry) -> None:
    report = report_of(shared)

    def receive() -> None:
        for _ in range(3):
            report.received(shared, "x", "shared1")

    arriving = threading.Thread(target=receive)
    arriving.start()
    report.wait_received(3, timeout=30)

    assert shared.received == 3
    arriving.join()


def test_what_does_not_arrive_is_not_waited_for_without_end(shared: Entry) -> None:
    report_of(shared).wait_received(1, timeout=0)
