"""What happens to a connection, and after how many bytes: drawn at random, from a seed."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from random import Random
from typing import NamedTuple


class Kind(Enum):
    """What is done to a connection."""

    CUT = "cut"
    """Both ends get a FIN."""
    RESET = "reset"
    """Both ends get a RST; bytes that they have not read are lost."""
    TRUNCATE = "truncated"
    """A part of the bytes in hand is passed on, up to any byte, then both ends get a FIN."""
    HANG = "hung, then cut"
    """Nothing passes for a while, then both ends get a FIN and the bytes held are lost."""
    ABANDON = "cut on the client's side"
    """The server does not learn of it before the client is back."""
    SILENCE = "silent"
    """Nothing passes any more, until the client has had enough."""
    REFUSE = "cut, and new ones refused"
    """Both ends get a FIN, and nobody listens for a while."""
    STALL = "stalled"
    """Nothing passes for a while; it goes on."""

    @property
    def disconnects(self) -> bool:
        """The connection ends by it."""
        return self is not Kind.STALL


BAG = Counter(
    {
        Kind.CUT: 4,
        Kind.RESET: 4,
        Kind.TRUNCATE: 5,
        Kind.HANG: 2,
        Kind.ABANDON: 3,
        Kind.SILENCE: 1,
        Kind.REFUSE: 1,
        Kind.STALL: 4,
    }
)
"""How often each kind comes among 24: a bag is emptied before the next is filled."""

_HANDSHAKE_BYTES = 700
"""SASL, open, begin and attach of an MQ Light client, both directions together, at most."""

_ONE_OF = 15
"""One connection of so many is disturbed in its handshake."""


class Disturbance(NamedTuple):
    """What comes next for a connection."""

    kind: Kind
    after: int
    """Bytes that pass before it, both directions together."""
    seconds: float
    """How long a stall or a refusal lasts."""


class Disturbances:
    """Draws them; `bytes_apart` is how many bytes a connection passes between two, on average.

    What is drawn depends on the seed alone; when it happens, on the order of the connections.
    """

    def __init__(self, seed: int, bytes_apart: int) -> None:
        self._random = Random(seed)  # noqa: S311 - nothing secret
        self._bytes_apart = bytes_apart
        self._bag: list[Kind] = []

    def first(self) -> Disturbance:
        """Return what comes first for a new connection."""
        if self._random.randrange(_ONE_OF) == 0:
            return self._draw(self._random.randrange(1, _HANDSHAKE_BYTES))
        return self.next()

    def next(self) -> Disturbance:
        """Return what comes next for a connection that has been stalled."""
        # Never so soon that no message would come through: a client that makes no progress waits
        # longer and longer before it connects again.
        least = self._bytes_apart // 4
        return self._draw(self._random.randint(least, 2 * self._bytes_apart - least))

    def _draw(self, after: int) -> Disturbance:
        if not self._bag:
            self._bag = list(BAG.elements())
            self._random.shuffle(self._bag)
        return Disturbance(self._bag.pop(), after, self._random.uniform(0.01, 0.2))
