"""The names and passwords of those who are let in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Users"]


class Users(dict[str, str]):
    """Passwords by name, of which nothing but the names is ever shown."""

    def check(self) -> None:
        """Look at each name and password.

        Raises:
            TypeError: one is not str.
            ValueError: one could not be used. The message shows neither.
        """
        given: Iterable[tuple[object, object]] = self.items()
        for name, password in given:
            if not isinstance(name, str) or not isinstance(password, str):
                message = "users must be names with passwords, both str"
                raise TypeError(message)
            if not name or not password or "\0" in name + password:
                message = "a user's name and password must not be empty, nor hold a NUL"
                raise ValueError(message)
            if not _is_unicode(name + password):
                message = "a user's name and password must be Unicode text"
                raise ValueError(message)

    def __repr__(self) -> str:
        """Show the names."""
        return f"Users({', '.join(map(repr, self))})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse: a pickle would hold the passwords in clear.

        Raises:
            TypeError: always.
        """
        message = "the users of a server cannot be pickled: the passwords would be in clear"
        raise TypeError(message)


def _is_unicode(text: str) -> bool:
    # Not in the caller: its error would be chained to a UnicodeEncodeError, which shows the text.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
