"""Security options, credentials, SASL choice and TLS contexts for AMQP clients and servers.

Importing it loads neither pydantic nor ssl; the names that need them do, on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mqlight_security.credentials import Credentials, agreed_credentials, credentials_for
from mqlight_security.sasl import acceptable_mechanisms, choose_mechanism
from mqlight_security.server_tls import ServerTls

if TYPE_CHECKING:
    from mqlight_security.options import SecurityOptions, security_options
    from mqlight_security.tls import client_context, server_context

__all__ = [
    "Credentials",
    "SecurityOptions",
    "ServerTls",
    "acceptable_mechanisms",
    "agreed_credentials",
    "choose_mechanism",
    "client_context",
    "credentials_for",
    "security_options",
    "server_context",
]

_LAZY = {
    "SecurityOptions": "mqlight_security.options",
    "client_context": "mqlight_security.tls",
    "security_options": "mqlight_security.options",
    "server_context": "mqlight_security.tls",
}

if not TYPE_CHECKING:  # a type checker would take every misspelt name for one of these

    def __getattr__(name: str) -> object:
        if name in _LAZY:
            return getattr(import_module(_LAZY[name]), name)
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)

    def __dir__() -> list[str]:
        return sorted(set(globals()) | set(_LAZY))
