"""A PKCS#12 keystore into a TLS context; needs the extra `pkcs12`, which is cryptography.

The `ssl` module takes certificates and keys from files only.  So that the key is never in clear
outside this process's own memory, the file is a nameless one in memory, and the key in it is
encrypted with a passphrase that is used once.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mqlight_core import SecurityError
from mqlight_security.files import check_times, problem, read

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from mqlight_security.identity import File

__all__ = ["load_keystore"]

_WRONG: Final = (
    "cannot be opened: {option} is wrong, or the file is damaged or is no PKCS#12 keystore"
)


def load_keystore(
    context: ssl.SSLContext, keystore: File, passphrase: str | None, option: str
) -> None:
    """Load the certificate of a keystore, its key and its chain; nothing in it becomes trusted.

    Raises:
        SecurityError: the file cannot be used; the message says why.
    """
    # Only who has a keystore needs it, and it takes its time to load.
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415

    content = read(*keystore)
    secret = None if passphrase is None else passphrase.encode()
    try:
        opened = pkcs12.load_pkcs12(content, secret)
    except (ValueError, TypeError) as error:
        wrong = _WRONG.format(option=option)
        if passphrase is None:
            wrong = f"cannot be opened, and {option} is not given"
        raise problem(*keystore, wrong) from error
    if opened.key is None or opened.cert is None:
        raise problem(*keystore, "holds no private key with its certificate")
    certificate = opened.cert.certificate
    check_times(*keystore, (certificate.public_bytes(form.Encoding.DER),), datetime.now(UTC))
    once = secrets.token_hex(16)
    chain = (certificate, *(other.certificate for other in opened.additional_certs))
    pem = b"".join(one.public_bytes(form.Encoding.PEM) for one in chain)
    pem += opened.key.private_bytes(
        form.Encoding.PEM,
        form.PrivateFormat.PKCS8,
        form.BestAvailableEncryption(once.encode()),
    )
    try:
        with _file_of(pem) as path:
            context.load_cert_chain(path, password=once)
    except OSError as error:
        message = f"{keystore} cannot be loaded: {error.strerror or error}"
        raise SecurityError(message) from error


@contextmanager
def _file_of(content: bytes) -> Iterator[str]:
    """Give content the name of a file for a while; in memory where the system can do that."""
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("keystore"), "wb", buffering=0) as file:  # noqa: PTH123
            file.write(content)
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile(buffering=0) as file:  # readable by its owner alone
            file.write(content)
            yield file.name
