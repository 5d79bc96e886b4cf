"""What is given away of a secret: nothing."""

from __future__ import annotations

import copy
import pickle
import pprint
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from mqlight_core import InvalidArgumentError, SecurityError
from mqlight_security import (
    Credentials,
    SecurityOptions,
    ServerTls,
    client_context,
    security_options,
    server_context,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CANARY = "S3CRET"


def shown_by(error: BaseException | None) -> Iterator[str]:
    """All that may be printed of an error, and of what it was caused by."""
    while error is not None:
        yield f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or error.__context__


def secret_options(folder: Path) -> SecurityOptions:
    files = {name: folder / name for name in ("certificate", "key")}
    for path in files.values():
        path.touch()
    return security_options(
        {
            "user": "ann",
            "password": CANARY,
            "ssl_client_certificate": files["certificate"],
            "ssl_client_key": files["key"],
            "ssl_client_key_passphrase": CANARY,
        }
    )


def test_options_show_no_secret_however_they_are_shown(tmp_path: Path) -> None:
    options = secret_options(tmp_path)
    shown = (
        repr(options),
        str(options),
        f"{options}",
        repr(vars(options)),
        repr(dict(options)),
        repr(options.model_dump()),
        options.model_dump_json(),
        repr(copy.copy(options)),
        repr(copy.deepcopy(options)),
        pprint.pformat(options, width=1),
    )
    assert [text for text in shown if CANARY in text] == []
    assert options.password is not None
    assert options.password.get_secret_value() == CANARY


def test_a_key_where_its_file_belongs_is_not_shown() -> None:
    key = f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"
    for text in (key, f"{CANARY}\n{CANARY}"):
        with pytest.raises(InvalidArgumentError) as caught:
            security_options({"ssl_client_certificate": "x", "ssl_client_key": text})
        assert CANARY not in "".join(shown_by(caught.value))
    with pytest.raises(InvalidArgumentError, match="ssl_client_key must be the path of a file"):
        security_options({"ssl_client_key": key})


def test_options_are_not_pickled(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="SecurityOptions cannot be pickled"):
        pickle.dumps(secret_options(tmp_path))


def test_credentials_show_no_password_and_are_not_pickled() -> None:
    credentials = Credentials("ann", CANARY)
    assert CANARY not in f"{credentials!r} {credentials}"
    assert copy.copy(credentials) is copy.deepcopy(credentials) is credentials
    with pytest.raises(TypeError, match="Credentials cannot be pickled"):
        pickle.dumps(credentials)


@pytest.mark.parametrize(
    "name", ["password", "ssl_client_key_passphrase", "ssl_keystore_passphrase"]
)
@pytest.mark.parametrize("value", [CANARY.encode(), [CANARY], {CANARY: 1}, CANARY + "\udc80"])
def test_a_refused_secret_is_in_no_part_of_the_error(name: str, value: object) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        security_options({"user": "ann", name: value})
    assert CANARY not in "".join(shown_by(caught.value))


def test_a_secret_that_nothing_can_be_set_to_is_not_shown(tmp_path: Path) -> None:
    options = secret_options(tmp_path)
    with pytest.raises(FrozenInstanceError) as caught:
        options.password = CANARY + "2"  # type: ignore[assignment, misc]
    assert CANARY not in "".join(shown_by(caught.value))


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """A certificate, and its key with a passphrase."""
    leaf = trustme.CA().issue_cert("localhost")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    leaf.cert_chain_pems[0].write_to_path(str(certificate))
    key.write_bytes(
        load_pem_private_key(leaf.private_key_pem.bytes(), None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right")
        )
    )
    return str(certificate), str(key)


def test_a_wrong_passphrase_is_in_no_part_of_the_error(pair: tuple[str, str]) -> None:
    certificate, key = pair
    options = security_options(
        {
            "ssl_client_certificate": certificate,
            "ssl_client_key": key,
            "ssl_client_key_passphrase": CANARY,
        }
    )
    with pytest.raises(SecurityError) as caught:
        client_context(options)
    assert CANARY not in "".join(shown_by(caught.value))


@pytest.mark.parametrize("passphrase", [CANARY, CANARY * 200, CANARY + "\udc80"])
def test_a_servers_wrong_passphrase_is_in_no_part_of_the_error(
    passphrase: str, pair: tuple[str, str]
) -> None:
    certificate, key = pair
    with pytest.raises(SecurityError) as caught:
        server_context(ServerTls(certificate=certificate, key=key, key_passphrase=passphrase))
    assert CANARY not in "".join(shown_by(caught.value))
