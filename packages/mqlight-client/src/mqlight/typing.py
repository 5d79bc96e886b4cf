"""Types for programs that use `mqlight.Client`; nothing here does anything at run time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from mqlight._arguments import ClientOptions
    from mqlight._client import Client
    from mqlight._machine.states import State
    from mqlight_security import SecurityOptions

__all__ = [
    "ClientOptionsArgument",
    "ClientOptionsDict",
    "Delivery",
    "MessageType",
    "OnDrain",
    "OnMessage",
    "OnSent",
    "OnStarted",
    "OnStateChanged",
    "OnStopped",
    "OnSubscribed",
    "OnUnsubscribed",
    "Property",
    "SecurityOptionsArgument",
    "SecurityOptionsDict",
    "SendOptionsDict",
    "Service",
    "ServiceCallback",
    "ServiceFunction",
    "SubscribeOptionsDict",
    "UnsubscribeOptionsDict",
]

ServiceCallback: TypeAlias = Callable[[object, str | Sequence[str] | None], object]
"""What a service function calls: `callback(error, services)`."""

ServiceFunction: TypeAlias = Callable[[ServiceCallback], object]
"""Called for each attempt to connect: `func(callback)`."""

Service: TypeAlias = str | Sequence[str] | ServiceFunction | None
"""The service argument: one URL (also of a lookup), several, a function that finds them, or None
for `VCAP_SERVICES`."""

MessageType: TypeAlias = Literal["message", "malformed"]

Delivery: TypeAlias = dict[str, Any]
"""About a message: `message` (topic, qos; ttl, properties, persistent, confirm_delivery where they
apply), `destination` (topic_pattern; share), and `malformed` for a malformed one."""

Property: TypeAlias = str | bool | int | float | bytes | None
"""What a message property may be."""


class SendOptionsDict(TypedDict, total=False):
    """Options of `Client.send`."""

    qos: int
    ttl: int
    properties: Mapping[str, Property]
    persistent: bool


class SubscribeOptionsDict(TypedDict, total=False):
    """Options of `Client.subscribe`."""

    qos: int
    ttl: int
    credit: int
    auto_confirm: bool


class UnsubscribeOptionsDict(TypedDict, total=False):
    """Options of `Client.unsubscribe`."""

    ttl: int


class SecurityOptionsDict(TypedDict, total=False):
    """Security options of a client."""

    user: str | None
    password: str | None
    ssl_trust_certificate: str | None
    ssl_client_certificate: str | None
    ssl_client_key: str | None
    ssl_client_key_passphrase: str | None
    ssl_keystore: str | None
    ssl_keystore_passphrase: str | None
    ssl_verify_name: bool


SecurityOptionsArgument: TypeAlias = "SecurityOptionsDict | SecurityOptions | None"
"""The argument `security_options`."""


class ClientOptionsDict(TypedDict, total=False):
    """Further options of a client; times in ms."""

    connect_timeout: int
    idle_timeout: int
    stop_timeout: int
    max_queued_bytes: int
    insecure_plain: Literal["warn", "allow", "refuse"]
    dialect: Literal["auto", "mqlight"]


ClientOptionsArgument: TypeAlias = "ClientOptionsDict | ClientOptions | None"
"""The argument `client_options`."""


OnStarted: TypeAlias = "Callable[[Client], object]"
OnStateChanged: TypeAlias = "Callable[[Client, State, Exception | None], object]"
OnDrain: TypeAlias = "Callable[[Client], object]"
OnStopped: TypeAlias = "Callable[[Client, Exception | None], object]"
OnSent: TypeAlias = "Callable[[Client, Exception | None, str, Any, Any], object]"
OnSubscribed: TypeAlias = "Callable[[Client, Exception | None, str, str | None], object]"
OnUnsubscribed: TypeAlias = "Callable[[Client, Exception | None, str, str | None], object]"
OnMessage: TypeAlias = "Callable[[MessageType, Any, Delivery], object]"
