from __future__ import annotations

import copy
import pickle
import traceback
from dataclasses import FrozenInstanceError
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mqlight_core import InvalidArgumentError, Service, parse_service_url

labels = st.text("abcxyz019_-", min_size=1, max_size=20)
host_names = st.lists(labels, min_size=1, max_size=4).map(".".join)
hosts = st.one_of(
    host_names,
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
)
secrets = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
services = st.builds(
    lambda scheme, host, port, credentials: Service(scheme, host, port, *credentials),
    st.sampled_from(["amqp", "amqps"]),
    hosts,
    st.integers(1, 65535),
    st.just((None, None)) | st.tuples(secrets, secrets),
)


def url_of(service: Service) -> str:
    if service.user is None or service.password is None:
        return service.address
    credentials = f"{quote(service.user, safe='')}:{quote(service.password, safe='')}"
    return service.address.replace("://", f"://{credentials}@")


def reason_of(url: str) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_service_url(url)
    assert not isinstance(caught.value, TypeError)
    assert str(caught.value).startswith("Service '")
    return str(caught.value)


@given(services)
def test_every_service_is_read_back_from_its_url(service: Service) -> None:
    assert parse_service_url(url_of(service)) == service


@given(services)
def test_the_address_is_a_url_of_the_same_server_without_credentials(service: Service) -> None:
    again = parse_service_url(service.address)
    assert (again.scheme, again.host, again.port) == (service.scheme, service.host, service.port)
    assert again.user is None
    assert again.password is None


@given(
    st.text()
    | st.text().map("amqp://".__add__)
    | st.text("amqps:/@[]%.?#0123456789x ").map("amqp://".__add__)
)
@example("amqp://İ")
@example("amqp://[::1")
@example("amqp://" + "9" * 5000)
@example("amqp://host:" + "9" * 5000)
@example("amqp://\ud800")
@example("amqp://\ud800:\ud800@host")
def test_every_text_is_either_read_or_refused(url: str) -> None:
    try:
        service = parse_service_url(url)
    except InvalidArgumentError:
        return
    assert parse_service_url(url_of(service)) == service


@pytest.mark.parametrize(
    ("url", "port"), [("amqp://host", 5672), ("amqps://host", 5671), ("amqps://host:5672", 5672)]
)
def test_the_scheme_gives_the_default_port(url: str, port: int) -> None:
    assert parse_service_url(url).port == port


def test_only_amqps_is_tls() -> None:
    assert parse_service_url("amqps://host").tls
    assert not parse_service_url("amqp://host").tls


def test_scheme_and_host_are_lowered() -> None:
    assert parse_service_url("AmqpS://Some.HOST").address == "amqps://some.host:5671"


@pytest.mark.parametrize("url", ["amqp://host", "amqp://host/", "amqp://host:5672/"])
def test_the_path_may_be_a_slash(url: str) -> None:
    assert parse_service_url(url).address == "amqp://host:5672"


@pytest.mark.parametrize(
    ("url", "host", "address"),
    [
        ("amqp://[::1]", "::1", "amqp://[::1]:5672"),
        ("amqp://[2001:DB8::1]:99", "2001:db8::1", "amqp://[2001:db8::1]:99"),
        ("amqp://[fe80::1%25Eth0]", "fe80::1%Eth0", "amqp://[fe80::1%25Eth0]:5672"),
        ("amqp://[fe80::1%Eth0]", "fe80::1%Eth0", "amqp://[fe80::1%25Eth0]:5672"),
    ],
)
def test_an_ipv6_address_has_brackets_in_the_url_only(url: str, host: str, address: str) -> None:
    service = parse_service_url(url)
    assert service.host == host
    assert service.address == address


@pytest.mark.parametrize(
    "host", ["localhost", "my_host", "a.b.", "10.0.0.1", "bücher.example", "हिन्दी"]
)
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert parse_service_url(f"amqp://{host}").host == host


@pytest.mark.parametrize(
    ("userinfo", "user", "password"),
    [
        ("alice:secret", "alice", "secret"),
        ("a%40b:p%3Aq%2f", "a@b", "p:q/"),
        ("alice:a:b", "alice", "a:b"),
        ("alice:a@b", "alice", "a@b"),
        ("alice:a+b", "alice", "a+b"),
        ("%C3%A9:%25", "é", "%"),
    ],
)
def test_credentials_are_percent_decoded(userinfo: str, user: str, password: str) -> None:
    service = parse_service_url(f"amqp://{userinfo}@host")
    assert service.user == user
    assert service.password == password


def test_credentials_are_never_printed() -> None:
    service = parse_service_url("amqp://alice:secret@host")
    for text in (str(service), repr(service), f"{service}", service.address):
        assert "alice" not in text
        assert "secret" not in text
    assert str(service) == service.address == "amqp://host:5672"


def test_a_service_is_pickled_only_without_a_password() -> None:
    service = Service("amqps", "::1", 5671)
    assert pickle.loads(pickle.dumps(service)) == service  # noqa: S301 - our own pickle
    with pytest.raises(TypeError, match="a Service with a password cannot be pickled"):
        pickle.dumps(parse_service_url("amqp://alice:secret@host"))


def test_a_copy_of_a_service_is_the_same() -> None:
    service = parse_service_url("amqp://alice:secret@host")
    assert copy.copy(service) is copy.deepcopy(service) is service


