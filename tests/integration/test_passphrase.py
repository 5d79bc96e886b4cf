"""A passphrase is not shown: not by the log at any level, nor by errors, nor by the client."""

from __future__ import annotations

import logging
import socket
import traceback
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

import mqlight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Program

    Make = Callable[..., Program]

PASSPHRASE = "S3CRET"


@pytest.fixture
def nobody() -> Iterator[str]:
    """The URL of a port that refuses connections: bound, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"amqps://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A client certificate and its encrypted key, as security options."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    identity = trustme.CA().issue_cert("client")
    identity.cert_chain_pems[0].write_to_path(str(certificate))
    key.write_bytes(
        load_pem_private_key(identity.private_key_pem.bytes(), None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode())
        )
    )
    return {"ssl_client_certificate": str(certificate), "ssl_client_key": str(key)}


@pytest.mark.parametrize(
    ("passphrase", "state", "kind"),
    [
        (PASSPHRASE, "retrying", mqlight.NetworkError),
        (f"{PASSPHRASE} and more", "stopped", mqlight.SecurityError),
    ],
)
def test_a_passphrase_is_never_shown(  # noqa: PLR0913, PLR0917 - fixtures and parameters
    nobody: str,
    files: dict[str, str],
    program: Make,
    caplog: pytest.LogCaptureFixture,
    passphrase: str,
    state: str,
    kind: type[Exception],
) -> None:
    with caplog.at_level(logging.NOTSET + 1, "mqlight"):
        one = program(nobody, security_options=files | {"ssl_client_key_passphrase": passphrase})
        error = one.wait_state(state)
        one.stop()
    assert type(error) is kind
    shown = [caplog.text, repr(one.client), *traceback.format_exception(error)]
    assert [text for text in shown if PASSPHRASE in text] == []
