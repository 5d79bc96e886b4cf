"""Sockets that listen, and how addresses are written."""

from __future__ import annotations

import errno
import socket
from typing import Final

__all__ = ["host_and_port", "listen"]

_BACKLOG: Final = 128


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens and does not block; `port` 0 takes a free one.

    Raises:
        OSError: the address cannot be listened on; the text names host and port.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        where = host_and_port(host, port)
        number = getattr(error, "errno", None) or errno.EINVAL
        raise OSError(number, f"cannot listen on {where}: {reason}") from error
    listener.settimeout(0)
    return listener


def host_and_port(host: str, port: int) -> str:
    """Join them as in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
