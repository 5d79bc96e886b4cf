"""Words to send where it does not matter which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

__all__ = ["LOREM_IPSUM", "some_words"]

LOREM_IPSUM: Final = (
    "Lorem ipsum dolor sit amet, consectetur adipisicing elit, sed do eiusmod tempor incididunt "
    "ut labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco "
    "laboris nisi ut aliquip ex ea commodo consequat. Duis aute irure dolor in reprehenderit in "
    "voluptate velit esse cillum dolore eu fugiat nulla pariatur. Excepteur sint occaecat "
    "cupidatat non proident, sunt in culpa qui officia deserunt mollit anim id est laborum."
)
_WORDS: Final = tuple(LOREM_IPSUM.split())


def some_words(chance: Random) -> str:
    """Return a run of the words, one or more, in their order."""
    first, last = sorted(chance.choices(range(len(_WORDS)), k=2))
    return " ".join(_WORDS[first : last + 1])
