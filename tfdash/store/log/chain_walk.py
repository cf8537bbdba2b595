"""A terminal's file, read in the order in which it was written and piece by piece: what it holds, and whether it follows one
another."""

from __future__ import annotations

import sqlite3

from tfdash.model.store_state import Entry
from tfdash.store.log.canonical import GENESIS
from tfdash.store.log.chain import examined, stored

PIECE = 1_000
"""Entries: some 50 ms, for which whoever else wants the file waits."""


class ChainWalk:
    """How far one file was read. ``problem``: what is wrong with the first bad entry, "" where nothing was found so far.
    ``ends``: the last sequence and hash of each chain to there."""

    def __init__(self) -> None:
        self.problem = ""
        self.count = 0
        self.ends: dict[str, tuple[int, str]] = {}
        self._after: float = float("-inf")  # whoever has the file can give a row a number below zero

    def piece(self, connection: sqlite3.Connection) -> tuple[list[Entry], bool]:
        """The next entries whose bytes are what their hash says, and whether that were all. Raises ``sqlite3.Error``."""
        rows = connection.execute(
            "SELECT rowid, terminal, sequence, bytes, hash, kind, intent, topic FROM entries"
            " WHERE rowid > ? ORDER BY rowid LIMIT ?",
            (self._after, PIECE),
        ).fetchall()
        found = []
        for number, *row in rows:
            one = stored(tuple(row))
            entry, problem = examined(one, *self.ends.get(one.terminal, (0, GENESIS)))
            self.problem = self.problem or problem
            self.ends[one.terminal] = one.sequence, one.hash
            self.count, self._after = self.count + 1, number
            if entry is not None:
                found.append(entry)
        return found, len(rows) < PIECE
