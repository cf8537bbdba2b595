"""The files of this user's other terminals: what they recorded, whether they live, and what they could not deliver."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import Entry
from tfdash.store.log import data_dir
from tfdash.store.log.canonical import Unreadable, decode, digest
from tfdash.store.log.local_schema import connect


def genuine(rows: list[tuple[bytes, str]]) -> list[Entry]:
    """The entries whose bytes are what their hash says; ``verify`` names the others."""
    entries = []
    for raw, hash in rows:
        with contextlib.suppress(Unreadable):
            if digest(raw) == hash:
                entries.append(decode(raw, hash))
    return entries


class LocalPeers:
    """Reads the other files as they grow. ``own``: the file that is not one of them. One thread at a time."""

    def __init__(self, folder: Path, own: Path | None) -> None:
        self._folder, self.own = folder, own
        self._open: dict[Path, sqlite3.Connection] = {}
        self._cursor: dict[Path, int] = {}
        self.terminals: dict[str, Path] = {}

    def news(self) -> list[Entry]:
        """What was recorded since the last time and changes what is remembered."""
        found: list[tuple[bytes, str]] = []
        for path in data_dir.files(self._folder):
            if path == self.own:
                continue
            try:
                connection = self._open.get(path)
                if connection is None:
                    connection = self._open[path] = connect(str(path), read_only=True)
                rows = connection.execute(
                    "SELECT rowid, bytes, hash FROM entries WHERE rowid > ?"
                    " AND (topic <> '' OR kind IN ('intent', 'outcome')) ORDER BY rowid",
                    (self._cursor.get(path, 0),),
                ).fetchall()
                for terminal in (
                    connection.execute("SELECT DISTINCT terminal FROM entries").fetchall() if rows else ()
                ):
                    self.terminals[terminal[0]] = path
            except sqlite3.Error:  # being made, or damaged: its own terminal and ``verify`` say so
                broken = self._open.pop(path, None)
                if broken is not None:
                    with contextlib.suppress(sqlite3.Error):
                        broken.close()
                continue
            if rows:
                self._cursor[path] = rows[-1][0]
                found += [(raw, hash) for _, raw, hash in rows]
        return genuine(found)

    def ended(self) -> set[str]:
        """The terminals (chains) in files that no living process holds."""
        free: dict[Path, bool] = {}
        for path in set(self.terminals.values()):
            number = _number(path)
            with contextlib.suppress(LedgerUnavailable):
                slot = data_dir.try_slot(self._folder, number)
                free[path] = slot is not None
                if slot is not None:
                    data_dir.release(slot)
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
        for connection in self._open.values():
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def _number(path: Path) -> int:
    found = re.match(r"terminal-(\d+)\.db\Z", path.name)
    assert found is not None
    return int(found[1])
