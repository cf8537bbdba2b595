"""The files of this user's other terminals: what they recorded, whether they live, and what they could not deliver."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import Entry
from tfdash.store.log import data_dir
from tfdash.store.log.anchors import parse
from tfdash.store.log.canonical import UnreadableEntry, decode, digest
from tfdash.store.log.durable_file import cause
from tfdash.store.log.local_schema import connect_reading


def genuine(rows: list[tuple[bytes, str]]) -> list[Entry]:
    """The entries whose bytes are what their hash says; ``verify`` names the others."""
    entries = []
    for raw, hash in rows:
        with contextlib.suppress(UnreadableEntry):
            if digest(raw) == hash:
                entries.append(decode(raw, hash))
    return entries


class LocalPeers:
    """Reads the other files as they grow. ``own``: the file that is not one of them. One thread at a time."""

    def __init__(self, folder: Path, own: Path | None) -> None:
        self._folder, self.own = folder, own
        self._open: dict[Path, sqlite3.Connection] = {}
        self._as_of: dict[Path, _Stamp] = {}  # of those that show a file as it was when it was opened
        self._cursor: dict[Path, int] = {}
        self.terminals: dict[str, Path] = {}
        self.problem = ""  # why something here could not be read at the last look

    def news(self) -> list[Entry]:
        """What was recorded since the last time and changes what is remembered."""
        self.problem = data_dir.why_unreadable(self._folder) or self._gone()
        found: list[tuple[bytes, str]] = []
        for path in data_dir.files(self._folder):
            if path == self.own:
                continue
            try:
                connection = self._connection(path)
                if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
                    self._drop(path)  # being made
                    continue
                rows = connection.execute(
                    "SELECT rowid, bytes, hash FROM entries WHERE rowid > ?"
                    " AND (topic <> '' OR kind IN ('intent', 'outcome')) ORDER BY rowid",
                    (self._cursor.get(path, 0),),
                ).fetchall()
                for terminal in (
                    connection.execute("SELECT DISTINCT terminal FROM entries").fetchall() if rows else ()
                ):
                    self.terminals[terminal[0]] = path
            except (sqlite3.Error, OSError) as error:
                self.problem = self.problem or f"{path}: {cause(error)}"
                self._drop(path)
                continue
            if rows:
                self._cursor[path] = rows[-1][0]
                found += [(raw, hash) for _, raw, hash in rows]
        return genuine(found)

    def _gone(self) -> str:
        """Which file is not there of which its lock says that something was recorded in it, "" for none."""
        with contextlib.suppress(OSError, ValueError):
            for lock in sorted(self._folder.glob("terminal-*.lock")):
                if not lock.with_suffix(".db").exists() and parse(
                    lock.read_text("ascii", "replace"), lock.name
                ):
                    return f"{lock.with_suffix('.db')} is gone, and what was recorded in it; see: tfdash audit verify"
        return ""

    def _connection(self, path: Path) -> sqlite3.Connection:
        """The one of the last look, or a new one where that shows what the file was before."""
        stamp = _stamp(path)
        if path in self._open and self._as_of.get(path, stamp) == stamp:
            return self._open[path]
        self._drop(path)
        connection, follows = connect_reading(str(path))
        self._open[path] = connection
        if not follows:
            self._as_of[path] = stamp
        return connection

    def _drop(self, path: Path) -> None:
        self._as_of.pop(path, None)
        connection = self._open.pop(path, None)
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def ended(self) -> set[str]:
        """The terminals (chains) in files that no living process holds."""
        free: dict[Path, bool] = {}
        for path in set(self.terminals.values()):
            with contextlib.suppress(LedgerUnavailable):
                free[path] = not data_dir.is_held(self._folder, _number(path))
        return {terminal for terminal, path in self.terminals.items() if free.get(path)}

    def bodies(self) -> dict[str, bytes]:
        """The sealed texts in the other files, by digest."""
        found: dict[str, bytes] = {}
        for connection in self._open.values():
            with contextlib.suppress(sqlite3.Error):
                found.update(connection.execute("SELECT digest, sealed FROM bodies").fetchall())
        return found

    def numbers(self) -> list[int]:
        return [_number(path) for path in data_dir.files(self._folder) if path != self.own]

    def close(self) -> None:
        for path in list(self._open):
            self._drop(path)


_Stamp = tuple[tuple[int, int] | None, ...]


def _stamp(path: Path) -> _Stamp:
    """What changes with each write: of the file and its WAL."""
    seen: list[tuple[int, int] | None] = []
    for one in (path, path.with_name(f"{path.name}-wal")):
        try:
            found = one.stat()
        except OSError:
            seen.append(None)
        else:
            seen.append((found.st_mtime_ns, found.st_size))
    return tuple(seen)


def _number(path: Path) -> int:
    found = re.match(r"terminal-(\d+)\.db\Z", path.name)
    assert found is not None
    return int(found[1])
