"""The TLS options, against a server that demands a certificate of the client."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

    from mqlight_devserver import DevServer

    Front = Callable[[str], str]

PROGRAMS = pytest.mark.parametrize("program", ["send", "recv", "uiworkout"])
PASSPHRASE = "open sesame"


@dataclass(frozen=True)
class Files:
    """What the options name."""

    trust: str
    certificate: str
    key: str
    encrypted_key: str


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Files:
    client = authority.issue_cert("client.example.org")
    key = serialization.load_pem_private_key(client.private_key_pem.bytes(), None)
    contents = {
        "trust": authority.cert_pem.bytes(),
        "certificate": client.cert_chain_pems[0].bytes(),
        "key": client.private_key_pem.bytes(),
        "encrypted_key": key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(PASSPHRASE.encode()),
        ),
    }
    folder = tmp_path_factory.mktemp("tls")
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return Files(**{name: str(folder / name) for name in contents})


@pytest.fixture
def front(server: DevServer, authority: trustme.CA) -> Iterator[Front]:
    """Make TLS fronts of the server with a certificate for a name; they tell their URL."""
    with contextlib.ExitStack() as fronts:
        yield lambda name: fronts.enter_context(_front(server.port, authority, name))


@contextlib.contextmanager
def _front(server_port: int, authority: trustme.CA, name: str) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    authority.issue_cert(name).configure_cert(context)
    loop = asyncio.new_event_loop()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", server_port)
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):  # either side may go without a farewell
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        target.close()

    async def close() -> None:
        listener.close()
        relays = asyncio.all_tasks() - {asyncio.current_task()}
        for task in relays:
            task.cancel()
        await asyncio.gather(*relays, return_exceptions=True)

    listener = loop.run_until_complete(asyncio.start_server(relay, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield f"amqps://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    asyncio.run_coroutine_threadsafe(close(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@PROGRAMS
def test_with_every_file_a_program_connects(
    front: Front, run: Run, files: Files, program: str
) -> None:
    url = front("127.0.0.1")
    running = run(
        program,
        *("-s", url, "-c", files.trust, "--client-certificate", files.certificate),
        *("--client-key", files.encrypted_key, "--client-key-passphrase", PASSPHRASE),
    )

    running.until_printed(f"Connected to {url}")
    running.end(signal.SIGTERM)
    assert running.err == []


@PROGRAMS
def test_a_wrong_passphrase_is_told_and_not_shown(
    front: Front, run: Run, files: Files, program: str
) -> None:
    running = run(
        program,
        *("-s", front("127.0.0.1"), "--client-certificate", files.certificate),
        *("--client-key", files.encrypted_key, "--client-key-passphrase", "guess"),
    )

    assert running.end() == 1
    (line,) = running.err
    assert "passphrase" in line
    assert "guess" not in line


@PROGRAMS
def test_a_server_that_nobody_vouches_for_is_refused(front: Front, run: Run, program: str) -> None:
    running = run(program, "-s", front("127.0.0.1"))

    assert running.end() == 1
    (line,) = running.err
    assert "certificate" in line


@PROGRAMS
def test_the_name_in_the_certificate_is_checked_unless_told_otherwise(
    front: Front, run: Run, files: Files, program: str
) -> None:
    url = front("elsewhere.example.org")
    arguments = [
        *("-s", url, "-c", files.trust, "--client-certificate", files.certificate),
        *("--client-key", files.key),
    ]
    for switch in ([], ["--no-verify-name=false"]):
        refused = run(program, *arguments, *switch)
        assert refused.end() == 1
        (line,) = refused.err
        assert "127.0.0.1" in line
    for switch in (["--no-verify-name"], ["--no-verify-name=true"]):
        running = run(program, *arguments, *switch)
        running.until_printed(f"Connected to {url}")
        running.end(signal.SIGTERM)
        assert running.err == []


def test_no_verify_name_does_not_take_the_message(front: Front, run: Run, files: Files) -> None:
    sender = run(
        "send",
        *("-s", front("elsewhere.example.org"), "-c", files.trust),
        *("--client-certificate", files.certificate, "--client-key", files.key),
        *("--no-verify-name", "a message"),
    )

    assert sender.end() == 0
    assert sender.messages == ["a message"]
