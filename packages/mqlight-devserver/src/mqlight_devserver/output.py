"""What the links of one connection share about its output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Output"]


class _Link(Protocol):
    def resume(self) -> None: ...

    def finish_drain(self) -> bool: ...


class Output:
    """A connection's way out: asked for by `wake`, stopped up while `blocked`.

    `limited` are links that could send more than the output takes at a time, `draining` those that
    owe their client an answer once they have nothing left to send.
    """

    __slots__ = ("_draining", "_limited", "blocked", "wake")

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` tells the owner of the socket that there is output."""
        self.wake: Callable[[], None] = wake
        self.blocked: bool = False
        self._limited: dict[_Link, None] = {}
        self._draining: dict[_Link, None] = {}

    def limit(self, link: _Link) -> None:
        """`resume` this link when the output that there is has been written."""
        self._limited[link] = None

    def drain(self, link: _Link) -> None:
        """Ask this link to `finish_drain` each time before output is made, until it has."""
        self._draining[link] = None

    def forget(self, link: _Link) -> None:
        """This link has gone."""
        self._limited.pop(link, None)
        self._draining.pop(link, None)

    def before_output(self) -> None:
        """Output is about to be made."""
        for link in tuple(self._draining):
            if link.finish_drain():
                del self._draining[link]

    def written(self) -> None:
        """All output has been written."""
        limited, self._limited = self._limited, {}
        for link in limited:
            link.resume()
