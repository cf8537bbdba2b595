"""The files of this user's other terminals: what they recorded, whether they live, and what they could not deliver."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections import deque
from collections.abc import Generator, Iterator
from pathlib import Path

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import Entry
from tfdash.store.log import data_dir
from tfdash.store.log.anchors import Head, parse
from tfdash.store.log.chain_walk import ChainWalk
from tfdash.store.log.durable_file import cause
from tfdash.store.log.local_schema import connect_reading, odd_schema, refuse_views
from tfdash.store.log.reading import head_beside, is_file

_Stamp = tuple[tuple[int, int] | None, ...]
_LOOKS = 4


class LocalPeers:
    """Reads the other files as they grow. ``own``: the file that is not one of them. ``anchors``: the file that heads were
    handed to. One thread at a time; what it puts into ``news`` any other may take from there."""

    def __init__(self, folder: Path, own: Path | None, anchors: Path | None = None) -> None:
        self._folder, self.own, self._anchors = folder, own, anchors
        self._open: dict[Path, sqlite3.Connection] = {}
        self._as_of: dict[Path, _Stamp] = {}  # of those that show a file as it was when it was opened
        self._read: dict[Path, ChainWalk] = {}
        self.news: deque[Entry] = deque()  # what was recorded and changes what is remembered
        self.terminals: dict[str, Path] = {}
        self.problem = ""  # why something here could not be read, or is not whole, at the last look

    @property
    def count(self) -> int:
        """How many entries were read."""
        return sum(walk.count for walk in tuple(self._read.values()))

    def look(self) -> Iterator[None]:
        """Put into ``news`` what was recorded since the last look, piece by piece. One that is not read to its end is gone on
        with by the next."""
        unreadable = data_dir.why_unreadable(self._folder)
        for _ in range(_LOOKS):
            before = self._stamps()
            problem = yield from self._look()
            if not problem or self._stamps() == before:  # else a terminal wrote meanwhile
                break
        self.problem = unreadable or problem

    def _look(self) -> Generator[None, None, str]:
        """What is wrong with any of it. The heads are read first: what they tell of must then stand there."""
        heads = self._heads()
        files = data_dir.files(self._folder)
        for path in self._open.keys() - set(files):
            self._drop(path)
        problem = ""
        for path in files:
            if path == self.own:
                continue
            try:
                if path.is_symlink() or not is_file(path):
                    raise OSError("it is not a file that a terminal writes to")
                yield from self._entries(path)
            except (sqlite3.Error, OSError) as error:
                problem = problem or f"{path}: {cause(error)}"
                self._drop(path)
            else:
                if read := self._read.get(path):
                    amiss = read.problem or next(iter(odd_schema(self._open[path])), "")
                    problem = problem or (amiss and f"{path}: {amiss}")
        problem = problem or next(filter(None, map(self._lost, heads)), "")
        problem = problem or next((f"{path} is gone" for path in data_dir.widowed(self._folder)), "")
        return problem and f"{problem}; see: tfdash audit verify"

    def _entries(self, path: Path) -> Iterator[None]:
        """Those in one file that are new; notes what is wrong with its chains. Raises ``sqlite3.Error``, ``OSError``."""
        connection = self._connection(path)
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
            self._drop(path)  # being made, or dropped, which its head tells
            return
        read = self._read.get(path)
        if read and connection.execute("SELECT count(*) FROM entries").fetchone()[0] < read.count:
            self._read.pop(path)  # cut out since
        opened, ended = {connection}, False
        while not ended:
            opened.add(connection := self._connection(path))  # a terminal may have begun to write meanwhile
            if len(opened) > _LOOKS:
                raise OSError("it becomes another file while it is read")
            read = self._read.setdefault(path, ChainWalk())
            found, ended = read.piece(connection)
            self.terminals.update(dict.fromkeys(read.ends, path))
            self.news.extend(found)
            yield

    def _heads(self) -> list[Head]:
        """How far chains went: what the locks say of them, and who else was told."""
        heads: list[Head] = []
        with contextlib.suppress(OSError, ValueError):
            for lock in sorted(self._folder.glob("terminal-*.lock")):
                path = lock.with_suffix(".db")
                if path != self.own:
                    heads += head_beside(path)[0]
        with contextlib.suppress(OSError, ValueError):
            if self._anchors is not None and is_file(self._anchors):
                last = {
                    head.terminal: head for head in parse(self._anchors.read_text("utf-8", "replace"), "")
                }
                heads += [
                    msgspec.structs.replace(head, holder=f"anchor file {self._anchors}")
                    for head in last.values()
                ]
        return heads

    def _lost(self, head: Head) -> str:
        """What of its chain is in no file here, "" for nothing."""
        if not head.sequence:
            return ""
        furthest = 0
        for connection in self._open.values():
            with contextlib.suppress(sqlite3.Error):
                held = "SELECT 1 FROM entries WHERE terminal = ? AND sequence = ? AND hash = ?"
                if connection.execute(held, (head.terminal, head.sequence, head.hash)).fetchone():
                    return ""
                asked = "SELECT max(sequence) FROM entries WHERE terminal = ?"
                (last,) = connection.execute(asked, (head.terminal,)).fetchone()
                furthest = max(furthest, last if isinstance(last, int) else 0)
        if furthest >= head.sequence:
            return f"{head.terminal}: entry {head.sequence} is not the one that {head.holder} holds: it was written anew"
        return f"{head.holder} holds entry {head.sequence} of {head.terminal}, of which " + (
            f"the last here is {furthest}" if furthest else "nothing is here any more"
        )

    def _stamps(self) -> list[_Stamp]:
        paths = (*data_dir.files(self._folder), *sorted(self._folder.glob("terminal-*.lock")))
        return [_stamp(path) for path in paths]

    def _connection(self, path: Path) -> sqlite3.Connection:
        """The one of the last look, or a new one where that shows what the file was before."""
        stamp = _stamp(path)
        if path in self._open and self._as_of[path] in (stamp, stamp[:1]):
            refuse_views(self._open[path])
            return self._open[path]
        self._drop(path)
        connection, follows = connect_reading(str(path))
        self._open[path] = connection
        self._as_of[path] = stamp[:1] if follows else stamp
        return connection

    def _drop(self, path: Path) -> None:
        """Its chains are walked from their beginnings when it is read again: it may be another file."""
        self._as_of.pop(path, None)
        self._read.pop(path, None)
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


def _stamp(path: Path) -> _Stamp:
    """Which file it is, and what changes with each write: of the file and its WAL."""
    seen: _Stamp = ()
    for one in (path, path.with_name(f"{path.name}-wal")):
        try:
            found = one.stat()
        except OSError:
            seen += (None, None)
        else:
            seen += ((found.st_dev, found.st_ino), (found.st_mtime_ns, found.st_size))
    return seen


def _number(path: Path) -> int:
    found = re.match(r"terminal-(\d+)\.db\Z", path.name)
    assert found is not None
    return int(found[1])
