"""Which topic patterns a topic matches (mqlight-protocol.md §4.9).

`/` separates levels.  A level that is `+` matches exactly one level, a level that is `#` any number
of levels, none included, wherever it stands.  Everything else, `a+` or `USA#` too, is literal, and
so is every character of a topic.  Empty levels count: `/a` has two.
"""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["PatternIndex"]

V = TypeVar("V")


class _Level(Generic[V]):
    """A place in the tree of patterns: what may follow it, and the values that are filed there."""

    __slots__ = ("any_levels", "literal", "one_level", "repeats", "values")

    def __init__(self, *, repeats: bool = False) -> None:
        self.repeats = repeats
        self.literal: dict[str, _Level[V]] = {}
        self.one_level: _Level[V] | None = None
        self.any_levels: _Level[V] | None = None
        self.values: dict[V, None] = {}

    def next(self, level: str) -> _Level[V] | None:
        if level == "+":
            return self.one_level
        if level == "#":
            return self.any_levels
        return self.literal.get(level)

    def grow(self, level: str) -> _Level[V]:
        following = self.next(level)
        if following is None:
            following = _Level(repeats=level == "#")
            if level == "+":
                self.one_level = following
            elif level == "#":
                self.any_levels = following
            else:
                self.literal[level] = following
        return following

    def prune(self, level: str) -> None:
        if level == "+":
            self.one_level = None
        elif level == "#":
            self.any_levels = None
        else:
            del self.literal[level]

    @property
    def bare(self) -> bool:
        return not (self.values or self.literal or self.one_level or self.any_levels)


class PatternIndex(Generic[V]):
    """Values filed under topic patterns; `match` finds those of every pattern that a topic meets.

    A match takes one step per level of the topic for each pattern prefix that still fits, however
    many `#` the patterns hold.
    """

    def __init__(self) -> None:
        self._root: _Level[V] = _Level()

    def add(self, pattern: str, value: V) -> None:
        """File `value`, which must be hashable, under `pattern`; twice is as good as once."""
        place = self._root
        for level in pattern.split("/"):
            place = place.grow(level)
        place.values[value] = None

    def remove(self, pattern: str, value: V) -> None:
        """Take `value` out again.

        Raises:
            KeyError: it is not filed under this pattern.
        """
        levels = pattern.split("/")
        path = [self._root]
        for level in levels:
            following = path[-1].next(level)
            if following is None:
                raise KeyError(pattern)
            path.append(following)
        del path[-1].values[value]
        for parent, level, place in zip(path[-2::-1], levels[::-1], path[:0:-1], strict=True):
            if not place.bare:
                break
            parent.prune(level)

    def match(self, topic: str) -> tuple[V, ...]:
        """The values whose patterns match `topic`."""
        fitting = _with_no_levels({self._root: None})
        for level in topic.split("/"):
            following: dict[_Level[V], None] = {}
            for place in fitting:
                if place.repeats:
                    following[place] = None
                literal = place.literal.get(level)
                if literal is not None:
                    following[literal] = None
                if place.one_level is not None:
                    following[place.one_level] = None
            fitting = _with_no_levels(following)
        return tuple(value for place in fitting for value in place.values)


def _with_no_levels(places: dict[_Level[V], None]) -> dict[_Level[V], None]:
    """`places`, and all that follows them where `#` stands for no level at all."""
    reached = list(places)
    for place in reached:
        following = place.any_levels
        if following is not None and following not in places:
            places[following] = None
            reached.append(following)
    return places