@pytest.mark.parametrize("userinfo", ["alice:secret%ff", "alice:secret\udc80", "alice:secret%00"])
def test_an_undecodable_password_is_in_no_part_of_the_error(userinfo: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_service_url(f"amqp://{userinfo}@host")
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_service_is_a_frozen_value() -> None:
    service = parse_service_url("amqp://host")
    assert service == Service("amqp", "host", 5672)
    assert len({service, Service("amqp", "host", 5672)}) == 1
    with pytest.raises(FrozenInstanceError):
        service.port = 1  # type: ignore[misc]


@pytest.mark.parametrize("url", ["", "host", "host:5672", "amqp:host", "http://host", "://host"])
def test_another_scheme_or_none_is_refused(url: str) -> None:
    assert "must start with amqp:// or amqps://" in reason_of(url)


@pytest.mark.parametrize("url", ["amqp://", "amqp:///", "amqp://:5672", "amqp://u:p@", "amqp://?"])
def test_a_missing_host_is_refused(url: str) -> None:
    assert "it has no host" in reason_of(url)


@pytest.mark.parametrize(
    "host",
    [
        "a..b",
        ".a",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "a%20b",
        "a,b",
        "a*b",
        "a\ud800",
        "..",
        "é" * 64,
        "a℀b",
    ],
)
def test_what_no_resolver_takes_is_refused_as_a_host(host: str) -> None:
    assert "it has no valid host name" in reason_of(f"amqp://{host}")


@pytest.mark.parametrize("host", ["[]", "[host]", "[1.2.3.4]", "[::1%]", "[v1.x]", "[::g]"])
def test_only_ipv6_addresses_stand_in_brackets(host: str) -> None:
    assert "no valid IPv6 address in the brackets" in reason_of(f"amqp://{host}")


@pytest.mark.parametrize(
    "rest", ["::1", "fe80::1:5672", "[::1", "::1]", "[::1]x", "a[::1]", "host:1:2"]
)
def test_an_ipv6_address_without_its_brackets_is_refused(rest: str) -> None:
    assert "an IPv6 address is written in brackets" in reason_of(f"amqp://{rest}")


@pytest.mark.parametrize("port", ["", "0", "65536", "99999", "999999", "-1", "+1", "5672x", "٣"])
def test_a_port_is_a_number_from_1_to_65535(port: str) -> None:
    assert "the port must be a number from 1 to 65535" in reason_of(f"amqp://host:{port}")


@pytest.mark.parametrize("port", [1, 65535])
def test_the_first_and_last_port_are_valid(port: int) -> None:
    assert parse_service_url(f"amqp://host:{port}").port == port


@pytest.mark.parametrize("userinfo", ["alice", "alice:", ":secret", ":", ""])
def test_a_user_without_a_password_or_the_reverse_is_refused(userinfo: str) -> None:
    assert "both user and password must be specified" in reason_of(f"amqp://{userinfo}@host")


@pytest.mark.parametrize("rest", ["/topic", "//", "?", "?a=b", "#", "#a", "/?a", "/#a"])
def test_path_query_and_fragment_are_refused(rest: str) -> None:
    assert "a path, query or fragment cannot be part" in reason_of(f"amqp://host{rest}")


@pytest.mark.parametrize("character", [" ", "\t", "\n", "\r", "\0", "\x7f", "\x85", "\u2028"])
@pytest.mark.parametrize("url", ["{}amqp://host", "amqp://ho{}st", "amqp://host{}"])
def test_white_space_and_control_characters_are_refused(url: str, character: str) -> None:
    assert "white space or a control character" in reason_of(url.format(character))


@pytest.mark.parametrize("password", ["100%", "%zz", "a%2"])
def test_a_stray_percent_sign_in_credentials_is_refused(password: str) -> None:
    assert "a '%' in the user or password is written %25" in reason_of(f"amqp://u:{password}@host")


@pytest.mark.parametrize("password", ["%ff", "%ed%a0%80", "\ud800"])
def test_credentials_that_are_not_utf8_are_refused(password: str) -> None:
    assert "not valid UTF-8" in reason_of(f"amqp://u:{password}@host")


def test_a_nul_in_credentials_is_refused() -> None:
    assert "NUL" in reason_of("amqp://u:a%00b@host")


@pytest.mark.parametrize("password", ["se/cret", "se?cret", "se#cret"])
def test_a_delimiter_that_is_not_encoded_in_a_password_is_explained(password: str) -> None:
    message = reason_of(f"amqp://alice:{password}@host")
    assert "%2F, %3F or %23" in message
    assert "cret" not in message


@given(st.text(), st.text(), st.sampled_from(["amqp", "amqps", "http", "x"]))
def test_no_message_shows_a_password(before: str, after: str, scheme: str) -> None:
    try:
        parse_service_url(f"{scheme}://alice:{before}S3CRET{after}@host/")
    except InvalidArgumentError as error:
        shown = "".join(traceback.format_exception(error, limit=0))
        assert "S3CRET" not in shown


@pytest.mark.parametrize("url", [None, 1, b"amqp://host", ["amqp://host"]])
def test_a_url_that_is_not_a_str_is_a_type_error_too(url: object) -> None:
    with pytest.raises(InvalidArgumentError, match="must be a URL as a str") as caught:
        parse_service_url(url)  # type: ignore[arg-type]
    assert isinstance(caught.value, TypeError)
