"""From the arguments of `send()` to an encoded message, with everything that can be kept kept.

Options dictionaries are validated once and remembered by their items; of each topic the sections
before the body are encoded once (`performance.md` §6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._amqp.message import (
    BINARY,
    JSON,
    TEXT,
    encode_binary,
    encode_prefix,
    encode_text,
    to_json,
)
from mqlight_core.errors import InvalidArgumentError
from mqlight_core.topics import check_topic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqlight._amqp.values import PropertyValue
    from mqlight._arguments import SendOptions

_MOST_PLANS = 64
"""Option dictionaries that a client remembers; then it starts anew."""

_MOST_TOPICS = 1024
"""The same of topics, for each of them and each kind of data."""


class SendPlan:
    """What one set of send options means, and the prefixes of its topics."""

    __slots__ = ("_persistent", "_properties", "_ttl", "binary", "json", "qos", "text")

    def __init__(
        self,
        qos: int = 0,
        ttl: int | None = None,
        properties: dict[str, PropertyValue] | None = None,
        *,
        persistent: bool = False,
    ) -> None:
        self.qos = qos
        self._ttl = ttl
        self._properties = properties
        self._persistent = persistent
        self.text: dict[str, bytes] = {}
        self.binary: dict[str, bytes] = {}
        self.json: dict[str, bytes] = {}

    def encode(self, topic: object, data: object) -> bytes:
        """Encode a message.

        Raises:
            InvalidArgumentError: the topic is not one, or the text is not Unicode.
            TypeError: the data can not be sent.
        """
        prefix: bytes | None
        if type(data) is str and type(topic) is str:
            prefix = self.text.get(topic)
            if prefix is None:
                prefix = self._prefix(self.text, check_topic(topic), TEXT)
            try:
                return encode_text(prefix, data)
            except UnicodeEncodeError as problem:
                raise _not_unicode(problem) from None
        topic = check_topic(topic)
        if isinstance(data, str):
            prefix = self._prefix(self.text, topic, TEXT)
        elif isinstance(data, bytes | bytearray | memoryview):
            return encode_binary(self._prefix(self.binary, topic, BINARY), data)
        else:
            if data is None:
                raise TypeError("Cannot send no data")
            if callable(data):
                raise TypeError("Cannot send a function")
            prefix = self._prefix(self.json, topic, JSON)
            data = to_json(data)
        try:
            return encode_text(prefix, data)
        except UnicodeEncodeError as problem:
            raise _not_unicode(problem) from None

    def _prefix(self, known: dict[str, bytes], topic: str, content_type: str) -> bytes:
        prefix = known.get(topic)
        if prefix is None:
            if len(known) >= _MOST_TOPICS:
                known.clear()
            prefix = known[topic] = encode_prefix(
                topic,
                content_type,
                self._ttl,
                persistent=self._persistent,
                properties=self._properties,
            )
        return prefix


def _not_unicode(problem: UnicodeEncodeError) -> InvalidArgumentError:
    return InvalidArgumentError(f"data is invalid because it is not Unicode text: {problem.reason}")


class SendPlans:
    """The plans of the options that a client has been given."""

    def __init__(self, warned: set[str]) -> None:
        """`warned` holds the methods that have warned of ignored options."""
        self._of_qos = (SendPlan(0), SendPlan(1))
        """The plans of what nearly every program sends: `{"qos": …}`."""
        self._known: dict[object, SendPlan] = {}
        self._warned = warned

    def of(
        self,
        *,
        qos: int,
        ttl: int | None,
        properties: Mapping[str, PropertyValue] | None,
        persistent: bool,
    ) -> SendPlan:
        """Return the plan for options given one by one.

        Raises:
            TypeError: an option is of a wrong kind.
            RangeError: an option is out of range.
        """
        plain = ttl is None and properties is None and persistent is False
        if plain and type(qos) is int and 0 <= qos <= 1:
            return self._of_qos[qos]
        key: object = None
        if properties is None:
            key = (qos, ttl, persistent, type(qos), type(ttl), type(persistent))
            try:
                plan = self._known.get(key)
            except TypeError:
                key = None
            else:
                if plan is not None:
                    return plan
        from mqlight._arguments import SendOptions  # noqa: PLC0415 - loads pydantic
        from mqlight_core.arguments import validate  # noqa: PLC0415

        options = {"qos": qos, "ttl": ttl, "properties": properties, "persistent": persistent}
        return self._remember(key, validate(SendOptions, "", options))

    def find(self, options: object) -> SendPlan:
        """Return the plan for an options argument.

        Raises:
            TypeError: the options are no dict, or an option is of a wrong kind.
            RangeError: an option is out of range.
        """
        key: object = None
        if type(options) is dict:
            if len(options) == 1:
                qos = options.get("qos")
                if type(qos) is int and 0 <= qos <= 1:
                    return self._of_qos[qos]
            try:
                # The types too: True equals 1, but is no quality of service.
                key = (*options.items(), *map(type, options.values()))
                plan = self._known.get(key)
            except TypeError:
                key = None
            else:
                if plan is not None:
                    return plan
        from mqlight._arguments import SendOptions, check_options  # noqa: PLC0415 - loads pydantic

        return self._remember(key, check_options(SendOptions, options, self._warned))

    def _remember(self, key: object, checked: SendOptions) -> SendPlan:
        plan = SendPlan(checked.qos, checked.ttl, checked.properties, persistent=checked.persistent)
        if key is not None:
            if len(self._known) >= _MOST_PLANS:
                self._known.clear()
            self._known[key] = plan
        return plan
