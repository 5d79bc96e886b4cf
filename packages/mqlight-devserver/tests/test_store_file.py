"""The file of a store: who may have it, and what it must be."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from devserver_consumers import Recorder

from mqlight_devserver.broker import Broker, Identity
from mqlight_devserver.sections import Header, encode_header
from mqlight_devserver.store.database import transaction
from mqlight_devserver.store.error import StoreError
from mqlight_devserver.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEADER = encode_header(Header(0), None, 0)
IDENTITY = Identity("a", "s", None)
_NOBODY = 65534


def open_store(path: Path) -> Store:
    store = Store(path)
    try:
        store.load(Broker(1_000_000, store), 0.0)
    except StoreError:
        store.close()
        raise
    return store


def make_store(path: Path, messages: int = 0) -> None:
    store = Store(path)
    broker = Broker(1_000_000, store)
    broker.attach(IDENTITY, 60, Recorder("c", 0))
    for _ in range(messages):
        broker.publish("a", HEADER + bytes(1000), Header(len(HEADER)), 0.0)
    store.commit(0.0)
    store.close()


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with closing(open_store(tmp_path / "store")):
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes["store"] == 0o600
    assert set(modes.values()) == {0o600}


def test_nothing_but_the_file_is_left_when_it_is_closed(tmp_path: Path) -> None:
    open_store(tmp_path / "store").close()
    assert [file.name for file in tmp_path.iterdir()] == ["store"]


def test_an_empty_file_is_taken(tmp_path: Path) -> None:
    (tmp_path / "store").touch()
    open_store(tmp_path / "store").close()


def test_a_name_with_all_that_means_something_in_a_uri(tmp_path: Path) -> None:
    path = tmp_path / "a?b=c#d %41:é"
    open_store(path).close()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["store", "other"])
def test_a_file_that_a_server_uses_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "store"
    with closing(open_store(path)):
        link = tmp_path / "other"
        link.symlink_to(path)
        for _ in range(2):
            with pytest.raises(StoreError, match="another server uses it"):
                open_store(tmp_path / name)
    open_store(path).close()


def test_a_file_that_something_else_in_the_process_has_read_is_refused_to_others(
    tmp_path: Path,
) -> None:
    """To close any file undoes the locks that SQLite has at it."""
    path = tmp_path / "store"
    program = (
        "import pathlib, sys; from mqlight_devserver.store.store import Store; "
        "Store(pathlib.Path(sys.argv[1]))"
    )
    with closing(open_store(path)):
        path.read_bytes()
        other = subprocess.run(  # noqa: S603 - Python itself
            [sys.executable, "-c", program, path], capture_output=True, text=True, check=False
        )
    assert "another server uses it" in other.stderr


@pytest.mark.parametrize("instead", [None, "another"])
def test_a_file_that_is_removed_or_replaced_is_not_written_to(
    tmp_path: Path, instead: str | None
) -> None:
    path = tmp_path / "store"
    with closing(open_store(path)) as store:
        broker = Broker(1_000_000, store)
        broker.attach(IDENTITY, 60, Recorder("c", 0))
        store.commit(0.0)
        path.unlink()
        if instead is not None:
            make_store(tmp_path / instead)
            (tmp_path / instead).rename(path)
        broker.publish("a", HEADER, Header(len(HEADER)), 0.0)
        with pytest.raises(StoreError) as failed:
            store.commit(0.0)
    problem = "it has been removed or replaced"
    assert str(failed.value) == f"cannot write to the store {path}: {problem}"


def test_a_lock_that_a_killed_server_has_left_is_none(tmp_path: Path) -> None:
    (tmp_path / "store-lock").touch()
    open_store(tmp_path / "store").close()
    assert [file.name for file in tmp_path.iterdir()] == ["store"]


def _folder(path: Path) -> None:
    path.mkdir()


def _text(path: Path) -> None:
    path.write_text("to do: write tests\n" * 100, "utf-8")


def _short_text(path: Path) -> None:
    path.write_text("x", "utf-8")


def _other_program(path: Path) -> None:
    change(path, "CREATE TABLE things (name)")


def _other_program_with_an_id(path: Path) -> None:
    change(path, "PRAGMA application_id = 99")


def _newer(path: Path) -> None:
    make_store(path)
    change(path, "PRAGMA user_version = 2")


def _damaged(path: Path) -> None:
    make_store(path, messages=200)
    content = bytearray(path.read_bytes())
    content[8192:16384] = b"\xff" * 8192
    path.write_bytes(content)


def _cut_off(path: Path) -> None:
    make_store(path, messages=200)
    os.truncate(path, 20_000)


def _without_a_message(path: Path) -> None:
    make_store(path, messages=2)
    change(path, "DELETE FROM messages WHERE number = 1")


def _message_that_is_none(path: Path) -> None:
    make_store(path, messages=2)
    change(path, "UPDATE messages SET encoded = x'005375a0' WHERE number = 1")


def _text_for_a_message(path: Path) -> None:
    make_store(path, messages=2)
    change(path, "UPDATE messages SET encoded = 'words' WHERE number = 1")


def _text_for_a_time(path: Path) -> None:
    make_store(path)
    change(path, "UPDATE destinations SET ttl = 'long'")


def _without_a_table(path: Path) -> None:
    make_store(path)
    change(path, "DROP TABLE copies")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_folder, "cannot use the store {}: it is not a file"),
        (_text, "cannot use the store {}: it is not a SQLite file"),
        (_short_text, "cannot use the store {}: it is not a SQLite file"),
        (_other_program, "cannot use the store {}: it belongs to another program"),
        (_other_program_with_an_id, "cannot use the store {}: it belongs to another program"),
        (_newer, "cannot use the store {}: it is of version 2, and this server knows version 1"),
        (_damaged, "cannot use the store {}: it is damaged"),
        (_cut_off, "cannot use the store {}: it is damaged"),
        (_without_a_message, "cannot read the store {}: it is damaged"),
        (_message_that_is_none, "cannot read the store {}: it is damaged"),
        (_text_for_a_message, "cannot read the store {}: it is damaged"),
        (_text_for_a_time, "cannot read the store {}: it is damaged"),
        (_without_a_table, "cannot read the store {}: no such table: copies"),
    ],
)
def test_what_is_no_store_is_refused_and_left_as_it_is(
    tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "store"
    spoil(path)
    content = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError) as refused:
        open_store(path)
    assert str(refused.value).startswith(said.format(path))
    assert "\n" not in str(refused.value)
    assert content == (path.read_bytes() if path.is_file() else None)


def test_a_folder_that_is_missing_is_named_in_the_error(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "store"
    with pytest.raises(StoreError) as refused:
        open_store(path)
    assert str(refused.value) == f"cannot use the store {path}: No such file or directory"


def test_a_link_to_nowhere_makes_no_file(tmp_path: Path) -> None:
    (tmp_path / "store").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="it is not a file"):
        open_store(tmp_path / "store")
    assert not (tmp_path / "nowhere").exists()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        yield folder
        folder.chmod(0o700)


@pytest.fixture
def without_privileges() -> Iterator[None]:
    """To root nothing is forbidden."""
    if os.geteuid() != 0:
        yield
    else:
        os.seteuid(_NOBODY)
        yield
        os.seteuid(0)


def test_a_folder_that_may_not_be_written_is_named_in_the_error(
    public_folder: Path, request: pytest.FixtureRequest
) -> None:
    public_folder.chmod(0o555)
    request.getfixturevalue("without_privileges")
    path = public_folder / "store"
    with pytest.raises(StoreError) as refused:
        open_store(path)
    assert str(refused.value) == f"cannot use the store {path}: Permission denied"


@pytest.mark.parametrize(
    ("name", "mode", "folder_mode"), [("store", 0o444, 0o777), (".", 0o666, 0o555)]
)
def test_a_file_that_may_not_be_written_is_refused(
    public_folder: Path, request: pytest.FixtureRequest, name: str, mode: int, folder_mode: int
) -> None:
    path = public_folder / "store"
    make_store(path)
    path.chmod(mode)
    public_folder.chmod(folder_mode)
    request.getfixturevalue("without_privileges")
    with pytest.raises(StoreError) as refused:
        open_store(path)
    reason = f"{public_folder / name} cannot be read and written"
    assert str(refused.value) == f"cannot use the store {path}: {reason}"


def test_a_transaction_that_fails_leaves_nothing() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.execute("CREATE TABLE things (name)")

        def insert_and_fail() -> None:
            with transaction(database):
                database.execute("INSERT INTO things VALUES ('one')")
                raise KeyError

        with pytest.raises(KeyError):
            insert_and_fail()
        assert not database.in_transaction
        assert database.execute("SELECT * FROM things").fetchall() == []


def test_when_the_disk_is_full_nothing_of_a_commit_is_there(tmp_path: Path) -> None:
    path = tmp_path / "store"
    make_store(path, messages=3)
    store = Store(path)
    broker = Broker(1_000_000, store)
    store.load(broker, 0.0)
    store._database.execute("PRAGMA max_page_count = 1")  # no more than there are
    for _ in range(100):
        broker.publish("a", HEADER + bytes(1000), Header(len(HEADER)), 0.0)
    with pytest.raises(StoreError) as failed:
        store.commit(0.0)
    assert str(failed.value) == f"cannot write to the store {path}: database or disk is full"
    store.close()
    again = Store(path)
    broker = Broker(1_000_000, again)
    with closing(again):
        again.load(broker, 0.0)
        assert len(broker._destinations[IDENTITY].messages) == 3
