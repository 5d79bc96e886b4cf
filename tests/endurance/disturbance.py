"""The run with a disturbed network: a sender and two readers, all through the proxy."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from .asyncio_programs import AsyncioReader, AsyncioSender
from .callback_programs import CallbackReader, CallbackSender
from .disturbances import Disturbances
from .life import PATIENCE
from .proxy import Proxy
from .record import Reader, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from .disturbances import Kind
    from .life import Program

TOPICS = 4

FACES: dict[str, tuple[Callable[[str, Record], Program], Callable[..., Program]]] = {
    "callbacks": (CallbackSender, CallbackReader),
    "asyncio": (AsyncioSender, AsyncioReader),
}
"""What makes the sender and the readers, by the way in which programs use the client."""

_BYTES_A_MESSAGE = 450
"""What one message makes pass through the proxy, to the server and to both readers."""


@dataclass
class Outcome:
    """What a run has shown."""

    record: Record
    disconnections: int
    counts: dict[Kind, int]
    bytes_passed: int
    bytes_lost: int
    seconds: float

    def lines(self) -> list[str]:
        """Return it in words."""
        record = self.record
        kinds = ", ".join(f"{kind.value} {count}" for kind, count in self.counts.items())
        losses = f"{record.sender_losses} connections lost by the sender"
        lines = [
            f"{len(record.told)} messages told of {record.total}, in {self.seconds:.0f} s",
            f"{self.disconnections} disconnections by the proxy ({kinds})",
            f"{losses}, with {record.unsettled_at_losses} messages unsettled",
            f"{self.bytes_passed} bytes passed on, {self.bytes_lost} lost",
        ]
        lines += [
            f"{reader.name}: {len(reader.first)} messages received, {len(reader.again)} again, "
            f"{reader.losses} connections lost"
            for reader in record.readers
        ]
        return lines


def run(face: str, port: int, *, messages: int, disconnections: int, seed: int) -> Outcome:
    """Send `messages` through the proxy to the server at `port`, to a reader of each kind.

    The disturbances are spread so that about `disconnections` end a connection.
    """
    bytes_apart = messages * _BYTES_A_MESSAGE // disconnections
    make_sender, make_reader = FACES[face]
    record = Record(messages, TOPICS)
    began = monotonic()
    with ExitStack() as stack:
        proxy = stack.enter_context(Proxy(port, Disturbances(seed, bytes_apart)))
        for name, manual in (("reader", False), ("confirmer", True)):
            reader = Reader(name, credit=100)
            record.readers.append(reader)
            program = make_reader(proxy.url, record, reader, manual=manual)
            stack.callback(program.stop)
        stack.callback(make_sender(proxy.url, record).stop)
        _wait(record)
        # What the programs do to stop is not to be disturbed.
        proxy.calm()
    return Outcome(
        record,
        proxy.disconnections,
        dict(proxy.counts),
        proxy.bytes_passed,
        proxy.bytes_lost,
        monotonic() - began,
    )


def _wait(record: Record) -> None:
    """Wait until the run is complete, or until nothing happens any more."""
    while not record.unexpected:
        before = record.progress
        if record.wait(lambda: record.complete, PATIENCE) or record.progress == before:
            return
