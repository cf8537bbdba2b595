"""What waits to be told, and what became of it: one SQLite file beside the audit log, shared by all terminals of this user.

A row is one message for one channel. ``home`` is whose channel it is (a configuration and a name in it): only a terminal with that
configuration delivers it, one at a time (``tfdash.notify.delivering``). A row is marked as being sent, durably, before it is: one that is
found so by the next terminal may have arrived or not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.store.log.durable_file import DurableFile
from tfdash.store.log.local_schema import connect, connect_reading

WAITING, SENDING, DELIVERED, REFUSED, UNKNOWN = "queued", "sending", "delivered", "refused", "unknown"
_OPEN = (WAITING, SENDING)
_WAITS = f"state IN ('{WAITING}', '{SENDING}')"
_MOST = 500  # rows of one channel that wait
# rows that ended, and for how long (seconds): a key is told once as long as it is known
_KEPT, _LONGEST = 20_000, 90 * 86_400.0
_SCHEMA = (
    "CREATE TABLE messages(id INTEGER PRIMARY KEY, home TEXT NOT NULL, key TEXT NOT NULL, channel TEXT NOT NULL, template TEXT NOT NULL,"
    " subject TEXT NOT NULL, body TEXT NOT NULL, environment TEXT NOT NULL, queued_at REAL NOT NULL, due_at REAL NOT NULL,"
    " state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, doubts INTEGER NOT NULL DEFAULT 0, sentence TEXT NOT NULL DEFAULT '',"
    " ended_at REAL, recorded INTEGER NOT NULL DEFAULT 0, UNIQUE (home, key))",
    "CREATE INDEX messages_open ON messages(home, state) WHERE state IN ('queued', 'sending')",
    "CREATE INDEX messages_unrecorded ON messages(home) WHERE ended_at IS NOT NULL AND recorded = 0",
    "CREATE TABLE sends(home TEXT NOT NULL, at REAL NOT NULL)",
    "PRAGMA user_version = 1",
)


class QueuedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """``doubts``: how often it was sent without knowing whether it arrived. ``recorded``: whether the audit log has its end."""

    home: str
    key: str
    channel: str
    template: str
    subject: str
    body: str
    environment: str
    queued_at: float
    due_at: float
    id: int = 0
    state: str = WAITING
    attempts: int = 0
    doubts: int = 0
    sentence: str = ""
    ended_at: float | None = None
    recorded: bool = False

    @property
    def open(self) -> bool:
        return self.state in _OPEN


_FIELDS = QueuedMessage.__struct_fields__


class Outbox(DurableFile):
    """Blocks; for one thread, which is ``Postbox``'s. Raises ``LedgerUnavailable``, and ``sqlite3.Error`` where it cannot be read."""

    def _open(self) -> None:
        self._connection = connect(str(self.path))
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > 1:
            raise LedgerUnavailable(f"{self.path} was written by a newer tfdash; start that one")
        if version == 0:
            with self._transaction() as connection:
                # another terminal may just have
                if not connection.execute("PRAGMA user_version").fetchone()[0]:
                    for statement in _SCHEMA:
                        connection.execute(statement)

    def add(self, messages: Iterable[QueuedMessage]) -> list[QueuedMessage]:
        """Each as it stands now, in their order: one whose key its channel has is not added again. Of a channel for which too many
        wait it is added as refused."""
        found: list[QueuedMessage] = []

        def work() -> None:
            found.clear()
            with self._transaction() as connection:
                for message in messages:
                    waiting = self._count(message.home)
                    if waiting >= _MOST:
                        full = f"{waiting} messages wait for {message.channel} already, and no more are kept"
                        message = msgspec.structs.replace(
                            message, state=REFUSED, sentence=full, ended_at=message.queued_at
                        )
                    values = {**msgspec.structs.asdict(message), "id": None}
                    places = ", ".join(f":{name}" for name in _FIELDS)
                    connection.execute(
                        f"INSERT OR IGNORE INTO messages({', '.join(_FIELDS)}) VALUES ({places})", values
                    )
                    found.extend(self._rows("home = ? AND key = ?", message.home, message.key))
                self._prune(max((m.queued_at for m in found), default=0.0))

        self._with_room(work)
        return found

    def _count(self, home: str) -> int:
        row = self._connection.execute(
            f"SELECT count(*) FROM messages WHERE home = ? AND {_WAITS}", (home,)
        ).fetchone()
        return int(row[0])

    def _prune(self, now: float) -> None:
        execute = self._connection.execute
        # of a channel that is no more, too
        execute("DELETE FROM messages WHERE queued_at < ?", (now - _LONGEST,))
        execute(
            "DELETE FROM messages WHERE recorded = 1 AND id <= (SELECT max(id) FROM messages) - ?", (_KEPT,)
        )

    def _rows(self, where: str, *values: Any) -> list[QueuedMessage]:
        return _messages(self._connection, where, *values)

    def of(self, homes: Iterable[str], *, ended_since: float) -> list[QueuedMessage]:
        """All of these channels that wait, and those that ended since, in the order in which they were queued."""
        asked = tuple(homes)
        places = ", ".join("?" * len(asked))
        return self._rows(
            f"home IN ({places}) AND (ended_at IS NULL OR ended_at >= ?) ORDER BY id", *asked, ended_since
        )

    def changed(self) -> int:
        """Another number each time that another program wrote (sqlite.org/pragma.html#pragma_data_version)."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    # -- by whoever delivers for that channel ----------------------------------------------------------------------

    def left_in_the_air(self, home: str) -> list[QueuedMessage]:
        return self._rows("home = ? AND state = 'sending' ORDER BY id", home)

    def next_due(self, home: str, now: float, longest: float) -> QueuedMessage | None:
        """The first whose time has come; also one that is due later than anything is put off (``longest`` seconds): the clock was set."""
        rows = self._rows(
            "home = ? AND state = 'queued' AND (due_at <= ? OR due_at > ?) ORDER BY id LIMIT 1",
            home,
            now,
            now + longest,
        )
        return rows[0] if rows else None

    def unrecorded(self, home: str) -> list[QueuedMessage]:
        return self._rows("home = ? AND ended_at IS NOT NULL AND recorded = 0 ORDER BY id", home)

    def sends(self, home: str, since: float) -> list[float]:
        """When something was sent there, of all terminals; a time that is still to come is one of a clock that was set."""
        rows = self._connection.execute(
            "SELECT at FROM sends WHERE home = ? AND at > ? ORDER BY at", (home, since)
        )
        return [float(row[0]) for row in rows]

    def begin(self, message: QueuedMessage, now: float) -> None:
        """It is sent now: durable when this returns."""

        def work() -> None:
            with self._transaction() as connection:
                connection.execute(
                    "UPDATE messages SET state = 'sending', attempts = attempts + 1 WHERE id = ?",
                    (message.id,),
                )
                connection.execute(
                    "DELETE FROM sends WHERE home = ? AND (at < ? OR at > ?)", (message.home, now - 60, now)
                )
                connection.execute("INSERT INTO sends VALUES (?, ?)", (message.home, now))

        self._with_room(work)

    def put(self, message: QueuedMessage) -> None:
        """What became of it."""

        def work() -> None:
            with self._transaction() as connection:
                connection.execute(
                    "UPDATE messages SET state = ?, due_at = ?, doubts = ?, sentence = ?, ended_at = ?, recorded = ? WHERE id = ?",
                    (
                        message.state,
                        message.due_at,
                        message.doubts,
                        message.sentence,
                        message.ended_at,
                        message.recorded,
                        message.id,
                    ),
                )

        self._with_room(work)


def outbox_at(folder: Path) -> Path:
    """Where it lies, of the folder of the store."""
    return folder / "notify" / "outbox.db"


def read_outbox(folder: Path) -> list[QueuedMessage]:
    """Of all configurations, in the order in which they were queued; nothing is made or written. Raises ``sqlite3.Error``, ``OSError``."""
    path = outbox_at(folder)
    if not path.exists():
        return []
    connection, _ = connect_reading(str(path))
    try:
        return _messages(connection, "1 ORDER BY id")
    finally:
        connection.close()


def read_waiting(folder: Path, homes: Collection[str]) -> tuple[list[QueuedMessage], int]:
    """What waits for these channels, and how many messages they took that are still known. Likewise; what is over is not read for it."""
    path = outbox_at(folder)
    if not path.exists():
        return [], 0
    own, asked = f"home IN ({', '.join('?' * len(homes))})", tuple(homes)
    connection, _ = connect_reading(str(path))
    try:
        waiting = _messages(connection, f"{own} AND {_WAITS} ORDER BY id", *asked)
        taken = connection.execute(
            f"SELECT count(*) FROM messages WHERE {own} AND state = ?", (*asked, DELIVERED)
        )
        return waiting, int(taken.fetchone()[0])
    finally:
        connection.close()


def _messages(connection: sqlite3.Connection, where: str, *values: Any) -> list[QueuedMessage]:
    return [
        msgspec.convert(dict(zip(_FIELDS, row, strict=True)), QueuedMessage, strict=False)
        for row in connection.execute(f"SELECT {', '.join(_FIELDS)} FROM messages WHERE {where}", values)
    ]
