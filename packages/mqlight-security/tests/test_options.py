from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlight_core import InvalidArgumentError
from mqlight_security import SecurityOptions, security_options

FILES = ["ssl_trust_certificate", "ssl_client_certificate", "ssl_client_key", "ssl_keystore"]
PASSPHRASES = ["ssl_client_key_passphrase", "ssl_keystore_passphrase"]
STRINGS = ["user", "password", *FILES, *PASSPHRASES]


@pytest.fixture
def pem(tmp_path: Path) -> str:
    path = tmp_path / "some.pem"
    path.touch()
    return str(path)


def refusal_of(options: object) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        security_options(options)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_all_seven_options_are_taken(pem: str) -> None:
    options = security_options(
        {
            "user": "alice",
            "password": "secret",
            "ssl_trust_certificate": pem,
            "ssl_client_certificate": pem,
            "ssl_client_key": pem,
            "ssl_client_key_passphrase": "hidden",
            "ssl_verify_name": False,
        }
    )
    assert options.user == "alice"
    assert options.password is not None
    assert options.password.get_secret_value() == "secret"
    assert options.ssl_trust_certificate == pem
    assert options.ssl_client_certificate == pem
    assert options.ssl_client_key == pem
    assert options.ssl_client_key_passphrase is not None
    assert options.ssl_client_key_passphrase.get_secret_value() == "hidden"
    assert options.ssl_verify_name is False


@pytest.mark.parametrize("value", [None, {}, MappingProxyType({}), SecurityOptions()])
def test_nothing_given_is_no_credentials_no_files_and_the_name_checked(value: object) -> None:
    options = security_options(value)
    assert options == SecurityOptions()
    assert options.ssl_verify_name is True
    assert not options.uses_files


def test_none_is_not_given() -> None:
    assert security_options(dict.fromkeys(SecurityOptions.model_fields)) == SecurityOptions()


def test_options_that_are_valid_already_are_taken_as_they_are() -> None:
    options = SecurityOptions(ssl_verify_name=False)
    assert security_options(options) is options


@pytest.mark.parametrize("value", [[], "user", 1, True, [("user", "alice")]])
def test_what_is_not_a_dict_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match="security_options must be a dict, not ") as caught:
        security_options(value)
    assert type(caught.value) is TypeError


@pytest.mark.parametrize("name", ["pasword", "ssl_keyring", "", "User", 7, None])
def test_an_unknown_name_is_refused_with_the_names_there_are(name: object) -> None:
    message = refusal_of({name: "S3CRET"})
    assert message.startswith(f"{name} is not a valid name for the security options")
    assert "S3CRET" not in message
    for known in SecurityOptions.model_fields:
        assert known in message


@pytest.mark.parametrize("name", STRINGS)
@pytest.mark.parametrize("value", [1, True, b"S3CRET", ["S3CRET"]])
def test_a_wrong_type_is_an_invalid_argument_that_shows_no_value(name: str, value: object) -> None:
    assert refusal_of({name: value}) == f"{name} must be a str, not {type(value).__name__}"


@pytest.mark.parametrize("value", [0, 1, "True", "false", []])
def test_the_name_check_is_true_or_false_and_nothing_like_it(value: object) -> None:
    message = refusal_of({"ssl_verify_name": value})
    assert message == f"ssl_verify_name value {value!r} is invalid: it must be True or False"


@pytest.mark.parametrize("given_name", ["user", "password"])
def test_user_and_password_go_together(given_name: str) -> None:
    message = refusal_of({given_name: "S3CRET"})
    assert message == "Both user and password must be specified together"


@pytest.mark.parametrize("name", ["user", "password"])
@pytest.mark.parametrize("value", ["", "S3\0CRET"])
def test_credentials_that_sasl_cannot_carry_are_refused(name: str, value: str) -> None:
    message = refusal_of({"user": "alice", "password": "secret"} | {name: value})
    assert message == f"{name} must not be empty or contain a NUL character"


@pytest.mark.parametrize("name", ["user", "password", *PASSPHRASES])
def test_text_that_utf8_cannot_represent_is_refused(name: str) -> None:
    message = refusal_of({"user": "alice", "password": "secret"} | {name: "S3\ud800CRET"})
    assert message == f"{name} must be valid Unicode: it contains a lone surrogate"


@pytest.mark.parametrize("given_name", ["ssl_client_certificate", "ssl_client_key"])
def test_certificate_and_key_go_together(given_name: str, pem: str) -> None:
    message = refusal_of({given_name: pem})
    assert message == "Both ssl_client_certificate and ssl_client_key must be specified together"


