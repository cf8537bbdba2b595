"""Hands the head of this terminal's log to somebody else now and then: what is older than that cannot be changed unseen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.store.ledger import Store
from tfdash.store.log import anchors


class Anchoring(msgspec.Struct, frozen=True, kw_only=True):
    """Where heads are handed to, and how often (seconds)."""

    file: Path | None = None
    command: tuple[str, ...] = ()
    every: float = 300.0


class HandingOn:
    """``problem``: why the last one was not taken by all, "" where it was."""

    def __init__(self, store: Store, to: Anchoring) -> None:
        self._store, self.to = store, to
        self.problem = ""

    @property
    def wanted(self) -> bool:
        return self.to.file is not None or bool(self.to.command)

    async def run(self) -> None:
        last = 0
        while True:
            head = await self._head()
            if head is not None and head.sequence and head.sequence != last:
                last = head.sequence
                await self.anchor_now(head)
            await asyncio.sleep(self.to.every)

    async def _head(self) -> anchors.Head | None:
        now = self._store.clock.now()
        try:
            return await self._store.recorder.on_file(
                lambda f: anchors.Head(terminal=f.terminal, sequence=f.sequence, hash=f.head, at=now),
                "reading the head",
            )
        except LedgerUnavailable:
            return None

    async def anchor_now(self, head: anchors.Head) -> None:
        """Hand the head to the file and the command that are set."""
        taken: list[str] = []
        problems: list[str] = []
        file, command = self.to.file, self.to.command
        if file is not None:
            why = await self._store.recorder.thread.call(
                lambda: anchors.to_file(file, head), "writing the anchor file"
            )
            (problems if why else taken).append(why or f"file {file}")
        if command:
            why = await anchors.to_command(command, head)
            (problems if why else taken).append(why or f"command {command[0]}")
        self.problem = "; ".join(problems)
        for holder in taken:
            try:
                await self._acknowledge(head, holder)
            except LedgerUnavailable:
                return

    async def _acknowledge(self, head: anchors.Head, holder: str) -> None:
        await self._store.recorder.on_file(
            lambda f: f.acknowledge(head.terminal, head.sequence, head.hash, holder, head.at),
            "remembering the anchor",
        )
