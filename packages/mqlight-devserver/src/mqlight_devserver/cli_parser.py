"""How `mqlight-devserver` says that it is used wrongly."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Parser"]

_NAME: Final = re.compile(r"--[a-z-]*|-.?", re.DOTALL)
_VALUE_NOT_TAKEN: Final = "ignored explicit argument"


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and shows no word that may be a secret."""

    def read(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """Read the arguments, or the command line; wrong usage ends the program with status 2."""
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            # A password may follow a misspelt option.
            names = " ".join(found[0] for word in unknown if (found := _NAME.match(word)))
            self.error(f"unrecognized arguments: {names or 'a word that is no option'}")
        return options

    def error(self, message: str) -> NoReturn:
        """End with status 2; the usage, of many lines, would hide what is wrong."""
        option, not_taken, _ = message.partition(_VALUE_NOT_TAKEN)
        if not_taken:
            message = f"{option}it takes no value"
        self.exit(2, f"{self.prog}: {message} (--help shows all options)\n")
