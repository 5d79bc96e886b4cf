"""A secret that is known again in whatever form it has leaked."""

from __future__ import annotations

import base64
from urllib.parse import quote, quote_plus

CANARY = "Kn4ry/ü'\\@:?#% 7"
"""The secret. Each way to encode or to escape gives another text of it."""
IN_URL = quote(CANARY, safe="")
"""The secret as the password of a URL."""
NUMBER = 918_273_645_546_372
"""A secret that somebody gives as a number."""

_RAW = CANARY.encode()
FORMS: dict[str, bytes] = {
    "as it is": _RAW,
    "its beginning": b"Kn4ry",
    "percent-encoded": IN_URL.encode(),
    "percent-encoded, a path": quote(CANARY).encode(),
    "percent-encoded, a form": quote_plus(CANARY).encode(),
    "repr": repr(CANARY)[1:-1].encode(),
    "ascii": ascii(CANARY)[1:-1].encode(),
    "repr of bytes": repr(_RAW)[2:-1].encode(),
    "hex": _RAW.hex().encode(),
    "UTF-16": CANARY.encode("utf-16-le"),
    "number": str(NUMBER).encode(),
    # Within something longer its characters depend on where it begins; the first and last on more.
    **{f"base64, {at}": base64.b64encode(bytes(at) + _RAW)[4:-4] for at in range(3)},
}
"""Each form, by its name."""


def leaks(*shown: object) -> list[str]:
    """Return the names of the forms that are in what was shown: str, bytes, or else a repr."""
    return [
        name for one in shown for name, form in FORMS.items() if form.lower() in _data(one).lower()
    ]


def _data(one: object) -> bytes:
    if isinstance(one, bytes):
        return one
    return (one if isinstance(one, str) else repr(one)).encode("utf-8", "surrogatepass")
