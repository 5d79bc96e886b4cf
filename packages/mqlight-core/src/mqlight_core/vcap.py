"""The messaging service that Cloud Foundry has bound to an application: `VCAP_SERVICES`.

The rules are those of IBM's clients and samples (mqlight-protocol.md §2.5).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from mqlight_core.errors import InvalidArgumentError, InvalidArgumentTypeError
from mqlight_core.lookup_url import parse_http_url
from mqlight_core.redact import describe_value
from mqlight_core.secret import HoldsSecret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqlight_core.service import Service
    from mqlight_core.source import Answer, ServiceSource

__all__ = ["VCAP_SERVICES", "BoundService", "VcapSource", "bound_service"]

VCAP_SERVICES = "VCAP_SERVICES"
"""The name of the variable."""

_USER_PROVIDED = "user-provided"
_LABEL = re.compile(rf"mqlight.*|messagehub.*|{_USER_PROVIDED}", re.DOTALL)
_LOOKUP_URL = ("connectionLookupURI", "mqlight_lookup_url")
_USER = ("username", "user")
_PASSWORD = ("password",)


@dataclass(frozen=True, slots=True)
class BoundService(HoldsSecret):
    """How to find and use the service that is bound to the application."""

    lookup_url: str = field(repr=False)
    """The http or https URL where the servers are looked up."""
    user: str
    password: str = field(repr=False)


def bound_service(environment: Mapping[str, str]) -> BoundService:
    """Find the one messaging service in the `VCAP_SERVICES` of an environment.

    It has a label that begins with ``mqlight`` or ``messagehub``, or it is user-provided and has
    the credentials of such a service: ``connectionLookupURI`` or ``mqlight_lookup_url``,
    ``username`` or ``user``, and ``password``.

    Raises:
        InvalidArgumentError: the variable is not valid, or has no such service or several. The
            message shows no credentials. Where there is no such variable, a TypeError too.
    """
    text = environment.get(VCAP_SERVICES)
    if not text:
        message = (
            "service must be a URL, a list of URLs or a function, not None: None is for "
            f"applications with {VCAP_SERVICES} in their environment, and it is not there"
        )
        raise InvalidArgumentTypeError(message)
    entries = [entry for entry in _entries(text) if _is_messaging(*entry)]
    if len(entries) != 1:
        names = ", ".join(describe_value(entry.get("name")) for _, entry in entries) or "none"
        message = f"{VCAP_SERVICES} must have exactly one MQ Light service, and has {names}"
        raise InvalidArgumentError(message)
    [(_, entry)] = entries
    return BoundService(
        _lookup_url(entry), _credential(entry, _USER), _credential(entry, _PASSWORD)
    )


@dataclass(frozen=True, repr=False)
class VcapSource:
    """The services that the bound service's lookup finds, with its credentials."""

    fixed: ClassVar[None] = None

    bound: BoundService
    lookup: ServiceSource

    @property
    def credentials(self) -> tuple[str, str]:
        """The user and the password that all services get."""
        return self.bound.user, self.bound.password

    def request(self, answer: Answer) -> None:
        """Look the services up."""
        self.lookup.request(lambda found: answer(self._with_credentials(found)))

    def _with_credentials(
        self, found: tuple[Service, ...] | Exception
    ) -> tuple[Service, ...] | Exception:
        if isinstance(found, Exception):
            return found
        user, password = self.credentials
        for service in found:
            if service.user is not None and (service.user, service.password) != self.credentials:
                return InvalidArgumentError(
                    f"The credentials in the URL of service {service} do not match those in "
                    f"{VCAP_SERVICES}"
                )
        return tuple(replace(service, user=user, password=password) for service in found)


def _entries(text: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return each entry with its label."""
    try:
        services = json.loads(text)
    except (ValueError, RecursionError):
        services = None
    if not isinstance(services, dict) or not all(
        isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
        for entries in services.values()
    ):
        message = f"{VCAP_SERVICES} must be a JSON object whose values are lists of objects"
        raise InvalidArgumentError(message)
    return [
        (str(entry.get("label", key)), entry)
        for key, entries in services.items()
        for entry in entries
    ]


def _is_messaging(label: str, entry: Mapping[str, Any]) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    return label != _USER_PROVIDED or all(
        len(_given(entry, names)) == 1 for names in (_LOOKUP_URL, _USER, _PASSWORD)
    )


def _given(entry: Mapping[str, Any], names: tuple[str, ...]) -> list[object]:
    credentials = entry.get("credentials")
    if not isinstance(credentials, dict):
        return []
    return [credentials[name] for name in names if name in credentials]


def _lookup_url(entry: Mapping[str, Any]) -> str:
    url = _credential(entry, _LOOKUP_URL)
    try:
        parse_http_url(url)
    except InvalidArgumentError as error:
        message = f"{VCAP_SERVICES}: {error}"
        raise InvalidArgumentError(message) from None
    return url


def _credential(entry: Mapping[str, Any], names: tuple[str, ...]) -> str:
    given = _given(entry, names)
    if len(given) == 1 and isinstance(given[0], str) and _can_be_sent(given[0]):
        return given[0]
    message = (
        f"{VCAP_SERVICES}: service {describe_value(entry.get('name'))} must have one "
        f"{' or '.join(names)} in its credentials: a text, not empty, without NUL characters"
    )
    raise InvalidArgumentError(message)


def _can_be_sent(text: str) -> bool:
    # SASL PLAIN (RFC 4616) allows neither empty nor NUL; JSON may hold lone surrogates.
    return bool(text) and "\0" not in text and not re.search("[\ud800-\udfff]", text)
