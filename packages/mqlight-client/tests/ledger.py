"""What the servers of a history got and said, one connection after the other."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import proton

if TYPE_CHECKING:
    from collections.abc import Container

    from server_peer import ServerPeer, Transferred

ACCEPTED = proton.Disposition.ACCEPTED


def number_of(message: Transferred) -> int:
    """Return the number in the text of a message: `#12` and blanks."""
    encoded = message.encoded
    return int(encoded[encoded.rindex(b"#") + 1 :])


class Ledger:
    """Checks the order of what comes, and remembers what was said of it."""

    def __init__(self) -> None:
        self.peers: list[ServerPeer] = []
        """The servers, the newest last."""
        self._read: list[int] = []
        """How many transfers to each server are in the books."""
        self._last: defaultdict[tuple[int, str], int] = defaultdict(lambda: -1)
        """The newest message of each connection and topic."""
        self._newest: defaultdict[str, int] = defaultdict(lambda: -1)
        self.outcomes: dict[int, set[int]] = defaultdict(set)
        """What was said of each message."""

    def open(self, peer: ServerPeer) -> ServerPeer:
        self.peers.append(peer)
        self._read.append(0)
        return peer

    def read(self, finished: Container[int]) -> None:
        """Look at what has come; nothing of `finished` may come again."""
        for index, peer in enumerate(self.peers):
            for message in peer.transferred[self._read[index] :]:
                self._take(index, message, finished)
            self._read[index] = len(peer.transferred)

    def _take(self, index: int, message: Transferred, finished: Container[int]) -> None:
        number, topic = number_of(message), message.topic
        assert number > self._last[index, topic], "an older message of the topic came later"
        self._last[index, topic] = number
        if number <= self._newest[topic]:
            assert not message.settled, "a message at quality of service 0 came twice"
            assert number not in finished, "a message that was finished came again"
        self._newest[topic] = max(number, self._newest[topic])

    def unsettled(self) -> list[Transferred]:
        """Return the messages that wait for the newest server's word, the oldest first."""
        newest = self.peers[-1:]
        return [message for peer in newest for message in peer.transferred if not message.settled]

    def settle(self, message: Transferred, state: int = ACCEPTED) -> None:
        """Say what becomes of a message to the newest server."""
        message.settled = True
        self.outcomes[number_of(message)].add(int(state))
        self.peers[-1].settle(message, state)
