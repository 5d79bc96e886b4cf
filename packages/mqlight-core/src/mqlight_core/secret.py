"""Values that hold a secret: they do not leave the process by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from typing import Self

__all__ = ["HoldsSecret"]


class HoldsSecret:
    """A base for frozen values: a copy of one is the value itself, and a pickle is refused."""

    __slots__ = ()

    def __copy__(self) -> Self:
        """Return the same: it cannot change."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Return the same: it cannot change."""
        return self

    def __reduce__(self) -> NoReturn:
        """Refuse: a pickle would hold the secret in clear.

        Raises:
            TypeError: always.
        """
        message = f"{type(self).__name__} cannot be pickled: its secret would be in clear"
        raise TypeError(message)
