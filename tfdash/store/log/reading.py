"""The log as it lies in files and tables, for ``tfdash audit``: nothing is changed and nothing is believed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import Entry
from tfdash.store.log import data_dir
from tfdash.store.log.anchors import Head
from tfdash.store.log.canonical import Unreadable, decode
from tfdash.store.log.durable_file import cause
from tfdash.store.log.local_schema import connect_reading
from tfdash.store.shared.shared_store import SharedStore


class StoredEntry(msgspec.Struct, frozen=True):
    """One entry as stored. ``columns`` (kind, intent, topic) are what the file says beside the bytes, None where nothing."""

    terminal: str
    sequence: int
    raw: bytes
    hash: str
    written_by: str = ""
    columns: tuple[str, str, str] | None = None


class LogHolder(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of one holder, in its own order. ``local``: this user's own record of its own terminals. ``copy``: what a
    terminal kept of others. ``fork``: what did not fit, kept as evidence."""

    name: str
    rows: tuple[StoredEntry, ...]
    kind: str  # "local", "copy", "shared", "fork"
    heads: tuple[Head, ...] = ()  # what this holder says beside it of how far a chain went
    problem: str = ""


def read_file(path: Path) -> list[LogHolder]:
    """The own chains and the copies in one terminal's file."""
    try:
        connection, _ = connect_reading(str(path))
        try:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
                # a terminal that ended while it made its file; or somebody dropped the table, which the sidecar tells
                return [LogHolder(name=str(path), rows=(), kind="local", heads=tuple(_sidecar(path)))]
            own = _rows(connection, "entries")
            others = _rows(connection, "others", ", written_by")
            anchors = tuple(
                Head(terminal=t, sequence=s, hash=h, at=at, holder=f"{holder} (as {path.name} remembers)")
                for t, s, h, at, holder in connection.execute(
                    "SELECT terminal, sequence, hash, at, holder FROM anchors"
                )
            )
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        return [
            LogHolder(name=str(path), rows=(), kind="local", problem=f"it cannot be read: {cause(error)}")
        ]
    sources = [LogHolder(name=str(path), rows=own, kind="local", heads=(*anchors, *_sidecar(path)))]
    if others:
        sources.append(LogHolder(name=f"copies in {path.name}", rows=others, kind="copy"))
    return sources


def newest_in(folder: Path, count: int) -> list[StoredEntry]:
    """The last entries in every file of this user, and the last that each kept of others. What cannot be read is left out."""
    rows: list[StoredEntry] = []
    for path in data_dir.files(folder):
        try:
            connection, _ = connect_reading(str(path))
            try:
                rows += _rows(connection, "entries", newest=count) + _rows(
                    connection, "others", ", written_by", count
                )
            finally:
                connection.close()
        except (sqlite3.Error, OSError):
            continue
    return rows


def _rows(
    connection: sqlite3.Connection, table: str, extra: str = "", newest: int = 0
) -> tuple[StoredEntry, ...]:
    order = f"DESC LIMIT {newest:d}" if newest else ""
    found = connection.execute(
        f"SELECT terminal, sequence, bytes, hash, kind, intent, topic{extra} FROM {table} ORDER BY rowid {order}"
    )
    return tuple(
        StoredEntry(
            str(r[0]),
            int(r[1]),
            _bytes(r[2]),
            str(r[3]),
            str(r[7]) if extra else "",
            (str(r[4]), str(r[5]), str(r[6])),
        )
        for r in found
    )


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def _sidecar(path: Path) -> list[Head]:
    """The head that stands in the lock file."""
    try:
        parts = path.with_suffix(".lock").read_bytes()[:512].decode("ascii").split()
        return [Head(terminal=parts[0], sequence=int(parts[1]), hash=parts[2], holder=f"{path.stem}.lock")]
    except (OSError, ValueError, IndexError):
        return []


def read_folder(folder: Path) -> list[LogHolder]:
    """Every terminal of this user. Raises ``LedgerUnavailable`` where the folder is there and cannot be entered."""
    try:
        if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
            raise LedgerUnavailable(f"{folder}: permission denied")
    except OSError as error:
        raise LedgerUnavailable(f"{folder}: {data_dir.why(error)}") from None
    return [source for path in data_dir.files(folder) for source in read_file(path)]


async def read_shared(shared: SharedStore) -> list[LogHolder]:
    """Everything in the shared store. Raises ``LedgerUnavailable``."""
    rows: list[StoredEntry] = []
    for terminal in sorted(await shared.heads()):
        sequence = 0
        while found := await shared.after(terminal, sequence):
            rows += [StoredEntry(*row) for row in found]
            sequence = found[-1][1]
    forks = tuple(StoredEntry(*row) for row in await shared.forks())
    sources = [LogHolder(name="the shared store", rows=tuple(rows), kind="shared")]
    if forks:
        sources.append(LogHolder(name="the shared store's forks", rows=forks, kind="fork"))
    return sources


def entries_of(sources: Iterable[LogHolder]) -> list[Entry]:
    """All that can be read, each once, in the order of their times; chains keep their own order."""
    found: dict[tuple[str, int, str], Entry] = {}
    for source in sources:
        for row in source.rows:
            key = (row.terminal, row.sequence, row.hash)
            if key not in found:
                try:
                    found[key] = decode(row.raw, row.hash)
                except Unreadable:
                    continue
    return sorted(found.values(), key=lambda entry: (entry.at, entry.terminal, entry.sequence))
