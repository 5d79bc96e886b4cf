"""What is given away of a secret: nothing."""

from __future__ import annotations

import copy
import pickle
import traceback
from typing import TYPE_CHECKING

import pytest

from mqlight_core import InvalidArgumentError
from mqlight_security import Credentials, SecurityOptions, security_options

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "S3CRET"


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
    )
    assert [text for text in shown if CANARY in text] == []
    assert options.password is not None
    assert options.password.get_secret_value() == CANARY


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
    assert CANARY not in "".join(traceback.format_exception(caught.value))
