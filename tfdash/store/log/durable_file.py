"""A SQLite file in which what was committed is on the disk, and which keeps room for what is still to come.

Room is kept in the file itself (free pages, and a WAL that never shrinks) and in a ballast file beside it, which is let go
when the disk is full, so that the outcome of what was begun can still be written.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.store.log import data_dir
from tfdash.store.log.local_schema import connect, migrate

log = logging.getLogger(__name__)
BALLAST = 1 << 20
ROOM = 32 << 10
"""Bytes kept for each entry that is still to come."""


def cause(error: sqlite3.Error | OSError) -> str:
    """Why SQLite, or the system, could not, in words."""
    if isinstance(error, OSError):
        return data_dir.why(error)
    name = getattr(error, "sqlite_errorname", "") or ""
    if name == "SQLITE_FULL":
        return "the disk is full"
    if name.startswith("SQLITE_READONLY"):
        return "the file system or the file is read-only"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "another process holds the file"
    if name.startswith("SQLITE_IOERR"):
        return f"the disk failed ({name})"
    if name.startswith("SQLITE_CANTOPEN"):
        return "the file cannot be opened"
    return str(error)


class DurableFile:
    """The file at ``path`` with this program's tables. One that is damaged is put aside, and ``aside`` says where it lies.

    What derives from it writes in ``_transaction``, called by ``_with_room``.
    """

    def __init__(self, path: Path, now: float) -> None:
        """Raises ``LedgerUnavailable`` where it cannot be opened."""
        self.path = path
        self.aside: Path | None = None
        self._ballast = path.with_suffix(".ballast")
        data_dir.create_private(path)
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorname", "") not in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
                raise LedgerUnavailable(f"{path}: {cause(error)}") from None
            self.aside = self._quarantine(now)
            try:
                self._open()
            except sqlite3.DatabaseError as again:
                raise LedgerUnavailable(f"{path}: {cause(again)}") from None

    def _open(self) -> None:
        self._connection = connect(str(self.path))
        migrate(self._connection, str(self.path))

    def _quarantine(self, now: float) -> Path:
        with contextlib.suppress(Exception):
            self._connection.close()
        aside = self.path.with_name(f"damaged-{int(now)}-{secrets.token_hex(2)}-{self.path.name}")
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.rename(f"{self.path}{ending}", f"{aside}{ending}")
        data_dir.create_private(self.path)
        return aside

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def meta(self, key: str) -> str:
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else ""

    def _set_meta(self, key: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)", (key, value))

    # -- writing ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            raise

    def _with_room(self, work: Callable[[], None]) -> None:
        """Do it; where the disk is full, let the ballast go and do it once more."""
        try:
            try:
                work()
            except sqlite3.Error as error:
                name = getattr(error, "sqlite_errorname", "") or ""
                if name != "SQLITE_FULL" and not name.startswith("SQLITE_IOERR"):
                    raise
                if not self._drop_ballast():
                    raise
                log.warning("%s: %s; the room kept for this is used now", self.path, cause(error))
                work()
        except sqlite3.Error as error:
            raise LedgerUnavailable(f"{self.path}: {cause(error)}") from None

    def _drop_ballast(self) -> bool:
        try:
            if self._ballast.stat().st_size == 0:
                return False
            os.truncate(self._ballast, 0)
        except OSError:
            return False
        return True

    def reserve(self, entries: int) -> None:
        """Keep room for so many entries. Raises ``LedgerUnavailable`` where there is none."""
        try:
            descriptor = os.open(self._ballast, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(descriptor).st_size < BALLAST:
                    if hasattr(os, "posix_fallocate"):
                        os.posix_fallocate(descriptor, 0, BALLAST)
                    else:  # macOS
                        os.pwrite(descriptor, b"\1" * BALLAST, 0)
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._drop_ballast()
            raise LedgerUnavailable(
                f"no room is left for the audit log in {self.path.parent}: {data_dir.why(error)}"
            ) from None
        try:
            page = self._connection.execute("PRAGMA page_size").fetchone()[0]
            free = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
            wanted = entries * ROOM
            if free * page < wanted:
                with self._transaction() as connection:
                    connection.execute("INSERT INTO room VALUES (zeroblob(?))", (wanted,))
                    connection.execute("DELETE FROM room")
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            raise LedgerUnavailable(
                f"no room is left for the audit log in {self.path}: {cause(error)}"
            ) from None
