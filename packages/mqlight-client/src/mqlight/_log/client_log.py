"""Loggers whose records name the client, and the one record of an error of our own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Log: TypeAlias = logging.Logger | logging.LoggerAdapter[logging.Logger]


class ClientLog(logging.LoggerAdapter[logging.Logger]):
    """The logger of a name for one client: records have its id as `client_id`."""

    def __init__(self, name: str, client_id: str) -> None:
        super().__init__(logging.getLogger(name), {"client_id": client_id})


def first_failure(log: Log, what: str, error: BaseException) -> None:
    """Record an exception that is a defect of ours: versions, and the traceback."""
    import platform  # noqa: PLC0415 - nobody needs it until then
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    versions = []
    for distribution in ("mqlight-client", "python-qpid-proton"):
        try:
            versions.append(f"{distribution} {version(distribution)}")
        except PackageNotFoundError:
            versions.append(f"{distribution} of unknown version")
    versions += [f"Python {platform.python_version()}", platform.platform()]
    log.critical("%s (%s)", what, ", ".join(versions), exc_info=error)
