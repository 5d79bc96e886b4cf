"""The document that a lookup reads: JSON like ``{"service": ["amqp://host", "amqps://other"]}``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mqlight_core.errors import InvalidArgumentError
from mqlight_core.service import parse_service_urls

if TYPE_CHECKING:
    from mqlight_core.service import Service

__all__ = ["LONGEST_DOCUMENT", "services_in"]

LONGEST_DOCUMENT = 1024 * 1024
"""Bytes beyond which a document is refused."""


def services_in(document: bytes) -> tuple[Service, ...]:
    """Read the services out of a document; other keys than ``service`` are ignored.

    Raises:
        InvalidArgumentError: the document is too long, no JSON, or names no valid services. The
            message shows nothing of it that could be a secret.
    """
    if len(document) > LONGEST_DOCUMENT:
        message = f"the document is longer than {LONGEST_DOCUMENT} bytes"
        raise InvalidArgumentError(message)
    found = _parsed(document)
    if not isinstance(found, dict) or "service" not in found:
        message = "the document is no JSON object with the key 'service'"
        raise InvalidArgumentError(message)
    return parse_service_urls("'service' of the document", found["service"])


def _parsed(document: bytes) -> object:
    try:
        return json.loads(document)
    except json.JSONDecodeError as error:
        problem = f"{error.msg} at line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    except (ValueError, RecursionError) as error:
        problem = str(error)  # a number or a nesting beyond what Python takes
    # Outside the except block: a JSONDecodeError keeps the document, which may hold passwords.
    message = f"the document is no JSON: {problem}"
    raise InvalidArgumentError(message)
