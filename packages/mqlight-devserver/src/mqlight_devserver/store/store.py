"""The journal that is a file."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

from mqlight_devserver.broker import Identity
from mqlight_devserver.message import Message
from mqlight_devserver.sections import read_header
from mqlight_devserver.store.changes import Changes
from mqlight_devserver.store.claim import Claim
from mqlight_devserver.store.database import failing_as, make_file, open_database, transaction
from mqlight_devserver.store.error import StoreError
from mqlight_devserver.values import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from mqlight_devserver.broker import Broker, Destination

__all__ = ["Store"]


class Store:
    """A `Journal`: gathers what it is told, and writes it when asked to `commit`.

    One file belongs to one server at a time.  Its methods are for one thread at a time.
    """

    def __init__(self, path: Path, time_of_day: Callable[[], float] = time.time) -> None:
        """Open the file, or make it; `time_of_day` in seconds.

        Raises:
            StoreError: the file cannot be used.
        """
        self._path = path
        self._time_of_day = time_of_day
        self._changes: dict[Destination, Changes] = {}
        self._numbers: dict[Destination, int] = {}
        self._last_number = 0
        with failing_as(f"cannot use the store {path}"):
            make_file(path)
            self._claim = Claim(path)
            try:
                self._database = open_database(path)
            except BaseException:
                self._claim.release()
                raise

    def load(self, broker: Broker, now: float) -> None:
        """Restore to `broker`, at `now` of its clock, what is in the file and has not expired.

        A destination that was attended has its whole ttl before it.  A message that a consumer had
        comes back with a failed delivery more, as if that consumer had been lost: it may have been
        received.

        Raises:
            StoreError: the file cannot be read, or not be written.
        """
        with failing_as(f"cannot read the store {self._path}"):
            try:
                self._load(broker, now)
            except (DecodeError, KeyError, TypeError) as error:
                message = f"it is damaged: {error}"
                raise StoreError(message) from error
        broker.expire(now)
        self.commit(now)

    def commit(self, now: float) -> None:
        """Write all that has been told since the last time, or nothing of it and raise.

        Raises:
            StoreError: the file cannot be written, or is not the one at its path any more.
        """
        if not self._changes:
            return
        changes, self._changes = self._changes, {}
        with failing_as(f"cannot write to the store {self._path}"):
            self._claim.check()
            with transaction(self._database):
                self._write(changes, self._time_of_day() - now)

    def close(self) -> None:
        """Let go of the file, as it was committed last; what is told later is not kept."""
        with contextlib.suppress(sqlite3.Error):
            self._database.close()
        self._claim.release()

    def kept(self, destination: Destination) -> None:
        """See `Journal`; the others too."""
        self._of(destination).kept = True

    def deleted(self, destination: Destination) -> None:
        """Forget the destination and its messages."""
        changes = self._changes[destination] = Changes()
        changes.deleted = True

    def put(self, destination: Destination, message: Message) -> None:
        """Keep a new message."""
        self._of(destination).put(message)

    def handed_out(self, destination: Destination, messages: Iterable[Message]) -> None:
        """Keep in mind that a consumer has them."""
        changes = self._of(destination)
        for message in messages:
            changes.hold(message, handed_out=True)

    def returned(self, destination: Destination, messages: Iterable[Message]) -> None:
        """They wait again."""
        changes = self._of(destination)
        for message in messages:
            changes.hold(message, handed_out=False)

    def gone(self, destination: Destination, messages: Iterable[Message]) -> None:
        """Keep them no longer."""
        changes = self._of(destination)
        for message in messages:
            changes.remove(message)

    def _of(self, destination: Destination) -> Changes:
        changes = self._changes.get(destination)
        if changes is None:
            changes = self._changes[destination] = Changes()
        return changes

    def _load(self, broker: Broker, now: float) -> None:
        database = self._database
        since = self._time_of_day() - now
        messages = {
            number: _message(number, encoded, _shifted(expires_at, -since), now)
            for number, encoded, expires_at in database.execute("SELECT * FROM messages")
        }
        rows = database.execute("SELECT * FROM destinations ORDER BY id").fetchall()
        for number, pattern, share, client_id, ttl, deadline in rows:
            copies = database.execute(
                "SELECT message, failed + handed_out FROM copies WHERE destination = ?"
                " ORDER BY message",
                (number,),
            )
            # A clock that was put back meanwhile must not make anything last longer.
            left = ttl if deadline is None else min(deadline - since - now, ttl)
            destination = broker.restore(
                Identity(pattern, share, client_id),
                ttl,
                now + left,
                [_with_failures(messages[order], failed) for order, failed in copies],
            )
            self._numbers[destination] = self._last_number = number
            destination.drop_expired(now)

    def _write(self, changes: dict[Destination, Changes], since: float) -> None:
        """`since` is what the time of day is ahead of the broker's clock."""
        database = self._database
        gone: list[tuple[int]] = []
        for destination, change in changes.items():
            if change.deleted:
                gone += self._delete(destination)
            if change.kept:
                database.execute(
                    "INSERT OR REPLACE INTO destinations VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        self._number(destination),
                        destination.identity.pattern,
                        destination.identity.share,
                        destination.identity.client_id,
                        destination.ttl,
                        _shifted(destination.deadline, since),
                    ),
                )
        new = {
            order: message for change in changes.values() for order, message in change.new.items()
        }
        database.executemany(
            "INSERT OR REPLACE INTO messages VALUES (?, ?, ?)",
            (
                (order, message.encoded, _shifted(message.expires_at, since))
                for order, message in new.items()
            ),
        )
        for destination, change in changes.items():
            number = self._numbers.get(destination)
            states = change.states.items()
            database.executemany(
                "INSERT OR REPLACE INTO copies VALUES (?, ?, ?, ?)",
                ((number, order, *state) for order, state in states if order in change.new),
            )
            database.executemany(
                "UPDATE copies SET failed = ?, handed_out = ?"
                " WHERE destination = ? AND message = ?",
                ((*state, number, order) for order, state in states if order not in change.new),
            )
            database.executemany(
                "DELETE FROM copies WHERE destination = ? AND message = ?",
                ((number, order) for order in change.gone),
            )
            gone += [(order,) for order in change.gone]
        database.executemany(
            "DELETE FROM messages WHERE number = ?"
            " AND NOT EXISTS (SELECT 1 FROM copies WHERE message = number)",
            gone,
        )

    def _number(self, destination: Destination) -> int:
        number = self._numbers.get(destination)
        if number is None:
            self._last_number = number = self._last_number + 1
            self._numbers[destination] = number
        return number

    def _delete(self, destination: Destination) -> list[tuple[int]]:
        """Delete a destination and its copies; return the messages that they were of."""
        number = self._numbers.pop(destination, None)
        if number is None:
            return []
        of_it = (number,)
        query = "SELECT message FROM copies WHERE destination = ?"
        messages: list[tuple[int]] = self._database.execute(query, of_it).fetchall()
        self._database.execute("DELETE FROM copies WHERE destination = ?", of_it)
        self._database.execute("DELETE FROM destinations WHERE id = ?", of_it)
        return messages


def _shifted(when: float | None, by: float) -> float | None:
    return None if when is None else when + by


def _message(order: int, encoded: bytes, expires_at: float | None, now: float) -> Message:
    header = read_header(encoded)
    if expires_at is not None and header.ttl is not None:
        expires_at = min(expires_at, now + header.ttl / 1000)
    return Message(order, encoded, header, expires_at)


def _with_failures(message: Message, failed: int) -> Message:
    if not failed:
        return message
    return Message(message.order, message.encoded, message.header, message.expires_at, failed)
