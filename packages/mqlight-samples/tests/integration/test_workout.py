"""`mqlight-uiworkout` with a server: what it prints through a pipe, and how it ends."""

from __future__ import annotations

import re
import signal
import socket
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run, Running, Start

_TOPICS: Final = {
    "private/private2": 1,
    "private/private3": 1,
    "private1": 1,
    "private4": 1,
    "shared/shared2 (share share2)": 2,
    "shared1 (share share1)": 2,
}
"""How many clients each has."""

_BRISK: Final = ("--delay", "0.05")


class Line(NamedTuple):
    """A line of the summary."""

    client_id: str
    topic: str
    sent: int
    received: int


@pytest.fixture
def workout(run: Run, server: DevServer) -> Start:
    """Start `mqlight-uiworkout` for the server."""
    return lambda *arguments: run("uiworkout", "-s", server.url, *arguments)


def summary(program: Running) -> list[Line]:
    """What it has printed in the end about each client."""
    found = [
        re.fullmatch(r"(CLIENT_[0-9a-f]{7}) (\S+(?: \(.*\))?): sent (\d+), received (\d+)", line)
        for line in program.out
    ]
    return [Line(one[1], one[2], int(one[3]), int(one[4])) for one in found if one]


def per_topic(lines: list[Line], name: str) -> Counter[str]:
    numbers = Counter[str]()
    for line in lines:
        numbers[line.topic] += getattr(line, name)
    return numbers


def test_what_it_prints_through_a_pipe(workout: Start, server: DevServer) -> None:
    program = workout(*_BRISK, "--duration", "1")

    assert program.end() == 0
    assert program.err == []
    told = Counter(re.sub("[0-9a-f]{7}$", "", line) for line in program.out)
    assert told[f"Connected to {server.url} using id CLIENT_"] == 8
    assert told["Receiving messages from topic pattern 'shared1' and share 'share1'"] == 2
    assert told["Receiving messages from topic pattern 'shared/shared2' and share 'share2'"] == 2
    for topic in ("private1", "private/private2", "private/private3", "private4"):
        assert told[f"Receiving messages from topic pattern '{topic}'"] == 1
    assert told["Sending messages"] == 1
    assert told["Sent 10 messages"] == told["Received 10 messages"] == 1
    lines = summary(program)
    total = sum(line.sent for line in lines)
    assert program.out[-1] == f"Total: sent {total}, received {total}"
    assert Counter(line.topic for line in lines) == _TOPICS
    assert len({line.client_id for line in lines}) == 8


def test_clients_with_the_same_share_get_each_message_once_between_them(workout: Start) -> None:
    program = workout("--delay", "0.01", "--duration", "1")

    assert program.end() == 0
    lines = summary(program)
    assert per_topic(lines, "sent") == per_topic(lines, "received")
    assert all(line.sent and line.received for line in lines)


def test_two_workouts_share_the_shared_topics_and_both_get_the_private_ones(
    workout: Start,
) -> None:
    programs = [workout(*_BRISK) for _ in range(2)]
    for program in programs:
        program.until_printed("Sending messages")
    for program in programs:
        program.until_printed("Sent 100 messages")
    first, second = [program.end(signal.SIGTERM) for program in programs]

    assert (first, second) == (143, 143)
    both = [line for program in programs for line in summary(program)]
    received, sent = per_topic(both, "received"), per_topic(both, "sent")
    assert sent["shared1 (share share1)"] >= received["shared1 (share share1)"] > 0
    assert received["private1"] > sent["private1"] > 0


def test_it_sends_words_and_verbose_tells_each_message(workout: Start) -> None:
    for option in ("-v", "--verbose"):
        program = workout(*_BRISK, option, "--duration", "0.5")

        assert program.end() == 0
        told = [re.match(r"CLIENT_\w+ (sent to|received from) (.*)", line) for line in program.out]
        sent = Counter(one[2] for one in told if one and one[1] == "sent to")
        assert sent == Counter(one[2] for one in told if one and one[1] == "received from")
        assert sent.total() == sum(line.sent for line in summary(program)) > 0
        assert all(re.fullmatch(r"[\w/]+: [A-Za-z]+[,.]?( .*)?", one) for one in sent)


def test_without_a_delay_given_it_waits_for_a_signal(workout: Start) -> None:
    program = workout()
    program.until_printed("Sending messages")

    assert program.end(signal.SIGINT) == 130
    assert program.err == []
    assert len(summary(program)) == 8


def test_a_message_of_another_program_is_received_too(workout: Start, send: Start) -> None:
    program = workout("-v", "--delay", "3600")
    program.until_printed("Sending messages")
    assert send("-t", "private4", "from elsewhere").end() == 0
    program.until_printed("received from private4: from elsewhere")

    assert program.end(signal.SIGTERM) == 143
    assert program.out[-1] == "Total: sent 0, received 1"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_arrive_what_is_under_way(workout: Start, number: int, status: int) -> None:
    program = workout("--delay", "0.005")
    program.until_printed("Sent 500 messages")

    assert program.end(number) == status
    assert program.err == []
    lines = summary(program)
    assert per_topic(lines, "sent") == per_topic(lines, "received")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_clients_are_connecting(run: Run, number: int, status: int) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=8) as silent:
        program = run("uiworkout", "-s", f"amqp://127.0.0.1:{silent.getsockname()[1]}")
        connections = [silent.accept()[0] for _ in range(8)]

        assert program.end(number) == status
        for connection in connections:
            connection.close()
    assert program.out == program.err == []


def test_an_outage_of_all_clients_is_not_told_by_each_and_ridden_out(
    workout: Start, server: DevServer
) -> None:
    program = workout(*_BRISK)
    program.until_printed("Received 20 messages")
    server.stop()
    program.until_warned("reconnecting")
    server.start()
    program.until(lambda: sum("Connected to" in line for line in program.out) == 16)
    before = len(program.out)
    program.until(lambda: any("Received" in line for line in program.out[before:]))

    assert program.end(signal.SIGTERM) == 143
    # One, unless some were connected again before others had noticed.
    assert 1 <= len(program.err) < 8
    assert all(line.endswith("reconnecting") for line in program.err)


def test_a_signal_in_an_outage_ends_it(workout: Start, server: DevServer) -> None:
    program = workout(*_BRISK)
    program.until_printed("Received 20 messages")
    server.stop()
    program.until_warned("reconnecting")

    assert program.end(signal.SIGTERM) == 143
    assert len(program.err) == 1


def test_the_time_is_over_in_an_outage(workout: Start, server: DevServer) -> None:
    program = workout(*_BRISK, "--duration", "2")
    program.until_printed("Sending messages")
    server.stop()

    assert program.end() == 0
    assert all(line.endswith("; reconnecting") for line in program.err)


def test_clients_that_the_server_refuses_end_it_with_one_line(run: Run) -> None:
    with DevServer(users={"alice": "wonderland"}) as server:
        url = server.url.replace("://", "://alice:looking-glass@")
        program = run("uiworkout", "-s", url)

        assert program.end() == 1
    assert program.out == []
    warning, error = sorted(program.err, key=lambda line: "warning: " not in line)
    assert "without TLS" in warning
    assert error.startswith(f"mqlight-uiworkout: {server.url}: ")


def test_it_takes_a_user_and_a_password_from_a_file(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wonderland\n", encoding="utf-8")
    with DevServer(users={"alice": "wonderland"}) as server:
        program = run(
            *("uiworkout", "-s", server.url, "--user", "alice", "--password-file", str(secret)),
            *("--duration", "0"),
        )

        assert program.end() == 0
    assert program.out[-1] == "Total: sent 0, received 0"
