"""The local file's tables, as numbered migrations. A newer program may add columns and tables; this one leaves them be."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import tempfile

from tfdash.actions.core.protocols import LedgerUnavailable

SCHEMA = 1
_WAL_HEAD = 32  # bytes
MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        # own chains: "bytes" are the truth, the other columns only find them
        "CREATE TABLE entries(terminal TEXT NOT NULL, sequence INTEGER NOT NULL, kind TEXT NOT NULL, intent TEXT NOT NULL,"
        " topic TEXT NOT NULL, hash TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (terminal, sequence))",
        "CREATE INDEX entries_by_intent ON entries(intent) WHERE intent <> ''",
        "CREATE INDEX entries_by_topic ON entries(topic) WHERE topic <> ''",
        # chains of others, from the shared store, with the role that wrote each there
        "CREATE TABLE others(terminal TEXT NOT NULL, sequence INTEGER NOT NULL, kind TEXT NOT NULL, intent TEXT NOT NULL,"
        " topic TEXT NOT NULL, hash TEXT NOT NULL, bytes BLOB NOT NULL, written_by TEXT NOT NULL,"
        " PRIMARY KEY (terminal, sequence))",
        "CREATE INDEX others_by_intent ON others(intent) WHERE intent <> ''",
        "CREATE INDEX others_by_topic ON others(topic) WHERE topic <> ''",
        # how far somebody else holds a chain
        "CREATE TABLE anchors(terminal TEXT NOT NULL, sequence INTEGER NOT NULL, hash TEXT NOT NULL, holder TEXT NOT NULL,"
        " at REAL NOT NULL, PRIMARY KEY (terminal, holder))",
        # approvals that were used up, whatever a database that was restored says
        "CREATE TABLE consumed(approval TEXT PRIMARY KEY, digest TEXT NOT NULL, at REAL NOT NULL)",
        # sealed texts that an entry names by their digest (pod templates)
        "CREATE TABLE bodies(digest TEXT PRIMARY KEY, sealed BLOB NOT NULL, at REAL NOT NULL)",
        "CREATE TABLE room(filler BLOB)",
    ),
}


def connect(path: str) -> sqlite3.Connection:
    """One connection, for the thread that made it... or any one thread at a time."""
    connection = _opened(path, "mode=rw")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA fullfsync=ON")  # macOS: fsync alone does not reach the disk there
    connection.execute("PRAGMA wal_autocheckpoint=256")
    connection.execute("PRAGMA secure_delete=ON")
    return connection


def connect_reading(path: str) -> tuple[sqlite3.Connection, bool]:
    """A connection that leaves nothing behind: no companion of the file is made or written, in a folder that cannot be written
    either. True: what is written later is seen; else it shows the file as it is now. Raises ``sqlite3.Error``."""
    # SQLite never leaves that, and would take the WAL for a left one
    if not _size(path) and _size(f"{path}-wal"):
        emptied = sqlite3.DatabaseError("it was emptied; what was recorded last stands in its -wal")
        emptied.sqlite_errorname = "SQLITE_CORRUPT"
        raise emptied
    if _size(f"{path}-wal") and not _is_wal(f"{path}-wal"):
        damaged = sqlite3.DatabaseError("its -wal is damaged: what was recorded last stood in it")
        damaged.sqlite_errorname = "SQLITE_CORRUPT"
        raise damaged
    # a terminal lives, or was killed
    if _size(f"{path}-wal") and os.path.exists(f"{path}-shm"):
        connection, follows = _opened(path, "mode=ro&readonly_shm=1"), True
    elif _size(f"{path}-wal"):
        connection, follows = _copied(path), False
    else:
        connection, follows = _opened(path, "mode=ro&immutable=1"), False
    try:
        connection.execute("PRAGMA query_only=ON")
        refuse_views(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection, follows


def refuse_views(connection: sqlite3.Connection) -> None:
    """Raises ``sqlite3.DatabaseError`` where a view stands: no terminal makes one, and it may give rows without end."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY 1").fetchone()
    if found:
        odd = sqlite3.DatabaseError(f"it holds a view, {found[0]}, which no terminal makes")
        odd.sqlite_errorname = "SQLITE_CORRUPT"
        raise odd


