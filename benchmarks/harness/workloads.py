"""What is measured: each workload with the programs that do it, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """One column of a workload: a module of `programs` and what it is told."""

    label: str
    module: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workload:
    """The same work, done once by proton's handler and in one or more ways by ours."""

    name: str
    qos: int
    sink: bool
    """The peer takes messages; otherwise it sends them."""
    handler: Program
    ours: tuple[Program, ...]
    peer_arguments: tuple[str, ...] = ()


_HANDLER_SEND = Program("MessagingHandler", "handler_send")
_HANDLER_RECV = Program("MessagingHandler", "handler_recv")
_OURS_SEND = (
    Program("drain honoured", "ours_send", ("--drain",)),
    Program("backlog", "ours_send"),
)
_OURS_RECV = (Program("", "ours_recv"),)

STANDARD = (
    Workload("send qos 0", 0, sink=True, handler=_HANDLER_SEND, ours=_OURS_SEND),
    Workload("send qos 1", 1, sink=True, handler=_HANDLER_SEND, ours=_OURS_SEND),
    Workload("receive qos 0", 0, sink=False, handler=_HANDLER_RECV, ours=_OURS_RECV),
    Workload("receive qos 1", 1, sink=False, handler=_HANDLER_RECV, ours=_OURS_RECV),
)

EXTRA = (
    Workload(
        "send qos 1, a disposition for each",
        1,
        sink=True,
        handler=_HANDLER_SEND,
        ours=_OURS_SEND,
        peer_arguments=("--disposition-each",),
    ),
    Workload(
        "receive qos 1, unique sections",
        1,
        sink=False,
        handler=_HANDLER_RECV,
        ours=_OURS_RECV,
        peer_arguments=("--unique-sections",),
    ),
)
"""How far the figures depend on a peer that settles in ranges and on messages that are alike."""
