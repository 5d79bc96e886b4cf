"""A secret that is given wrongly, in each option and at each place of a URL, is not shown."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, get_args

import pytest
from canary import CANARY, IN_URL, NUMBER
from conftest import PATIENCE
from pydantic import SecretStr

import mqlight
import mqlight.aio
import mqlight.blocking
from mqlight_core import service_source
from mqlight_devserver import DevServer
from mqlight_security import SecurityOptions, ServerTls, security_options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from watch import Watch

KINDS = {"callbacks": mqlight.Client, "asyncio": mqlight.aio.Client, "b": mqlight.blocking.Client}
SECRETS = [
    name
    for name, field in SecurityOptions.model_fields.items()
    if SecretStr in get_args(field.annotation)
]
"""The options that are secret."""


def test_every_security_option_is_known_to_be_secret_or_not() -> None:
    assert set(SecurityOptions.model_fields) - set(SECRETS) == {
        "user",
        "ssl_trust_certificate",
        "ssl_client_certificate",
        "ssl_client_key",
        "ssl_keystore",
        "ssl_verify_name",
    }


class Holder:
    """Something with the secret in it, that shows it."""

    def __repr__(self) -> str:
        return CANARY


WRONG = {
    "bytes": CANARY.encode(),
    "int": NUMBER,
    "float": float(NUMBER),
    "list": [CANARY],
    "dict": {CANARY: CANARY},
    "object": Holder(),
    "surrogate": CANARY + "\udc80",
    "NUL": CANARY + "\0",
    "without what it goes with": CANARY,
}
"""Values that no secret option takes as they are given below."""


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
def test_a_refused_option(kind: Callable[..., Any], name: str, value: object, watch: Watch) -> None:
    with pytest.raises(mqlight.InvalidArgumentError) as caught:
        kind("amqps://127.0.0.1:1", None, security_options={name: value})
    watch.error(caught.value)
    assert watch.leaks() == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_client_that_could_not_be_made_can_be_shown(kind: type[Any], watch: Watch) -> None:
    unmade: Any = object.__new__(kind)
    assert repr(unmade) == f"<{kind.__module__.removesuffix('._client')}.Client>"
    with pytest.raises(mqlight.InvalidArgumentError) as caught:
        kind.__init__(unmade, f"amqp://ann:{IN_URL}@:1")
    watch.object(unmade)
    watch.error(caught.value)
    assert watch.leaks() == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("value", [CANARY, CANARY.encode(), NUMBER, [CANARY], Holder()])
def test_options_that_are_none(kind: Callable[..., Any], value: Any, watch: Watch) -> None:
    with pytest.raises(TypeError) as caught:
        kind("amqps://127.0.0.1:1", None, security_options=value)
    watch.error(caught.value)
    assert watch.leaks() == []


@pytest.mark.parametrize("value", [CANARY, CANARY.encode(), NUMBER, [NUMBER], Holder()])
def test_a_service_that_is_none(value: Any, watch: Watch) -> None:
    with pytest.raises(mqlight.InvalidArgumentError) as caught:
        mqlight.Client([value] if isinstance(value, str) else value)
    # A str is taken for a misspelt URL, and shown as one: without what follows its '@', ':' or '?'.
    if not isinstance(value, str):
        watch.error(caught.value)
    assert watch.leaks() == []


def test_options_in_use(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    options = security_options(
        {
            "user": "ann",
            "password": CANARY,
            "ssl_keystore": str(tmp_path / "file"),
            "ssl_keystore_passphrase": CANARY,
        }
    )
    watch.object(options)
    watch.object(ServerTls(certificate="c", key="k", key_passphrase=CANARY))
    watch.object(DevServer(users={"ann": CANARY}))
    assert watch.leaks() == []


@pytest.mark.parametrize("password", [CANARY + "\udc80", CANARY + "\0", CANARY.encode()])
def test_a_password_that_a_server_refuses(password: Any, watch: Watch) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        DevServer(users={"ann": password})
    watch.error(caught.value)
    assert watch.leaks() == []


MALFORMED = [
    "amqp://ann:{}",
    "amqp://ann:{}@",
    "amqp://ann:{}@:5672",
    "amqp://ann:{}@host:0",
    "amqp://ann:{}@host:{}",
    "amqp://ann@host:{}",
    "amqp://host:{}",
    "amqp://host:5672:{}",
    "amqp://ann:x@{}@host name",
    "amqp://ann:{}@x@:1",
    "amqp://a@b:{}@:1",
    "amqp://{}@host",
    "amqp://:{}@host",
    "amqp://{}:@host",
    "amqp://ann:{}%@host",
    "amqp://ann:{}%zz@host",
    "amqp://ann:{}%ff@host",
    "amqp://ann:{}%00@host",
    "amqp://ann:{}\udc80@host",
    "amqp://ann:{}/@host",
    "amqp://ann:{}?@host",
    "amqp://ann:{}#@host",
    "amqp://ann: {}@host",
    "amqp://ann:{}\n@host",
    " amqp://ann:{}@host",
    "amqp://ann:{}@ho st",
    "amqp://ann:{}@host\0",
    "amqp://ann:{}@host?{}",
    "amqp://ann:{}@host#{}",
    "amqp://host?password={}",
    "amqp://ann:{}@[::1",
    "amqp://ann:{}@::1",
    "amqp://ann:{}@[host]",
    "amqp://ann:{}@host,amqp://ann:{}@other",
    "ftp://ann:{}@host",
    "ftp://ann:{}",
    "ann:{}@host",
    "ann:{}",
    "//ann:{}@host",
    "amqp:ann:{}@host",
    "amqp:/ann:{}@host",
    "amqp:/ann:{}",
    "amqp//ann:{}",
    "http://ann:{}@127.0.0.1:1/",
    "http://127.0.0.1:{}/",
    "https://127.0.0.1:x/?{}",
    "file://ann:{}@host/x",
    "file:///x?{}",
]
"""URLs with the secret in them that cannot be used."""


def _at_once(url: str, _: Path) -> object:
    return url


def _in_a_list(url: str, _: Path) -> object:
    return ["amqp://127.0.0.1:1", url]


def _in_a_functions_answer(url: str, _: Path) -> object:
    return lambda callback: callback(None, [url])


def _in_a_document(url: str, folder: Path) -> object:
    (folder / "services").write_text(json.dumps({"service": [url]}), "utf-8")
    return f"file://{folder}/services"


PLACES = [_at_once, _in_a_list, _in_a_functions_answer, _in_a_document]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("url", MALFORMED)
@pytest.mark.parametrize("secret", [CANARY, IN_URL], ids=["raw", "encoded"])
def test_a_malformed_url(
    url: str, secret: str, place: Callable[[str, Path], object], watch: Watch, tmp_path: Path
) -> None:
    errors: list[Exception | None] = []
    service: Any = place(url.replace("{}", secret), tmp_path)
    try:
        client = mqlight.Client(
            service, on_state_changed=lambda _client, _state, error: errors.append(error)
        )
    except mqlight.InvalidArgumentError as refused:
        errors.append(refused)
    else:
        assert client.wait_stopped(PATIENCE)
        watch.object(client)
    assert any(errors)
    for error in errors:
        watch.error(error)
    assert watch.leaks() == []


CREDENTIALS: list[dict[str, object]] = [
    {"mqlight_lookup_url": f"http://ann:{IN_URL}@host/", "user": "ann", "password": CANARY},
    {"mqlight_lookup_url": f"ftp://host/?{CANARY}", "user": "ann", "password": CANARY},
    {"mqlight_lookup_url": f"http://host:{IN_URL}", "user": "ann", "password": CANARY},
    {"mqlight_lookup_url": "http://host", "user": "ann", "password": [CANARY]},
    {"mqlight_lookup_url": "http://host", "user": "ann", "password": NUMBER},
    {"mqlight_lookup_url": "http://host", "user": "ann", "password": CANARY + "\0"},
    {"mqlight_lookup_url": "http://host", "user": "ann", "password": CANARY + "\udc80"},
    {"mqlight_lookup_url": "http://host", "user": "", "password": CANARY},
    {"mqlight_lookup_url": "http://host", "password": CANARY},
    {"user": "ann", "password": CANARY},
    {"mqlight_lookup_url": f"http://host/?{IN_URL}", "user": "ann", "password": CANARY},
]
"""What may be bound to an application; only the last can be used."""


@pytest.mark.parametrize("credentials", CREDENTIALS)
@pytest.mark.parametrize("cut", [0, 1], ids=["whole", "cut off"])
def test_the_services_that_are_bound(
    credentials: dict[str, object], cut: int, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps({"mqlight": [{"label": "mqlight", "credentials": credentials}]})
    monkeypatch.setenv("VCAP_SERVICES", text[: len(text) - cut])
    options = {"user": "ann", "password": CANARY + "!"}  # another password
    for kind in KINDS.values():
        with pytest.raises(mqlight.InvalidArgumentError) as caught:
            kind(None, None, security_options=options)
        watch.error(caught.value)
    with suppress(mqlight.InvalidArgumentError):
        watch.object(service_source(None, environment={"VCAP_SERVICES": text}))
    assert watch.leaks() == []
