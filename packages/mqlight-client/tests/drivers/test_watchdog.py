"""A callback that runs for long is logged once, by name, while it runs."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

import pytest

from mqlight._drivers.calls import Internal, Notice, Sent
from mqlight._drivers.watchdog import LONG, Watchdog

if TYPE_CHECKING:
    from mqlight._drivers.calls import Current


def handler(*_: object) -> None: ...


WARNED = (
    "on_drain has been running for more than 10 seconds: "
    f"{__name__}.handler; the callbacks behind it wait"
)


class Listener:
    def on_event(self, *_: object) -> None: ...

    def __call__(self, *_: object) -> None: ...


class Part:
    """A part of a batch that stands where the test puts it."""

    def __init__(self, left: int) -> None:
        self.left = left

    def run(self, client: object, failed: object) -> None: ...

    def current(self) -> Current:
        return self.left, "on_message", handler


@pytest.fixture
def watchdog(caplog: pytest.LogCaptureFixture) -> Watchdog:
    caplog.set_level(logging.INFO, "mqlight")
    return Watchdog(logging.getLogger("mqlight.driver"))


def test_a_callback_that_runs_for_long_is_named_once(
    watchdog: Watchdog, caplog: pytest.LogCaptureFixture
) -> None:
    watchdog.begin(Notice("on_drain", handler))
    for now in (100.0, 100.0 + LONG - 0.001):
        watchdog.look(now)
    assert caplog.record_tuples == []
    for now in (100.0 + LONG, 101.0 + LONG, 500.0):
        watchdog.look(now)
    assert caplog.record_tuples == [
        (
            "mqlight.driver",
            logging.WARNING,
            WARNED,
        )
    ]


@pytest.mark.parametrize(
    ("callback", "name"),
    [
        (handler, "handler"),
        (Listener().on_event, "Listener.on_event"),
        (Listener(), "Listener"),
        (functools.partial(functools.partial(handler, 1), 2), "handler"),
        (lambda *_: None, "<lambda>"),
    ],
)
def test_a_callback_is_named_by_where_it_is_defined(
    watchdog: Watchdog, caplog: pytest.LogCaptureFixture, callback: object, name: str
) -> None:
    watchdog.begin(Notice("on_drain", callback))  # type: ignore[arg-type]
    watchdog.look(0.0)
    watchdog.look(LONG)
    assert f": {__name__}.{name};" in caplog.text


def test_many_short_callbacks_are_no_long_one(
    watchdog: Watchdog, caplog: pytest.LogCaptureFixture
) -> None:
    part = Part(1000)
    watchdog.begin(part)
    for second in range(900):
        watchdog.look(float(second))
        part.left -= 1
    for second in range(900, 1000):
        watchdog.begin(Part(0))
        watchdog.look(float(second))
    assert caplog.record_tuples == []


def test_each_long_one_of_a_batch_is_logged(
    watchdog: Watchdog, caplog: pytest.LogCaptureFixture
) -> None:
    part = Part(3)
    watchdog.begin(part)
    for now in (0.0, LONG, 2 * LONG):
        watchdog.look(now)
    part.left = 2
    for now in (3 * LONG, 4 * LONG, 5 * LONG):
        watchdog.look(now)
    assert len(caplog.records) == 2


@pytest.mark.parametrize("idle", ["over", "our own", "nobody's"])
def test_what_is_not_the_applications_is_not_watched(
    watchdog: Watchdog, caplog: pytest.LogCaptureFixture, idle: str
) -> None:
    call = Internal(lambda: None) if idle == "our own" else Notice("on_drain", None)
    watchdog.begin(Notice("on_drain", handler) if idle == "over" else call)
    if idle == "over":
        watchdog.end()
    watchdog.look(0.0)
    watchdog.look(LONG)
    assert caplog.record_tuples == []


def test_the_message_whose_turn_it_is_has_the_callback() -> None:
    seen: list[Current | None] = []

    def look(*_: object) -> None:
        seen.append(sent.current())

    def look_too(*_: object) -> None:
        seen.append(sent.current())

    callbacks = [look, None, look_too]
    sent = Sent([(("t", b"", 0, callback, "", None), None) for callback in callbacks])
    assert sent.current() is None
    sent.run(None, lambda *_: None)
    assert seen == [(2, "on_sent", look), (0, "on_sent", look_too)]
