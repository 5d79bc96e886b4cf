"""What is measured: each workload with the programs that do it, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Program:
    """One column of a workload: a module of `programs` and what it is told."""

    label: str
    module: str
    arguments: tuple[str, ...] = ()
    promised: bool = False
    """It is to take several times less CPU than the handler (`harness.report.GOAL`)."""


@dataclass(frozen=True, slots=True)
class Workload:
    """The same work, done once by proton's handler and in one or more ways by ours."""

    name: str
    qos: int
    role: Literal["sink", "source", "echo"]
    """The peer takes messages, sends them, or sends one back for each that it takes."""
    handler: Program
    ours: tuple[Program, ...]
    peer_arguments: tuple[str, ...] = ()
    part: int = 1
    """Only the n-th part of the messages: each of them takes longer."""
    tls: bool = False

    @property
    def programs(self) -> tuple[Program, ...]:
        """The handler's, and ours."""
        return (self.handler, *self.ours)


def beside_tls(workloads: Sequence[Workload]) -> tuple[Workload, ...]:
    """Put the same over TLS behind each workload; nothing is promised of it."""
    return tuple(one for workload in workloads for one in (workload, _over_tls(workload)))


def _over_tls(workload: Workload) -> Workload:
    ours = tuple(replace(program, promised=False) for program in workload.ours)
    return replace(workload, name=f"{workload.name}, TLS", ours=ours, tls=True)


_HANDLER_SEND = Program("MessagingHandler", "handler_send")
_HANDLER_RECV = Program("MessagingHandler", "handler_recv")
_OURS_SEND = (
    Program("drain honoured", "ours_send", ("--drain",), promised=True),
    Program("backlog", "ours_send", promised=True),
)
_OURS_RECV = (Program("", "ours_recv", promised=True),)
_AIO_SEND = Program("asyncio", "aio_send")
_AIO_RECV = Program("asyncio", "aio_recv")
_HANDLER_PING = Program("MessagingHandler", "handler_ping")
_OURS_PING = (Program("", "ours_ping"), Program("asyncio", "aio_ping"))

STANDARD = (
    Workload("send qos 0", 0, role="sink", handler=_HANDLER_SEND, ours=(*_OURS_SEND, _AIO_SEND)),
    Workload("send qos 1", 1, role="sink", handler=_HANDLER_SEND, ours=(*_OURS_SEND, _AIO_SEND)),
    Workload(
        "receive qos 0", 0, role="source", handler=_HANDLER_RECV, ours=(*_OURS_RECV, _AIO_RECV)
    ),
    Workload(
        "receive qos 1", 1, role="source", handler=_HANDLER_RECV, ours=(*_OURS_RECV, _AIO_RECV)
    ),
    Workload("ping-pong qos 0", 0, role="echo", handler=_HANDLER_PING, ours=_OURS_PING, part=10),
    Workload("ping-pong qos 1", 1, role="echo", handler=_HANDLER_PING, ours=_OURS_PING, part=10),
)

EXTRA = (
    Workload(
        "send qos 1, a disposition for each",
        1,
        role="sink",
        handler=_HANDLER_SEND,
        ours=_OURS_SEND,
        peer_arguments=("--disposition-each",),
    ),
    Workload(
        "receive qos 1, unique sections",
        1,
        role="source",
        handler=_HANDLER_RECV,
        ours=_OURS_RECV,
        peer_arguments=("--unique-sections",),
    ),
)
"""How far the figures depend on a peer that settles in ranges and on messages that are alike."""
