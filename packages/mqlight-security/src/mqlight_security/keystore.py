"""A PKCS#12 keystore into a TLS context; needs the extra `pkcs12`, which is cryptography.

So that the key is never in clear outside this process's own memory, it is encrypted in what the
`ssl` module is given, with a passphrase that is used once.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mqlight_security.files import check_times, openssl_reason, problem, read
from mqlight_security.memory_file import file_of

if TYPE_CHECKING:
    import ssl

    from mqlight_security.identity import File

__all__ = ["load_keystore"]

_WRONG: Final = "cannot be opened: {}, or the file is damaged or is no PKCS#12 keystore"


def load_keystore(
    context: ssl.SSLContext, keystore: File, passphrase: str | None, option: str
) -> None:
    """Load the certificate of a keystore, its key and its chain; nothing in it becomes trusted.

    Raises:
        SecurityError: the file cannot be used; the message says why.
    """
    # Only who has a keystore needs it, and it takes its time to load.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415
    from cryptography.x509 import InvalidVersion  # noqa: PLC0415

    content = read(*keystore)
    secret = None if passphrase is None else passphrase.encode()
    try:
        opened = pkcs12.load_pkcs12(content, secret)
    except (ValueError, TypeError) as error:
        why = f"{option} is {'wrong' if passphrase else 'not given'}"
        raise problem(*keystore, _WRONG.format(why)) from error
    except (UnsupportedAlgorithm, InvalidVersion) as error:
        raise problem(*keystore, f"cannot be opened: {error}") from error
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
        with file_of(pem) as path:
            context.load_cert_chain(path, password=once)
    except OSError as error:
        raise problem(*keystore, f"cannot be loaded: {openssl_reason(error)}") from error