def odd_schema(connection: sqlite3.Connection) -> list[str]:
    """What stands in it that no terminal makes, by name: triggers, tables and indexes, and those that were changed or are gone. Of a
    file of a newer program only triggers: it may have other tables."""
    newer = connection.execute("PRAGMA user_version").fetchone()[0] > SCHEMA
    made = {_made_by(sql): sql for step in MIGRATIONS.values() for sql in step}
    odd = []
    found = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    for kind, name, sql in found:
        if kind == "trigger" or (
            not newer and (kind, name) not in made and not str(name).startswith("sqlite_")
        ):
            odd.append(f"it holds {'an' if kind == 'index' else 'a'} {kind}, {name}, which no terminal makes")
        elif not newer and sql != made.get((kind, name), sql):
            odd.append(f"its {kind} {name} was changed")
    gone = [] if newer else sorted(made.keys() - {(kind, name) for kind, name, _ in found})
    return odd + [f"its {kind} {name} is gone" for kind, name in gone]


def _made_by(sql: str) -> tuple[str, str]:
    _, kind, name = sql.replace("(", " ").split(" ")[:3]
    return kind.lower(), name


def _opened(path: str, mode: str) -> sqlite3.Connection:
    for companion in (f"{path}-wal", f"{path}-shm"):
        if os.path.exists(companion) and not os.path.isfile(companion):  # a pipe is waited for without end
            raise sqlite3.OperationalError(f"{os.path.basename(companion)} is not a file")
    uri = "file:" + path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return _tolerant(
        sqlite3.connect(f"{uri}?{mode}", uri=True, isolation_level=None, check_same_thread=False, timeout=1.0)
    )


def _tolerant(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A text that is no UTF-8 is one that somebody put there: it must be read to be told of."""
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    return connection


def _copied(path: str) -> sqlite3.Connection:
    """Of a file that was put here with a WAL and without its index, which SQLite could read only by making one: in memory."""
    with tempfile.TemporaryDirectory(prefix="tfdash-") as folder:  # private
        beside = os.path.join(folder, "log.db")
        for ending in ("", "-wal"):
            shutil.copyfile(path + ending, beside + ending)
        memory = _tolerant(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))
        source = _opened(beside, "mode=rw")
        try:
            source.backup(memory)
        finally:
            source.close()
    return memory


def _is_wal(path: str) -> bool:
    """Whether it begins as SQLite begins one (sqlite.org/fileformat2.html#the_write_ahead_log). Of another SQLite believes for ten
    seconds, where it may not write, that somebody is about to make it whole."""
    try:
        with open(path, "rb") as file:
            head = file.read(_WAL_HEAD)
    except OSError:
        return True  # SQLite says why
    if len(head) < _WAL_HEAD:
        return False
    magic, version = struct.unpack_from(">II", head)
    if magic & ~1 != 0x377F0682 or version != 3_007_000:
        return False
    first = second = 0
    words = struct.unpack_from(">6I" if magic & 1 else "<6I", head)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return (first, second) == struct.unpack_from(">II", head, 24)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the file up to ``SCHEMA``, one transaction a step. Raises ``LedgerUnavailable`` for one that is too new."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        row = connection.execute("SELECT value FROM meta WHERE key = 'minimum'").fetchone()
        minimum = int(row[0]) if row else version
        if minimum > SCHEMA:
            raise LedgerUnavailable(
                f"{path} was written by a newer tfdash (its tables are number {version}, this program needs at least to know "
                f"{minimum} and knows {SCHEMA}); start the newer program"
            )
        return
    for number in range(version + 1, SCHEMA + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
            connection.execute(
                "INSERT OR REPLACE INTO meta(key, value) VALUES ('minimum', '1')"
            )  # the oldest program that may still write here
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
