"""Every option of `mqlight-devserver`, with a pipe and in a terminal.

The options are those of its own parser: a new one fails until a test shows it.
"""

from __future__ import annotations

import ast
import re
import signal
import ssl
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from devserver_command import CTRL_C, Command
from devserver_socket import SocketClient
from devserver_wire import frame
from devserver_world import receiver

from mqlight_devserver import DevServer, cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHOWN: Final = {
    "-h, --help": "test_help_names_every_option",
    "--host": "test_it_listens_on_the_host_asked_for",
    "--port": "test_a_port_in_use_is_one_clear_line",
    "--store": "test_what_is_in_the_store_outlives_the_server",
    "--user": "test_users_of_the_command_line_and_of_a_file_are_let_in",
    "--users-file": "test_users_of_the_command_line_and_of_a_file_are_let_in",
    "--tls-certificate": "test_everything_goes_over_tls",
    "--tls-key": "test_everything_goes_over_tls",
    "--tls-key-passphrase-file": "test_everything_goes_over_tls",
    "--tls-client-trust": "test_a_certificate_of_the_client_is_welcome_or_required",
    "--tls-client-required": "test_a_certificate_of_the_client_is_welcome_or_required",
    "--ui": "test_the_page_is_where_it_is_asked_for",
    "--ui-host": "test_the_page_is_where_it_is_asked_for",
    "--max-message-size": "test_a_larger_message_is_rejected",
    "--max-queued-bytes": "test_publishers_wait_while_too_much_is_queued",
    "--idle-timeout": "test_a_silent_client_is_disconnected",
    "-v, --verbose": "test_verbose_tells_what_clients_do_in_plain_lines",
    "--version": "test_the_version_is_shown",
}


