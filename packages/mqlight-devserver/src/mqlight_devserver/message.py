"""A published message, as destinations hold it and links deliver it."""

from __future__ import annotations

from typing import Final

from mqlight_devserver.sections import Header, encode_header

__all__ = ["Message"]

_LONGEST_TTL: Final = 0xFFFFFFFF


class Message:
    """One publication, shared by every destination that holds a copy of it; never changed.

    `order` grows from publication to publication: a destination delivers in this order.
    `encoded` starts with the section that `header` describes.  `expires_at` is in seconds of the
    broker's clock, None for a message that stays.  `failed` counts unsuccessful deliveries.
    """

    __slots__ = ("encoded", "expires_at", "failed", "header", "order")

    def __init__(
        self,
        order: int,
        encoded: bytes,
        header: Header,
        expires_at: float | None = None,
        failed: int = 0,
    ) -> None:
        self.order: int = order
        self.encoded: bytes = encoded
        self.header: Header = header
        self.expires_at: float | None = expires_at
        self.failed: int = failed

    def after_failed_delivery(self) -> Message:
        """The same publication after one unsuccessful delivery more."""
        return Message(self.order, self.encoded, self.header, self.expires_at, self.failed + 1)

    def for_delivery(self, now: float) -> bytes:
        """The encoded message with the time to live that remains at `now`, and its attempts."""
        if self.expires_at is None and not self.failed:
            return self.encoded
        ttl = None
        if self.expires_at is not None:
            ttl = min(max(round((self.expires_at - now) * 1000), 1), _LONGEST_TTL)
        attempts = self.header.deliveries + self.failed
        return encode_header(self.header, ttl, attempts) + self.encoded[self.header.size :]
