"""What a test prints, logs at any level and warns of, and what else it wants looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import exposure
from canary import leaks

if TYPE_CHECKING:
    import logging

    import pytest


class Watch:
    """Looks at everything that is shown while a test runs."""

    def __init__(
        self,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
        recwarn: pytest.WarningsRecorder,
    ) -> None:
        self._caplog = caplog
        self._capfd = capfd
        self._recwarn = recwarn
        self._shown: list[object] = []
        caplog.set_level(1)
        for name in ("mqlight", "asyncio"):
            caplog.set_level(1, name)

    def error(self, error: BaseException | None) -> None:
        """Look at an error too."""
        if error is not None:
            self._shown += exposure.of_error(error)

    def object(self, one: object) -> None:
        """Look at an object, and all that it leads to, as it is now."""
        self._shown += exposure.of_object(one)

    @property
    def records(self) -> list[logging.LogRecord]:
        """What has been logged."""
        return self._caplog.records

    def leaks(self) -> list[str]:
        """Return in which forms the secret was shown."""
        self._shown += self._capfd.readouterr()
        self._shown += [str(warning.message) for warning in self._recwarn]
        for record in self._caplog.records:
            self._shown += exposure.of_record(record)
        return leaks(*self._shown)
