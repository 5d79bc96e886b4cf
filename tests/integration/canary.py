"""A secret that is known again in whatever form it has leaked.

It needs percent-encoding and escaping, so that each way to write it down gives another text; no
part of it is a word of its own anywhere else.
"""

from __future__ import annotations

import base64
from urllib.parse import quote, quote_plus

CANARY = "Kn4ry/ü'\\@:?#% 7"
"""The secret itself."""

IN_URL = quote(CANARY, safe="")
"""The secret as the password of a URL."""


def _forms(secret: str) -> dict[str, bytes]:
    raw = secret.encode()
    shifted = {
        # Inside longer data base64 depends on the offset; its first and last characters on others.
        f"base64 at {shift}": base64.b64encode(bytes(shift) + raw)[4 if shift else 0 : -4]
        for shift in range(3)
    }
    texts = {
        "as it is": secret,
        "percent-encoded": quote(secret, safe=""),
        "percent-encoded path": quote(secret),
        "percent-encoded form": quote_plus(secret),
        "repr": repr(secret)[1:-1],
        "repr of its repr": repr(repr(secret))[2:-2],
        "ascii": ascii(secret)[1:-1],
        "repr of bytes": repr(raw)[2:-1],
        "latin-1 of UTF-8": raw.decode("latin-1"),
    }
    return {
        **{name: text.encode() for name, text in texts.items()},
        **shifted,
        "hex": raw.hex().encode(),
        "UTF-16": secret.encode("utf-16-le"),
        "the part before what is to be escaped": b"Kn4ry",
    }


FORMS = _forms(CANARY)
"""Each form of it, by name."""


def leaks(*shown: object) -> list[str]:
    """Return the forms of the secret that are in what was shown: str or bytes, or else its repr."""
    found = []
    for one in shown:
        data = one if isinstance(one, bytes) else (one if isinstance(one, str) else repr(one))
        data = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
        found += [name for name, form in FORMS.items() if form.lower() in data.lower()]
    return found