def test_neither_passphrase_nor_trust_certificate_are_needed_with_a_key(pem: str) -> None:
    options = security_options({"ssl_client_certificate": pem, "ssl_client_key": pem})
    assert options.ssl_client_key_passphrase is None
    assert options.ssl_trust_certificate is None


def test_a_passphrase_without_a_key_is_refused() -> None:
    message = refusal_of({"ssl_client_key_passphrase": "S3CRET"})
    assert message == "ssl_client_key_passphrase is specified without an ssl_client_key"


def test_a_keystore_needs_no_passphrase_and_goes_with_a_trust_certificate(pem: str) -> None:
    options = security_options({"ssl_keystore": pem, "ssl_trust_certificate": pem})
    assert options.ssl_keystore_passphrase is None
    assert options.has_client_certificate
    assert options.uses_files


def test_a_keystore_is_there_instead_of_certificate_and_key(pem: str) -> None:
    pair = {"ssl_client_certificate": pem, "ssl_client_key": pem}
    message = refusal_of({"ssl_keystore": pem, **pair})
    assert message == "ssl_keystore and ssl_client_certificate cannot be specified together"


def test_the_passphrase_of_a_keystore_without_one_is_refused() -> None:
    message = refusal_of({"ssl_keystore_passphrase": "S3CRET"})
    assert message == "ssl_keystore_passphrase is specified without an ssl_keystore"


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    path = str(tmp_path / "absent.pem")
    assert refusal_of({name: path}) == f"{name} {path!r} cannot be used: No such file or directory"


@pytest.mark.parametrize("name", FILES)
def test_a_directory_is_not_a_regular_file(name: str, tmp_path: Path) -> None:
    assert refusal_of({name: str(tmp_path)}) == f"{name} {str(tmp_path)!r} is not a regular file"


@pytest.mark.parametrize("path", ["a\0b", "a\ud800"])
def test_what_cannot_be_a_path_is_refused(path: str) -> None:
    message = refusal_of({"ssl_trust_certificate": path})
    assert message == f"ssl_trust_certificate {path!r} cannot be the path of a file"


def test_an_empty_path_is_refused() -> None:
    assert "ssl_trust_certificate '' is not a regular file" in refusal_of(
        {"ssl_trust_certificate": ""}
    )


def test_a_path_object_is_taken_as_its_text(pem: str) -> None:
    options = security_options({"ssl_trust_certificate": Path(pem)})
    assert options.ssl_trust_certificate == pem


def test_a_link_to_a_file_is_a_file(pem: str, tmp_path: Path) -> None:
    link = tmp_path / "link.pem"
    link.symlink_to(pem)
    assert security_options({"ssl_trust_certificate": str(link)}).uses_files


def test_certificates_use_files_and_the_name_check_does_not(pem: str) -> None:
    assert security_options({"ssl_trust_certificate": pem}).uses_files
    assert security_options({"ssl_client_certificate": pem, "ssl_client_key": pem}).uses_files
    assert not security_options({"ssl_verify_name": False}).uses_files
    assert not security_options({"user": "alice", "password": "secret"}).uses_files


def test_no_secret_is_printed(pem: str) -> None:
    options = security_options(
        {
            "user": "alice",
            "password": "S3CRET",
            "ssl_client_certificate": pem,
            "ssl_client_key": pem,
            "ssl_client_key_passphrase": "S3CRET",
        }
    )
    for text in (str(options), repr(options), f"{options}", options.model_dump_json()):
        assert "alice" in text
        assert "S3CRET" not in text


def test_the_constructor_reports_the_same_errors() -> None:
    with pytest.raises(InvalidArgumentError, match="Both user and password"):
        SecurityOptions(user="alice")


def test_the_constructor_takes_text_and_paths(pem: str) -> None:
    options = SecurityOptions(user="alice", password="secret", ssl_trust_certificate=Path(pem))
    assert options == security_options(
        {"user": "alice", "password": "secret", "ssl_trust_certificate": pem}
    )


values = st.none() | st.booleans() | st.integers() | st.text() | st.binary()


@given(st.dictionaries(st.sampled_from([*SecurityOptions.model_fields, "other"]), values))
def test_every_dict_becomes_options_or_an_invalid_argument_error(
    options: dict[str, object],
) -> None:
    with suppress(InvalidArgumentError):
        assert isinstance(security_options(options), SecurityOptions)
