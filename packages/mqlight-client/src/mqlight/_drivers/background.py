"""A daemon thread for steps that may take their time."""

from __future__ import annotations

import logging
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from mqlight._log.client_log import first_failure

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("mqlight.driver")


class Background:
    """Runs steps one after the other, in the order in which they were put."""

    def __init__(self, name: str) -> None:
        self._steps: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        threading.Thread(target=_work, args=(self._steps,), name=name, daemon=True).start()

    def put(self, step: Callable[[], object]) -> None:
        """Have a step taken; from any thread."""
        self._steps.put(step)

    def close(self) -> None:
        """End the thread after the steps that are waiting."""
        self._steps.put(None)


def _work(steps: SimpleQueue[Callable[[], object] | None]) -> None:
    while (step := steps.get()) is not None:
        try:
            step()
        except BaseException as error:  # noqa: BLE001 - without the thread the client waits for ever
            first_failure(log, "a step in the background failed", error)
        # While this thread waits, nothing of the last step is kept, such as its client.
        del step
