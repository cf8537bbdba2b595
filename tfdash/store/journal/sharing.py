"""Verdict journals in the shared PostgreSQL: each file whole, each time anew with what it has by then. What could not be delivered lies in
the folder, and is delivered when the store answers again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.board.board import Board
from tfdash.store.journal.reading import PACKED, SUFFIX, SharedJournals, lines_in
from tfdash.store.log.thread import StoreThread
from tfdash.store.shared.shared_store import asking_nobody, cause_of

log = logging.getLogger(__name__)
EVERY = 60.0
_ENDED = 600.0  # seconds that one delivery may take: the disk and the network have theirs


class JournalSharing:
    """A task of the board. ``url``: of the shared store; ``deadline`` in seconds, of each statement."""

    def __init__(self, folder: Path, url: str, deadline: float) -> None:
        self._folder, self._url, self._deadline = folder, url, deadline
        self._thread = StoreThread(_ENDED)
        self.problem = ""
        """Why they were not delivered when it was tried last, "" where they were."""

    async def run(self, _board: Board) -> None:
        """Until cancelled."""
        try:
            while True:
                await asyncio.sleep(EVERY)
                problem = ""
                try:
                    await self._thread.call(
                        lambda: deliver(self._folder, self._url, self._deadline),
                        "delivering verdict journals",
                    )
                except (LedgerUnavailable, OSError) as error:
                    problem = str(error)
                if problem and problem != self.problem:
                    log.warning("verdict journals are not shared: %s", problem)
                self.problem = problem
        finally:
            self._thread.stop()


def deliver(folder: Path, url: str, deadline: float) -> int:
    """Deliver what the shared store does not hold as it is here; how many files. Raises ``LedgerUnavailable`` and ``OSError``."""
    sent = 0
    if not folder.exists():  # no span was begun yet
        return sent
    with _connected(url, deadline) as connection:
        rows = connection.execute(
            "SELECT file, md5(body) FROM tfdash.journals WHERE written_by = session_user"
        )
        held = dict(rows.fetchall())
        for path in sorted(folder.iterdir()):
            if not path.name.endswith((SUFFIX, PACKED)):
                continue
            try:
                heard = path.stat().st_mtime
                body = (
                    path.read_bytes()
                    if path.name.endswith(PACKED)
                    else zlib.compress(b"\n".join(lines_in(path)))
                )
            except FileNotFoundError:  # packed meanwhile: the next time
                continue
            name = path.name.removesuffix(PACKED).removesuffix(SUFFIX)
            if held.get(name) == hashlib.md5(body, usedforsecurity=False).hexdigest():
                continue
            connection.execute("SELECT tfdash.put_journal(%s, %s, %s)", (name, heard, body))
            sent += 1
    return sent


def fetched(url: str, deadline: float, since: float) -> SharedJournals:
    """What terminals delivered that may tell of a time after ``since``; the session refuses to write. Never raises."""
    try:
        with _connected(url, deadline) as connection:
            connection.execute("SET default_transaction_read_only = on")
            rows = connection.execute("SELECT file, body FROM tfdash.journals WHERE heard >= %s", (since,))
            return SharedJournals([(str(name), bytes(body)) for name, body in rows.fetchall()])
    except LedgerUnavailable as error:
        return SharedJournals(problem=str(error))


@contextmanager
def _connected(url: str, deadline: float) -> Iterator[Any]:
    import psycopg

    try:
        with psycopg.connect(
            asking_nobody(url),
            autocommit=True,
            connect_timeout=max(2, int(deadline)),
            application_name="tfdash",
            options=f"-c statement_timeout={int(max(deadline, 2.0) * 1000)}",
        ) as connection:
            yield connection
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise LedgerUnavailable(
            "the shared store has no table for them yet; its owner runs: tfdash audit migrate"
        ) from None
    except psycopg.Error as error:
        raise LedgerUnavailable(f"the shared store: {cause_of(error, url)}") from None
