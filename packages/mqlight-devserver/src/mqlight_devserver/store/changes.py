"""What has become of destinations since the last commit, and not what has happened to them.

A message that has come and gone meanwhile has left no trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqlight_devserver.message import Message

__all__ = ["Changes"]


class Changes:
    """Of one destination.

    `kept`: its own row is to be written.  `deleted`: it is to go, with all its messages.  `new`:
    messages that it did not have; `states`: the count of failed deliveries, and whether a consumer
    has it, of messages by their order, new or not; `gone`: the orders of those that it had.
    """

    __slots__ = ("deleted", "gone", "kept", "new", "states")

    def __init__(self) -> None:
        self.kept: bool = False
        self.deleted: bool = False
        self.new: dict[int, Message] = {}
        self.states: dict[int, tuple[int, bool]] = {}
        self.gone: list[int] = []

    def put(self, message: Message) -> None:
        """It waits."""
        self.new[message.order] = message
        self.states[message.order] = (message.failed, False)

    def hold(self, message: Message, *, handed_out: bool) -> None:
        """A consumer has it, or it waits again."""
        self.states[message.order] = (message.failed, handed_out)

    def remove(self, message: Message) -> None:
        """It is not in the destination any more."""
        self.states.pop(message.order, None)
        if self.new.pop(message.order, None) is None:
            self.gone.append(message.order)
