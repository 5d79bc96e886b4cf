"""The security options of a client: the seed's seven and a keystore, validated.

Unlike IBM's module a trust certificate is not required beside a client certificate, and a key's
passphrase only where the key has one (mqlight-protocol.md §1.5 compares the published clients).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, NoReturn, TypeVar

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationInfo, model_validator

from mqlight_core import Arguments, InvalidArgumentError, Reported, describe_value, validate

__all__ = ["SecurityOptions", "security_options"]


_Text = TypeVar("_Text", str | None, SecretStr | None)


def _as_text(path: object) -> object:
    return os.fspath(path) if isinstance(path, os.PathLike) else path


def _true_when_not_given(value: object) -> object:
    return True if value is None else value


def _check_file(path: str | None, info: ValidationInfo) -> str | None:
    if path is None:
        return None
    if "-----BEGIN" in path or "\n" in path:
        # Not shown: it may be a private key.
        message = f"{info.field_name} must be the path of a file, not what is in it"
        raise InvalidArgumentError(message)
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            reason = "is not a regular file"
        elif os.access(path, os.R_OK):
            return path
        else:
            reason = f"cannot be used: {os.strerror(errno.EACCES)}"
    except OSError as error:
        reason = f"cannot be used: {error.strerror}"
    except ValueError:
        reason = "cannot be the path of a file"  # it holds a NUL or a lone surrogate
    message = f"{info.field_name} {describe_value(path)} {reason}"
    raise InvalidArgumentError(message)


def _check_unicode(value: _Text, info: ValidationInfo) -> _Text:
    try:
        _plain(value).encode()
    except UnicodeEncodeError:
        message = f"{info.field_name} must be valid Unicode: it contains a lone surrogate"
    else:
        return value
    # Outside the except block: the UnicodeEncodeError shows the value.
    raise InvalidArgumentError(message)


def _check_credential(value: _Text, info: ValidationInfo) -> _Text:
    # SASL PLAIN (RFC 4616) allows neither to be empty, and separates them by a NUL.
    if value is not None and (not _plain(value) or "\0" in _plain(value)):
        message = f"{info.field_name} must not be empty or contain a NUL character"
        raise InvalidArgumentError(message)
    return value


def _plain(value: str | SecretStr | None) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value or ""


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:  # it is None in sys.modules
        return False


_String = Reported(InvalidArgumentError, "{name} must be a str, not {type}")
_Unicode = AfterValidator(_check_unicode)
_Credential = AfterValidator(_check_credential)
_User = Annotated[str | None, _Unicode, _Credential, _String]
_Password = Annotated[SecretStr | None, _Unicode, _Credential, _String]
_Passphrase = Annotated[SecretStr | None, _Unicode, _String]
_File = Annotated[str | None, BeforeValidator(_as_text), AfterValidator(_check_file), _String]
_VerifyName = Annotated[
    bool,
    BeforeValidator(_true_when_not_given),
    Reported(InvalidArgumentError, "{name} value {value} is invalid: it must be True or False"),
]


class SecurityOptions(Arguments):
    """How to connect securely: credentials, certificates, the name check.

    Frozen. Printing it shows no password and no passphrase. None means that an option is not
    given. Files are paths (str or `os.PathLike`) of existing regular files that can be read; what
    they hold is looked at when `client_context` reads them.

    Raises:
        InvalidArgumentError: an option is unknown, of a wrong type, contradicts another, lacks the
            one it goes with, or names no regular file. The message never shows a secret.
    """

    reported_unknown: ClassVar[Reported] = Reported(
        InvalidArgumentError,
        "{name} is not a valid name for the security options: they are user, password, "
        "ssl_trust_certificate, ssl_client_certificate, ssl_client_key, "
        "ssl_client_key_passphrase, ssl_keystore, ssl_keystore_passphrase and ssl_verify_name",
    )

    user: _User = None
    """The user to authenticate; goes with `password`."""
    password: _Password = None
    """The user's password."""
    ssl_trust_certificate: _File = None
    """The CA certificates to trust, instead of the system's."""
    ssl_client_certificate: _File = None
    """The certificate that identifies the client; goes with `ssl_client_key`."""
    ssl_client_key: _File = None
    """The private key of the client's certificate."""
    ssl_client_key_passphrase: _Passphrase = None
    """The passphrase of the key, if it is encrypted."""
    ssl_keystore: _File = None
    """A PKCS#12 file with the client's certificate and key, instead of those two."""
    ssl_keystore_passphrase: _Passphrase = None
    """The passphrase of the keystore, if it has one."""
    ssl_verify_name: _VerifyName = True
    """Whether the server's certificate must be for the host that was connected to."""

    if TYPE_CHECKING:
        # What is taken is more than what is kept.
        def __init__(  # noqa: PLR0913 - one for each option
            self,
            prefix: str = "",
            /,
            *,
            user: str | None = None,
            password: str | SecretStr | None = None,
            ssl_trust_certificate: str | os.PathLike[str] | None = None,
            ssl_client_certificate: str | os.PathLike[str] | None = None,
            ssl_client_key: str | os.PathLike[str] | None = None,
            ssl_client_key_passphrase: str | SecretStr | None = None,
            ssl_keystore: str | os.PathLike[str] | None = None,
            ssl_keystore_passphrase: str | SecretStr | None = None,
            ssl_verify_name: bool | None = True,
        ) -> None: ...

    @model_validator(mode="after")
    def _check_groups(self) -> SecurityOptions:
        if (self.user is None) != (self.password is None):
            message = "Both user and password must be specified together"
            raise InvalidArgumentError(message)
        if (self.ssl_client_certificate is None) != (self.ssl_client_key is None):
            message = "Both ssl_client_certificate and ssl_client_key must be specified together"
            raise InvalidArgumentError(message)
        if self.ssl_client_key_passphrase is not None and self.ssl_client_key is None:
            message = "ssl_client_key_passphrase is specified without an ssl_client_key"
            raise InvalidArgumentError(message)
        if self.ssl_keystore_passphrase is not None and self.ssl_keystore is None:
            message = "ssl_keystore_passphrase is specified without an ssl_keystore"
            raise InvalidArgumentError(message)
        if self.ssl_keystore is not None:
            self._check_keystore()
        return self

    def _check_keystore(self) -> None:
        if self.ssl_client_certificate is not None:
            message = "ssl_keystore and ssl_client_certificate cannot be specified together"
            raise InvalidArgumentError(message)
        if not _is_installed("cryptography"):
            message = (
                "ssl_keystore needs the package cryptography, which is not installed: it comes "
                "with mqlight-security[pkcs12] and mqlight-client[pkcs12]"
            )
            raise InvalidArgumentError(message)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: pydantic would too, and show the value.

        Raises:
            FrozenInstanceError: always.
        """
        message = f"SecurityOptions cannot be changed: {name}"
        raise FrozenInstanceError(message)

    def __reduce__(self) -> NoReturn:
        """Refuse: a pickle would hold the secrets in clear.

        Raises:
            TypeError: always.
        """
        message = "SecurityOptions cannot be pickled: the passwords would be in clear"
        raise TypeError(message)

    @property
    def has_client_certificate(self) -> bool:
        """Whether the client has a certificate to show, in files of its own or in a keystore."""
        return self.ssl_client_certificate is not None or self.ssl_keystore is not None

    @property
    def uses_files(self) -> bool:
        """Whether a certificate or key file is given, which makes sense with TLS only."""
        return self.ssl_trust_certificate is not None or self.has_client_certificate


def security_options(value: object) -> SecurityOptions:
    """Validate the `security_options` argument: None, a dict or `SecurityOptions`.

    Options that are None count as not given.

    Raises:
        TypeError: `value` is something else.
        InvalidArgumentError: as `SecurityOptions`.
    """
    if value is not None and not isinstance(value, Mapping | SecurityOptions):
        message = f"security_options must be a dict, not {type(value).__name__}"
        raise TypeError(message)
    return validate(SecurityOptions, "", value)
