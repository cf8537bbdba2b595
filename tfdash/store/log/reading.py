"""The log as it lies in files and tables, for ``tfdash audit``: nothing is changed and nothing is believed."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import Entry
from tfdash.store.log import data_dir
from tfdash.store.log.anchors import SHARED, Head, parse
from tfdash.store.log.attribution import attributed
from tfdash.store.log.canonical import UnreadableEntry, decode
from tfdash.store.log.chain import StoredEntry, stored
from tfdash.store.log.durable_file import cause
from tfdash.store.log.local_schema import connect_reading, odd_schema
from tfdash.store.shared.shared_store import SharedStore


class LogHolder(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of one holder, in its own order. ``local``: this user's own record of its own terminals. ``copy``: what a
    terminal kept of others. ``fork``: what did not fit, kept as evidence."""

    name: str
    rows: tuple[StoredEntry, ...]
    kind: str  # "local", "copy", "shared", "fork"
    heads: tuple[Head, ...] = ()  # what this holder says beside it of how far a chain went
    problem: str = ""
    place: str = ""  # the folder it lies in: who can write there holds everything in it
    notes: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()  # what somebody put into the file, or changed in it, beside its rows


def read_file(path: Path) -> list[LogHolder]:
    """The own chains and the copies in one terminal's file."""
    place = str(path.parent.resolve())
    heads, notes = head_beside(path)
    if not is_file(path):
        return [_unread(path, "it is not a file" if path.exists() else "there is no such file", place, ())]
    try:
        connection, _ = connect_reading(str(path))
        try:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
                # a terminal that ended while it made its file; or somebody dropped the table, which the sidecar tells
                return [
                    LogHolder(name=str(path), rows=(), kind="local", heads=heads, place=place, notes=notes)
                ]
            odd = tuple(odd_schema(connection))
            own = _rows(connection, "entries")
            others = _rows(connection, "others", ", written_by")
            anchors = tuple(
                Head(
                    terminal=str(t),
                    sequence=s if isinstance(s, int) else 0,
                    hash=str(h),
                    holder=f"{holder} (as {path.name} remembers)",
                    taken_by=str(holder),
                )
                for t, s, h, holder in connection.execute(
                    "SELECT terminal, sequence, hash, holder FROM anchors"
                )
            )
            moved = _written_elsewhere(connection, path)
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        damaged = getattr(error, "sqlite_errorname", "") in ("SQLITE_NOTADB", "SQLITE_CORRUPT")
        return [_unread(path, f"it cannot be read: {cause(error)}", place, heads if damaged else ())]
    beside = notes if own else ()
    sources = [
        LogHolder(
            name=str(path),
            rows=own,
            kind="local",
            heads=(*anchors, *heads),
            place=place,
            notes=(*beside, *moved),
            odd=odd,
        )
    ]
    if others:
        sources.append(LogHolder(name=f"copies in {path.name}", rows=others, kind="copy", place=place))
    return sources


def _unread(path: Path, problem: str, place: str, heads: tuple[Head, ...]) -> LogHolder:
    """``heads``: what is known to have stood in it, where it is gone or damaged."""
    return LogHolder(name=str(path), rows=(), kind="local", problem=problem, place=place, heads=heads)


def is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _written_elsewhere(connection: sqlite3.Connection, path: Path) -> tuple[str, ...]:
    row = connection.execute("SELECT value FROM meta WHERE key = 'identity'").fetchone()
    if row is None or row[0] == data_dir.identity(path):
        return ()
    return (f"{path.name} is not the file that its chain was written to: it was copied, moved or put back",)


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
    return tuple(stored(r[:7], str(r[7]) if extra else "") for r in found)


def head_beside(path: Path) -> tuple[tuple[Head, ...], tuple[str, ...]]:
    """The head that stands in the lock file; where there is none, what that means."""
    lock = path.with_suffix(".lock")
    blind = "without an anchor nothing shows whether its last entries were cut off"
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            text = os.read(descriptor, 512).decode("ascii", "replace")
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return (), (f"{lock.name}, which holds the head of {path.name}, is not there: {blind}",)
    except OSError as error:
        return (), (f"{lock.name}, which holds the head of {path.name}: {data_dir.why(error)}; {blind}",)
    found = parse(text, lock.name)
    if not found:
        return (), (f"{lock.name} does not tell the head of {path.name}: {blind}",)
    return tuple(found[-1:]), ()


def read_folder(folder: Path) -> list[LogHolder]:
    """Every terminal of this user; of a file that is gone what its lock tells. Raises ``LedgerUnavailable`` where there is no
    log: what is not there has not been found whole."""
    problem = data_dir.why_unreadable(folder)
    if problem:
        return [LogHolder(name="the log", rows=(), kind="local", problem=problem)]
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except FileNotFoundError:
        raise LedgerUnavailable(
            f"{folder} is not there: nothing was recorded yet, or it was removed"
        ) from None
    except OSError as error:
        raise LedgerUnavailable(f"{folder}: {data_dir.why(error)}") from None
    files = data_dir.files(folder)
    sources: list[LogHolder] = []
    for path in files:
        if path.is_symlink():
            sources.append(
                _unread(path, "it is a symbolic link, which no terminal writes to", str(folder), ())
            )
        else:
            sources += read_file(path)
    for name in names:
        path = folder / f"{name.removesuffix('.lock')}.db"
        if re.fullmatch(r"terminal-\d+\.lock", name) and path not in files:
            heads, _ = head_beside(path)
            sources.append(LogHolder(name=str(path), rows=(), kind="local", heads=heads, place=str(folder)))
    sources += [
        _unread(path, "it is gone, its -wal is left", str(folder), ()) for path in data_dir.widowed(folder)
    ]
    strays = [name for name in names if name.endswith(".db") and folder / name not in files]
    if strays:
        told = (
            f"also in {folder}, and not looked at: {', '.join(strays)} (audit verify --file looks at one)",
        )
        sources.append(LogHolder(name=str(folder), rows=(), kind="local", notes=told))
    if not any(source.rows or source.heads or source.problem for source in sources):
        raise LedgerUnavailable(f"there is no log in {folder}: nothing was recorded yet, or it was removed")
    return sources


async def read_shared(shared: SharedStore) -> list[LogHolder]:
    """Everything in the shared store. Raises ``LedgerUnavailable``."""
    rows: list[StoredEntry] = []
    for terminal in sorted(await shared.heads()):
        sequence = 0
        while found := await shared.after(terminal, sequence):
            rows += [StoredEntry(*row) for row in found]
            sequence = found[-1][1]
    forks = tuple(StoredEntry(*row) for row in await shared.forks())
    sources = [LogHolder(name="the shared store", rows=tuple(rows), kind="shared", place=SHARED)]
    if forks:
        sources.append(LogHolder(name="the shared store's forks", rows=forks, kind="fork"))
    return sources


def entries_of(sources: Iterable[LogHolder], *, named: bool = False) -> list[Entry]:
    """All that can be read, each once, in the order of their times; chains keep their own order. ``named``: to be shown, with
    who each is by as its actor."""
    found: dict[tuple[str, int, str], Entry] = {}
    for source in sources:
        for row in source.rows:
            key = (row.terminal, row.sequence, row.hash)
            if key not in found:
                try:
                    entry = decode(row.raw, row.hash)
                    found[key] = attributed(entry, row.written_by) if named else entry
                except UnreadableEntry:
                    continue
    return sorted(found.values(), key=lambda entry: (entry.at, entry.terminal, entry.sequence))
