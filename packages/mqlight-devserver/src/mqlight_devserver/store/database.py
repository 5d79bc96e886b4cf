"""The file: who may open it, and what it must be."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Final

from mqlight_devserver.store.claim import IN_USE
from mqlight_devserver.store.error import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["failing_as", "make_file", "open_database", "transaction"]

_APPLICATION_ID: Final = 0x4D514C53
_VERSION: Final = 1
"""Of the tables; a file of another version is refused."""

# A message is there once, however many destinations hold a copy of it.  `deadline` and `expires_at`
# are times of day; a destination without a deadline is attended.
_TABLES: Final = (
    """CREATE TABLE destinations (
        id INTEGER PRIMARY KEY,
        pattern TEXT NOT NULL,
        share TEXT,
        client_id TEXT,
        ttl REAL NOT NULL,
        deadline REAL,
        CHECK ((share IS NULL) <> (client_id IS NULL))
    )""",
    """CREATE TABLE messages (
        number INTEGER PRIMARY KEY,
        encoded BLOB NOT NULL,
        expires_at REAL
    )""",
    """CREATE TABLE copies (
        destination INTEGER NOT NULL REFERENCES destinations,
        message INTEGER NOT NULL REFERENCES messages,
        failed INTEGER NOT NULL,
        handed_out INTEGER NOT NULL,
        PRIMARY KEY (destination, message)
    ) WITHOUT ROWID""",
    "CREATE INDEX copies_of_message ON copies (message)",
)

_SMALLEST_PAGE: Final = 512
_EFFECTIVE: Final = os.access in os.supports_effective_ids

_REASONS: Final = {
    sqlite3.SQLITE_BUSY: IN_USE,
    sqlite3.SQLITE_NOTADB: "it is not a SQLite file",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
}


@contextlib.contextmanager
def failing_as(what: str) -> Iterator[None]:
    """Turn what SQLite and the system report into an error that begins with `what`.

    Raises:
        StoreError: the reason follows `what`.
    """
    try:
        yield
    except StoreError as error:
        reason = str(error)
    except sqlite3.Error as error:
        # The low byte is the kind, the rest tells where in SQLite it has come up.
        reason = _REASONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, str(error))
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        return
    message = f"{what}: {reason}"
    raise StoreError(message)


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        # What has failed may have ended the transaction already.
        with contextlib.suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def make_file(path: Path) -> None:
    """Make the file if it is missing, for its owner only.

    Raises:
        StoreError: what is there can be no store, or may not be used.
        OSError: it cannot be made.
    """
    # SQLite would make the file as the umask says.  One that exists must not be opened here: to
    # close it again would undo the lock of another server in this process.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    _look_at(path)


def open_database(path: Path) -> sqlite3.Connection:
    """Open the file, which exists, for one server alone; an empty one is taken.

    Raises:
        StoreError: it is not a store of this server.
        sqlite3.Error: SQLite cannot use it.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    database = sqlite3.connect(
        uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(database)
    except BaseException:
        database.close()
        raise
    return database


def _look_at(path: Path) -> None:
    """Refuse what SQLite would say little about."""
    if not path.is_file():
        message = "it is not a file"
        raise StoreError(message)
    # SQLite takes a file with less than a page for an empty one, and would write over it.
    if 0 < path.stat().st_size < _SMALLEST_PAGE:
        raise StoreError(_REASONS[sqlite3.SQLITE_NOTADB])
    # Beside the file SQLite makes another one.
    for place in (path, path.absolute().parent):
        if not os.access(place, os.R_OK | os.W_OK, effective_ids=_EFFECTIVE):
            message = f"{place} cannot be read and written"
            raise StoreError(message)


def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    is_new = _check(database)
    database.execute("PRAGMA journal_mode = WAL")
    # The file is in order whatever happens; what the system has not written when the power fails is
    # lost.
    database.execute("PRAGMA synchronous = NORMAL")
    with transaction(database):
        if is_new:
            for table in _TABLES:
                database.execute(table)
            database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {_VERSION}")


def _check(database: sqlite3.Connection) -> bool:
    """Whether the file is empty; an error if it is anything else but an intact store."""
    application, version, objects = (
        database.execute(question).fetchone()[0]
        for question in (
            "PRAGMA application_id",
            "PRAGMA user_version",
            "SELECT count(*) FROM sqlite_master",
        )
    )
    if application == version == objects == 0:
        return True
    if application != _APPLICATION_ID:
        message = "it belongs to another program"
        raise StoreError(message)
    if version != _VERSION:
        message = f"it is of version {version}, and this server knows version {_VERSION} only"
        raise StoreError(message)
    if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise StoreError(_REASONS[sqlite3.SQLITE_CORRUPT])
    return False
