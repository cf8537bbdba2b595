"""What the store's tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfdash.board.board import Board as RealBoard
from tfdash.model.store_state import Entry, EntryKind, StoreState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.store.log.draft import EntryDraft
from tfdash.store.opening import Opened, StoreOptions, open_store

NOW = 1_795_539_600.123456
REF = ClusterRef("production", "eu-1")
CHECKOUT = Subject(REF, "Deployment", "tf-production", "checkout")


class Clock:
    """Set by the test."""

    def __init__(self, at: float = NOW) -> None:
        self.at = at

    def now(self) -> float:
        return self.at


class Board(RealBoard):
    """The real one without its thread: what is put is in its picture at once."""

    def __init__(self) -> None:
        super().__init__([], None, Clock())
        self._came = asyncio.Event()
        self.subscribe(lambda update: self._came.set())

    @property
    def facts(self) -> StoreState:
        return self.picture.store_state

    async def until(self, true: Callable[[StoreState], bool]) -> None:
        async with asyncio.timeout(60):
            while not true(self.facts):
                self._came.clear()
                await self._came.wait()


def opened(
    folder: Path, clock: Any = None, *, acting: bool = True, boot: Any = None, **options: Any
) -> Opened:
    extra = {"boot": boot} if boot is not None else {}
    secrets = options.pop("secrets", ())
    approvals = options.pop("approvals", None)
    terminal = options.pop("terminal", "test")
    return open_store(
        StoreOptions(path=str(folder), **options),
        clock or Clock(),
        acting=acting,
        terminal=terminal,
        secrets=secrets,
        approvals=approvals,
        **extra,
    )


def note(sentence: str = "hello", **fields: Any) -> EntryDraft:
    return EntryDraft(**{"kind": EntryKind.NOTE, "at": NOW, "actor": "ann", "sentence": sentence, **fields})


def rows(folder: Path, number: int = 0) -> list[tuple[int, bytes, str]]:
    import sqlite3

    with sqlite3.connect(folder / f"terminal-{number}.db") as connection:
        return connection.execute("SELECT sequence, bytes, hash FROM entries ORDER BY rowid").fetchall()


def planted(folder: Path, *secrets: bytes) -> list[str]:
    """The files under ``folder`` that hold one of them: databases, WAL, locks and all."""
    return [
        str(p) for p in sorted(folder.rglob("*")) if p.is_file() and any(s in p.read_bytes() for s in secrets)
    ]


def sentences(entries: list[Entry]) -> list[str]:
    return [entry.sentence for entry in entries]