@pytest.fixture(params=["pipe", "terminal"])
def anywhere(request: pytest.FixtureRequest) -> Iterator[Callable[..., Command]]:
    """Start the command with a pipe, and in another test of the same name in a terminal."""
    commands: list[Command] = []

    def start(*arguments: str) -> Command:
        commands.append(Command(request.param, *arguments))
        return commands[-1]

    yield start
    for command in commands:
        command.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options for a server with a certificate, whose key has a passphrase."""
    folder = tmp_path_factory.mktemp("tls")
    issued = authority.issue_cert("127.0.0.1")
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    sealed = BestAvailableEncryption(b"open sesame")
    contents = {
        "--tls-certificate": issued.cert_chain_pems[0].bytes(),
        "--tls-key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed),
        "--tls-key-passphrase-file": b"open sesame\n",
    }
    options = []
    for option, content in contents.items():
        file = folder / option
        file.write_bytes(content)
        options += [option, str(file)]
    return options


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


def exchange(port: int, **connection: Any) -> object:
    """Send a message to oneself, and return what arrived."""
    with SocketClient(port, "c", **connection) as client:
        client.subscribe("private:a")
        client.publish_to("a")
        client.publish("hello")
        return client.next_body()


def test_every_option_has_a_test_that_uses_it() -> None:
    tests = {
        function.name: ast.unparse(function)
        for function in ast.parse(Path(__file__).read_text("utf-8")).body
        if isinstance(function, ast.FunctionDef)
    }
    assert set(SHOWN) == {", ".join(action.option_strings) for action in cli._parser()._actions}
    for option, test in SHOWN.items():
        source = tests[test] + (tests["tls"] if "*tls" in tests[test] else "")
        assert "anywhere" in source
        assert f"'{option.rpartition(', ')[2]}'" in source


def test_help_names_every_option(anywhere: Callable[..., Command]) -> None:
    command = anywhere("--help")

    assert command.end() == 0
    assert command.lines[0].startswith("usage: mqlight-devserver ")
    for option in SHOWN:
        assert option in command.written


def test_the_version_is_shown(anywhere: Callable[..., Command]) -> None:
    command = anywhere("--version")

    assert command.end() == 0
    assert command.lines == [f"mqlight-devserver {version('mqlight-devserver')}"]


def test_it_listens_on_the_host_asked_for(anywhere: Callable[..., Command]) -> None:
    command = anywhere("--host", "127.0.0.2", "--port", "0")

    assert exchange(command.port, host="127.0.0.2") == "hello"
    assert command.end(signal.SIGTERM) == 0
    assert command.lines == [f"mqlight-devserver listening on amqp://127.0.0.2:{command.port}"]


def test_a_port_in_use_is_one_clear_line(anywhere: Callable[..., Command]) -> None:
    with DevServer() as served:
        command = anywhere("--port", str(served.port))

        assert command.end() == 1
    problem = f"cannot listen on 127.0.0.1:{served.port}: Address already in use"
    assert command.lines == [f"mqlight-devserver: {problem}"]


def test_what_is_in_the_store_outlives_the_server(
    anywhere: Callable[..., Command], tmp_path: Path
) -> None:
    first = anywhere("--port", "0", "--store", str(tmp_path / "store"))
    with SocketClient(first.port, "c") as client:
        client.subscribe("private:a", timeout=3600)
    with SocketClient(first.port, "p") as client:
        client.publish_to("a")
        client.publish("kept")
    first.end(signal.SIGKILL)

    second = anywhere("--port", "0", "--store", str(tmp_path / "store"))
    with SocketClient(second.port, "c") as client:
        client.subscribe("private:a", timeout=3600)
        assert client.next_body() == "kept"


def test_users_of_the_command_line_and_of_a_file_are_let_in(
    anywhere: Callable[..., Command], tmp_path: Path
) -> None:
    file = tmp_path / "users"
    file.write_text("# ours\neve:apple\n", "utf-8")
    command = anywhere("--port", "0", "--user", "bob:secret", "--users-file", str(file))

    assert exchange(command.port, plain=b"\0bob\0secret") == "hello"
    assert exchange(command.port, plain=b"\0eve\0apple") == "hello"
    with pytest.raises(PermissionError):
        SocketClient(command.port, "c", plain=b"\0eve\0pear")
    with pytest.raises(PermissionError):
        SocketClient(command.port, "c")
    assert "apple" not in command.written


def test_everything_goes_over_tls(
    anywhere: Callable[..., Command], tls: list[str], authority: trustme.CA
) -> None:
    command = anywhere("--port", "0", *tls)

    assert exchange(command.port, tls=trusting(authority)) == "hello"
    assert command.lines == [f"mqlight-devserver listening on amqps://127.0.0.1:{command.port}"]
    with pytest.raises((EOFError, ConnectionResetError)):
        SocketClient(command.port, "c")


@pytest.mark.parametrize("required", [False, True])
def test_a_certificate_of_the_client_is_welcome_or_required(
    anywhere: Callable[..., Command],
    tls: list[str],
    authority: trustme.CA,
    tmp_path: Path,
    required: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "trust"))
    demand = ["--tls-client-required"] if required else []
    command = anywhere("--port", "0", *tls, "--tls-client-trust", str(tmp_path / "trust"), *demand)
    identified = trusting(authority)
    authority.issue_cert("client.example.org").configure_cert(identified)

    assert exchange(command.port, tls=identified) == "hello"
    if required:
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            exchange(command.port, tls=trusting(authority))
    else:
        assert exchange(command.port, tls=trusting(authority)) == "hello"


def test_verbose_tells_what_clients_do_in_plain_lines(anywhere: Callable[..., Command]) -> None:
    command = anywhere("--port", "0", "--verbose")
    with SocketClient(command.port, "teapot") as client:
        client.subscribe("private:\x1b[31mred")
    command.until("teapot")
    command.until(r"\\x1b\[31mred")

    assert command.end(signal.SIGTERM) == 0
    assert "\x1b" not in command.written


def test_the_page_is_where_it_is_asked_for(anywhere: Callable[..., Command]) -> None:
    command = anywhere("--port", "0", "--ui", "0", "--ui-host", "127.0.0.3")

    url = command.until(r"mqlight-devserver ui on (http://127\.0\.0\.3:\d+/)")[1]
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own page
        assert b"<html" in answer.read()


def test_a_larger_message_is_rejected(anywhere: Callable[..., Command]) -> None:
    command = anywhere("--port", "0", "--max-message-size", "1K")
    with SocketClient(command.port, "c") as client:
        client.publish_to("a")
        client.publish("x" * 2000)

    assert "1024 bytes that are allowed" in command.until("message to a rejected.*")[0]


def test_publishers_wait_while_too_much_is_queued(anywhere: Callable[..., Command]) -> None:
    command = anywhere("--port", "0", "--max-queued-bytes", "1K")
    with SocketClient(command.port, "c") as holder:
        holder.subscribe("private:a", timeout=3600)
    with SocketClient(command.port, "p") as first:
        first.publish_to("a")
        first.publish("x" * 2000)
    with SocketClient(command.port, "q") as second:
        second.send_attach_to("a")
        second.wait_for("attach")
        # By the answer to this, credit would have come.
        second._socket.sendall(frame(receiver("private:b", handle=0)))
        assert second.next_frame().kind == "attach"

        with SocketClient(command.port, "c") as holder:
            holder.subscribe("private:a", timeout=3600)
            assert holder.next_body() == "x" * 2000
        second.wait_for("flow")


def test_a_silent_client_is_disconnected(anywhere: Callable[..., Command]) -> None:
    command = anywhere("--port", "0", "--idle-timeout", "0.2")
    with SocketClient(command.port, "c") as client:
        assert client.at_end()


def test_ctrl_c_ends_it_cleanly() -> None:
    command = Command("terminal", "--port", "0")
    try:
        assert exchange(command.port) == "hello"
        command.type(CTRL_C)

        assert command.end() == 0
        assert re.fullmatch(r"mqlight-devserver listening on \S+\r\n\^C", command.written)
    finally:
        command.close()
