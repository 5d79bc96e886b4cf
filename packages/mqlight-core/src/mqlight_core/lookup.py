"""Services that are looked up: in a document that is fetched over HTTP or read from a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NoReturn

from mqlight_core.document import services_in
from mqlight_core.errors import InvalidArgumentError
from mqlight_core.file_lookup import read_file
from mqlight_core.lookup_url import parse_file_url, parse_http_url
from mqlight_core.redact import redact_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight_core.service import Service
    from mqlight_core.source import Answer

__all__ = ["LookupSource", "lookup_source"]


@dataclass(frozen=True, repr=False, slots=True)
class LookupSource:
    """Services that are looked up; two sources are equal when their URLs are.

    `read` returns the document at `url`; it may block, and raises an `MQLightError` that says
    where and why it failed.
    """

    fixed: ClassVar[None] = None
    credentials: ClassVar[None] = None

    url: str
    read: Callable[[], bytes] = field(compare=False)

    def request(self, answer: Answer) -> None:
        """Read the document, and answer with what it says."""
        answer(self._services())

    def __reduce__(self) -> NoReturn:
        """Refuse: the query of a URL is often a secret, and a pickle would hold it in clear.

        Raises:
            TypeError: always.
        """
        message = "the source of a lookup cannot be pickled: its URL may hold a secret"
        raise TypeError(message)

    def _services(self) -> tuple[Service, ...] | Exception:
        try:
            document = self.read()
        except Exception as error:  # noqa: BLE001 - whatever it is, there are no services
            return error
        try:
            return services_in(document)
        except InvalidArgumentError as error:
            return InvalidArgumentError(f"{redact_url(self.url)}: {error}")


def lookup_source(url: str, timeout: float) -> LookupSource:
    """Make the source for the URL of a lookup; a lookup over HTTP takes at most `timeout` s.

    Raises:
        InvalidArgumentError: the URL is not one of a lookup (`mqlight_core.lookup_url`).
    """
    if url[:4].lower() == "file":
        return LookupSource(url, partial(read_file, url, parse_file_url(url)))
    parse_http_url(url)

    def read() -> bytes:
        from mqlight_core.http_lookup import fetch  # noqa: PLC0415 - loads http.client and ssl

        return fetch(url, timeout)

    return LookupSource(url, read)
