"""One terminal's own SQLite file: its chain, and what it knows of others. Synchronous; one thread at a time uses it.

What ``append`` returned is on the disk (``durable.py``).
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite
from typing import Any

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import Entry, EntryKind
from tfdash.store.log import begun, data_dir
from tfdash.store.log.canonical import GENESIS, UnreadableEntry, data_of, decode, genuine
from tfdash.store.log.chain_walk import PIECE, ChainWalk
from tfdash.store.log.draft import EntryDraft
from tfdash.store.log.durable_file import DurableFile, cause
from tfdash.store.log.local_schema import odd_schema
from tfdash.store.log.redact import Redactor


class Abandoned(Exception):
    """Whoever asked does not wait any more; nothing was recorded."""


class LocalFile(DurableFile):
    """The file of one slot. ``redact`` goes over every entry before it is hashed."""

    def __init__(
        self,
        slot: data_dir.TerminalSlot,
        redact: Redactor,
        *,
        name: str = "",
        now: float = 0.0,
        adopt: bool = False,
    ) -> None:
        """``adopt``: only deliver what a terminal that ended left in it; its chain is not continued."""
        self.slot = slot
        self._redact = redact
        self._name = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:48] or "terminal"
        self.notes: list[tuple[str, dict[str, Any]]] = []  # to be recorded: sentence and data
        super().__init__(slot.path, now)
        self.begun = begun.in_lock(self._beside())
        if self.aside is not None:
            self._note(
                "damaged", "", 0, "", f"the file before this one was damaged and lies at {self.aside.name}"
            )
        if adopt:
            self.terminal = self.meta("terminal")
        else:
            self._settle_identity()

    # -- whose chain this is ------------------------------------------------------------------------------------

    def _settle_identity(self) -> None:
        """Go on with the chain of this file, or begin a new one where the file is not the one that the chain was written to."""
        try:
            self.terminal = self.meta("terminal")
            identity = data_dir.identity(self.path)
            seen = self._read_sidecar()
            if not self.terminal:
                if seen is not None and seen[1]:
                    self._note(
                        "gone",
                        *seen,
                        f"the file of {seen[0]}, {seen[1]} entries up to {seen[2]}, is not here any more",
                    )
                self._begin(identity)
            else:
                within = begun.in_file(self._connection)  # whole, it says so itself where the lock does not
                self.begun = min(within, self.begun if isfinite(self.begun) else within)
                self._settle_place(identity, seen)
            self.sequence, self.head = self._head(self.terminal)
            self.opened_at = self.sequence
        except sqlite3.DatabaseError as error:
            raise LedgerUnavailable(f"{self.path}: {cause(error)}") from None

    def _settle_place(self, identity: str, seen: tuple[str, int, str] | None) -> None:
        """The file has a chain: is it the one that this place was left with?"""
        moved = self.meta("identity") != identity
        if seen is not None and not self._holds(seen):
            lost = f"entries up to {seen[1]} were recorded here and are not in the file any more"
            if seen[0] == self.terminal and not moved:
                self._rotate("cut", lost, seen)
            elif seen[0] == self.terminal:
                self._note("cut", *seen, lost)
            else:  # the file of another place
                self._note("gone", *seen, f"{lost}: those of {seen[0]}, up to {seen[2]}")
        if moved:
            self._rotate("moved", "this file is a copy of, or was moved from, the one that it was written to")

    def _begin(self, identity: str) -> None:
        self.terminal = f"{self._name}-{secrets.token_hex(6)}"
        with self._transaction():
            self._set_meta("terminal", self.terminal)
            self._set_meta("identity", identity)

    def _note(self, reason: str, terminal: str, sequence: int, head: str, sentence: str) -> None:
        chain: dict[str, Any] = {"reason": reason, "terminal": terminal, "sequence": sequence, "hash": head}
        if isfinite(self.begun):
            chain["begun"] = self.begun
        self.notes.append((sentence, {"chain": chain}))

    def _rotate(self, reason: str, why: str, lost: tuple[str, int, str] | None = None) -> None:
        before = self.terminal
        sequence, head = self._head(before)
        self._begin(data_dir.identity(self.path))
        where = lost[1:] if lost is not None else (sequence, head)
        self._note(reason, before, *where, f"{why}; a new chain begins, after {before} at {sequence} {head}")

    def rotate(self, reason: str, why: str, lost: tuple[str, int, str] | None = None) -> None:
        """Begin a new chain in the same file: the old one cannot go on (forked, or changed underneath)."""
        try:
            self._rotate(reason, why, lost)
            self.sequence, self.head = self._head(self.terminal)
        except sqlite3.DatabaseError as error:
            raise LedgerUnavailable(f"{self.path}: {cause(error)}") from None

    def drafts(self, now: float) -> list[EntryDraft]:
        """What is to be noted, once."""
        noted, self.notes = self.notes, []
        return [
            EntryDraft(kind=EntryKind.NOTE, at=now, actor="tfdash", sentence=text, data=data)
            for text, data in noted
        ]

    def close(self) -> None:
        super().close()
        data_dir.release(self.slot)

    # -- the sidecar: the newest head, in the lock file, so that a file that was put back is noticed ----------------

    def _read_sidecar(self) -> tuple[str, int, str] | None:
        parts = self._beside().partition("\n")[0].split()
        try:
            return (parts[0], int(parts[1]), parts[2]) if len(parts) == 3 else None
        except ValueError:
            return None

    def _beside(self) -> str:
        try:
            return os.pread(self.slot.lock, 512, 0).decode("ascii")
        except (OSError, ValueError):
            return ""

    def _write_sidecar(self) -> None:
        since = f"begun {self.begun!r}" if isfinite(self.begun) else ""
        lines = f"{self.terminal} {self.sequence} {self.head}".ljust(255) + f"\n{since:<63}\n"
        with contextlib.suppress(OSError):  # a help only; a full disk must not fail what is recorded already
            os.pwrite(self.slot.lock, lines.encode(), 0)

    def _holds(self, seen: tuple[str, int, str]) -> bool:
        row = self._connection.execute(
            "SELECT hash FROM entries WHERE terminal = ? AND sequence = ?", (seen[0], seen[1])
        ).fetchone()
        return seen[1] == 0 or (row is not None and row[0] == seen[2])

    def _head(self, terminal: str) -> tuple[int, str]:
        row = self._connection.execute(
            "SELECT sequence, hash FROM entries WHERE terminal = ? AND typeof(sequence) = 'integer' AND sequence < 1 << 62"
            " ORDER BY sequence DESC LIMIT 1",  # SQLite lets a text stand there, too
            (terminal,),
        ).fetchone()
        return (row[0], row[1]) if row else (0, GENESIS)

    # -- appending ----------------------------------------------------------------------------------------------

    def append(self, draft: EntryDraft, abandoned: Callable[[], bool] = lambda: False) -> Entry:
        """Record it; durable when this returns. Raises ``LedgerUnavailable``, and ``Abandoned`` before anything is written."""
        (entry,) = self.append_all([draft], abandoned)
        return entry

    def append_all(
        self, drafts: Sequence[EntryDraft], abandoned: Callable[[], bool] = lambda: False
    ) -> list[Entry]:
        """Record all of them or none, one after the other; as ``append``."""
        if self._head(self.terminal) != (self.sequence, self.head):
            lost = (self.terminal, self.sequence, self.head)
            self.rotate(
                "changed",
                f"the file was changed underneath: it should end with entry {lost[1]} {lost[2]}",
                lost,
            )
            self._insert(self.drafts(drafts[0].at), lambda: False)
        return self._insert(drafts, abandoned)

    def _insert(self, drafts: Sequence[EntryDraft], abandoned: Callable[[], bool]) -> list[Entry]:
        entries: list[Entry] = []
        rows: list[tuple[str, int, str, str, str, str, bytes]] = []
        head = self.head
        for sequence, draft in enumerate(drafts, self.sequence + 1):
            entry, raw = draft.placed(self.terminal, sequence, head, self._redact)
            topic, head = str(data_of(entry).get("topic", "")), entry.hash
            rows.append((entry.terminal, sequence, entry.kind.value, entry.intent, topic, head, raw))
            entries.append(entry)

        def insert() -> None:
            with self._transaction() as connection:
                for row in rows:
                    connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", row)
                    kept = connection.execute(
                        "SELECT * FROM entries WHERE terminal = ? AND sequence = ?", row[:2]
                    ).fetchone()
                    if kept != row:  # a trigger that somebody put there
                        raise sqlite3.IntegrityError("it took an entry and does not hold it")
                if abandoned():
                    raise Abandoned

        if entries:
            self._with_room(insert)
            self.sequence, self.head = entries[-1].sequence, head
            self.begun = min(self.begun, *(entry.at for entry in entries))  # a clock may go back
            self._write_sidecar()
        return entries

    # -- reading ------------------------------------------------------------------------------------------------

    def pending(
        self, holder: str, limit: int, without: tuple[str, ...] = ()
    ) -> list[tuple[str, int, bytes, str]]:
        """(terminal, sequence, bytes, hash) of what ``holder`` has not acknowledged, oldest first; of every chain in the file
        but those ``without``."""
        marks = ",".join("?" * len(without))
        return self._connection.execute(
            "SELECT e.terminal, e.sequence, e.bytes, e.hash FROM entries e LEFT JOIN anchors a"
            " ON a.terminal = e.terminal AND a.holder = ? WHERE e.sequence > coalesce(a.sequence, 0)"
            f" AND e.terminal NOT IN ({marks}) ORDER BY e.rowid LIMIT ?",
            (holder, *without, limit),
        ).fetchall()

    def rewind(self, terminal: str, holder: str, sequence: int) -> None:
        """``holder`` was put back: it holds the chain up to ``sequence`` only."""

        def work() -> None:
            with self._transaction() as connection:
                connection.execute(
                    "UPDATE anchors SET sequence = ? WHERE terminal = ? AND holder = ?",
                    (sequence, terminal, holder),
                )

        self._with_room(work)

    def behind(self, holder: str) -> int:
        row = self._connection.execute(
            "SELECT count(*) FROM entries e LEFT JOIN anchors a ON a.terminal = e.terminal AND a.holder = ?"
            " WHERE e.sequence > coalesce(a.sequence, 0)",
            (holder,),
        ).fetchone()
        return int(row[0])

    def anchored(self, terminal: str) -> int:
        row = self._connection.execute(
            "SELECT max(sequence) FROM anchors WHERE terminal = ?", (terminal,)
        ).fetchone()
        return row[0] or 0

    def acknowledged(self, holder: str) -> dict[str, int]:
        """The last sequence that ``holder`` acknowledged of each chain."""
        asked = "SELECT terminal, sequence FROM anchors WHERE holder = ?"
        return dict(self._connection.execute(asked, (holder,)).fetchall())

    def acknowledge(self, terminal: str, sequence: int, hash: str, holder: str, at: float) -> None:
        """``holder`` holds the chain up to there."""

        def work() -> None:
            with self._transaction() as connection:
                connection.execute(
                    "INSERT INTO anchors VALUES (?, ?, ?, ?, ?) ON CONFLICT (terminal, holder) DO UPDATE SET"
                    " sequence = excluded.sequence, hash = excluded.hash, at = excluded.at"
                    " WHERE excluded.sequence >= anchors.sequence",
                    (terminal, sequence, hash, holder, at),
                )

        self._with_room(work)

    def take_others(self, rows: Iterable[tuple[str, int, bytes, str, str]]) -> None:
        """Keep what the shared store has of other terminals: (terminal, sequence, bytes, hash, written by)."""
        kept = []
        for terminal, sequence, raw, hash, written_by in rows:
            try:
                entry = decode(raw, hash)
            except UnreadableEntry:
                continue
            topic = str(data_of(entry).get("topic", ""))
            kept.append((terminal, sequence, entry.kind.value, entry.intent, topic, hash, raw, written_by))

        def work() -> None:
            with self._transaction() as connection:
                connection.executemany("INSERT OR IGNORE INTO others VALUES (?, ?, ?, ?, ?, ?, ?, ?)", kept)

        self._with_room(work)

    def other_heads(self) -> dict[str, tuple[int, str]]:
        """The cursor of each other terminal: the last sequence that is kept of it, and its hash."""
        return {
            terminal: (sequence, hash)
            for terminal, sequence, hash in self._connection.execute(
                "SELECT terminal, max(sequence), hash FROM others GROUP BY terminal"
            ).fetchall()
        }

    def remembered(self) -> Iterator[list[tuple[Entry, str]]]:
        """Every entry that changes what is remembered, here and of others, piece by piece, with its login ("" here); and the last
        of each chain, which says how far it goes."""
        asked = (
            "SELECT rowid, bytes, hash, {} FROM {} WHERE rowid > ? AND (topic <> '' OR kind IN ('intent', 'outcome')"
            " OR (kind = 'note' AND instr(bytes, CAST('chain' AS BLOB)))) ORDER BY rowid LIMIT ?"
        )
        for by, table in (("''", "entries"), ("written_by", "others")):
            after: float = float("-inf")
            while rows := self._connection.execute(asked.format(by, table), (after, PIECE)).fetchall():
                after = rows[-1][0]
                yield [(e, login) for _, raw, hash, login in rows for e in genuine(raw, hash)]
            last = f"SELECT bytes, hash, {by}, max(sequence) FROM {table} GROUP BY terminal"
            ends = self._connection.execute(last).fetchall()
            yield [(e, login) for raw, hash, login, _ in ends for e in genuine(raw, hash)]

    def walk(self, walk: ChainWalk) -> bool:
        """The next piece of this file; whether it was the last."""
        _, ended = walk.piece(self._connection)
        last = walk.ends.get(self.terminal, (0, ""))[0]
        if ended and not walk.problem and last < self.opened_at:  # a view in the place of the table
            walk.problem = f"entries {last + 1} to {self.opened_at} are missing"
        if ended and not walk.problem:
            walk.problem = next(iter(odd_schema(self._connection)), "")
        return ended or bool(walk.problem)

    def own_terminals(self) -> set[str]:
        return {row[0] for row in self._connection.execute("SELECT DISTINCT terminal FROM entries")} | {
            self.terminal
        }

    # -- what an executor must never forget ---------------------------------------------------------------------

    def was_consumed(self, approval: str) -> bool:
        row = self._connection.execute("SELECT 1 FROM consumed WHERE approval = ?", (approval,)).fetchone()
        return row is not None

    def consume(self, approval: str, digest: str, at: float) -> bool:
        """Remember that it is used up; False where it was already."""
        if self.was_consumed(approval):
            return False

        def work() -> None:
            with self._transaction() as connection:
                connection.execute("INSERT INTO consumed VALUES (?, ?, ?)", (approval, digest, at))

        self._with_room(work)
        return True

    def keep_body(self, digest: str, sealed: bytes, at: float) -> None:
        def work() -> None:
            with self._transaction() as connection:
                connection.execute("INSERT OR IGNORE INTO bodies VALUES (?, ?, ?)", (digest, sealed, at))

        self._with_room(work)

    def body(self, digest: str) -> bytes | None:
        row = self._connection.execute("SELECT sealed FROM bodies WHERE digest = ?", (digest,)).fetchone()
        return row[0] if row else None

    def all_bodies(self) -> dict[str, bytes]:
        return dict(self._connection.execute("SELECT digest, sealed FROM bodies").fetchall())
