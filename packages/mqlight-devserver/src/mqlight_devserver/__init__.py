"""MQ Light's server side in one process: for development, demonstrations and tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqlight_devserver.devserver import DevServer

__all__ = ["DevServer"]


def __getattr__(name: str) -> object:
    # The command and the pytest plugin import this package before they need the server.
    if name == "DevServer":
        from mqlight_devserver.devserver import DevServer  # noqa: PLC0415

        return DevServer
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
