from __future__ import annotations

import resource

from devserver_wire import AMQP_HEADER, Composite, Symbol, frame, frames

from mqlight_devserver._binding import Buffer
from mqlight_devserver.conditions import Refused
from mqlight_devserver.engine import Engine

OPEN = AMQP_HEADER + frame(Composite("open", container_id="c"))


def output(engine: Engine, size: int = 4096) -> bytes:
    buffer, said = Buffer(size), b""
    while filled := engine.fill(buffer):
        said += bytes(buffer.view[:filled])
    return said


def test_output_comes_in_pieces_no_larger_than_the_buffer() -> None:
    whole, pieces = Engine("server", 65536, 0), Engine("server", 65536, 0)
    for engine in (whole, pieces):
        engine.receive(OPEN)
        engine.open()
    assert output(pieces, size=7) == output(whole)
    whole.free()
    pieces.free()


def test_the_peers_container_id() -> None:
    engine = Engine("server", 65536, 0)
    assert engine.container_id is None
    engine.receive(OPEN)
    assert engine.container_id == "c"
    engine.free()


def test_more_bytes_than_the_engine_takes_at_a_time() -> None:
    engine = Engine("server", 65536, 0)
    engine.open()
    engine.receive(OPEN + frame(None) * 100_000)
    assert [frame.kind for frame in frames(output(engine))] == ["open"]
    engine.free()


def test_an_error_ends_the_input_wherever_it_is() -> None:
    engine = Engine("server", 65536, 0)
    engine.open()
    engine.receive(OPEN + frame(None) * 10_000 + b"\xff" * 8 + frame(None) * 10_000)
    assert [frame.kind for frame in frames(output(engine))] == ["open", "close"]
    engine.free()


def test_bytes_after_the_end_are_ignored() -> None:
    engine = Engine("server", 65536, 0)
    engine.receive(b"not AMQP at all")
    engine.receive(OPEN)
    assert engine.container_id is None
    assert "amqp:connection:framing-error" in engine.remote_error()
    engine.free()


def test_closing_with_a_reason() -> None:
    engine = Engine("server", 65536, 0)
    engine.receive(OPEN)
    engine.open()
    engine.close(Refused("amqp:not-allowed", "because"))
    *_, closed = frames(output(engine))
    error = closed["error"]
    assert isinstance(error, Composite)
    assert (error["condition"], error["description"]) == ("amqp:not-allowed", "because")
    assert engine.finished
    engine.free()


def test_the_peers_reason_for_closing() -> None:
    engine = Engine("server", 65536, 0)
    assert engine.remote_error() == ""
    error = Composite("error", condition=Symbol("amqp:x"), description="why")
    engine.receive(OPEN + frame(Composite("close", error=error)))
    assert engine.remote_error() == "'amqp:x': 'why'"
    engine.free()


def test_without_timeouts_there_is_no_need_to_come_again() -> None:
    engine = Engine("server", 65536, 0)
    engine.receive(OPEN)
    assert engine.tick(5.0) is None
    engine.free()


def test_the_idle_timeout_is_when_to_come_again() -> None:
    engine = Engine("server", 65536, 2.5)
    engine.open()
    engine.receive(OPEN)
    assert engine.tick(5.0) == 7.5
    engine.free()


def test_an_engine_that_is_freed_leaves_no_memory_behind() -> None:
    def cycle(times: int) -> None:
        for _ in range(times):
            engine = Engine("server", 65536, 0)
            engine.receive(OPEN)
            engine.open()
            output(engine)
            engine.free()

    cycle(200)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cycle(1000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000  # KiB
