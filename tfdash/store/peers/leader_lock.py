"""Whose turn it is among several terminals: one of them runs what all of them would see, such as journeys.

Among one user's terminals a locked file in the store's folder decides, among those that share a PostgreSQL a session's
advisory lock there, which needs no right and ends with the session. Both end with the process, however it ends. Through a
pooler that shares sessions between statements the advisory lock cannot be trusted; the store's LISTEN cannot either.
Among all others a Lease in the cluster does, which terminals that may act hold and those that only read look at.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfdash.clock import Clock
from tfdash.model.subject import ClusterRef, Subject
from tfdash.store.peers.peer_state import TURN
from tfdash.store.shared.shared_store import asking_nobody

if TYPE_CHECKING:
    from tfdash.actions.core.protocols import Writer
    from tfdash.store.peers.leases import Leases
    from tfdash.store.peers.peer_state import PeerState

log = logging.getLogger(__name__)


_UNTIL_ASKED = 3.0  # seconds for which a cluster is waited for that has not said yet who holds the Lease


class LeaderLock:
    """``name`` is what is taken turns at, such as "journeys-production"; ``url`` "" where no store is shared.

    Where there is nothing to lock (a folder that cannot be written, a database that is not reached) the rest decides:
    what one terminal runs must not stop for all because the store is down. ``strict`` says no instead.
    """

    def __init__(
        self, folder: Path, name: str, *, url: str = "", deadline: float = 2.0, strict: bool = False
    ) -> None:
        plain = re.sub(r"[^a-z0-9.-]+", "-", name.lower())[:100]
        self._path = folder / f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.lock"
        self._key = int.from_bytes(hashlib.sha256(f"tfdash {name}".encode()).digest()[:8], signed=True)
        self._url, self._deadline, self._strict = url, deadline, strict
        self._held: int | None = None
        self._connection: Any = None
        self._one = asyncio.Lock()

    def __repr__(self) -> str:
        return f"LeaderLock({self._path.name!r})"

    async def mine(self) -> bool:
        """Whether it is ours now; takes it where nobody has it. Never raises."""
        async with self._one:
            if not self._lock_file():
                return False
            return not self._url or await self._lock_shared()

    def _lock_file(self) -> bool:
        if self._held is not None:
            return True
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o600)
        except OSError as error:
            log.info("%s cannot be locked: %s", self._path, error.strerror)
            return not self._strict
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._held = descriptor
        return True

    async def _lock_shared(self) -> bool:
        import psycopg

        try:
            async with asyncio.timeout(self._deadline + 1):
                if self._connection is not None:
                    try:
                        await self._connection.execute("SELECT 1")
                    except psycopg.Error:  # the session ended, and the lock with it
                        await self._drop()
                    else:
                        return True
                connection = await psycopg.AsyncConnection.connect(
                    asking_nobody(self._url),
                    autocommit=True,
                    connect_timeout=max(2, int(self._deadline)),
                    application_name="tfdash turn",
                )
                try:
                    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (self._key,))
                    row = await cursor.fetchone()
                    if row is not None and row[0]:
                        self._connection = connection
                        return True
                finally:
                    if self._connection is not connection:
                        await connection.close()
                return False
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.info("whose turn it is cannot be asked of the shared store: %s", type(error).__name__)
            await self._drop()
            return not self._strict

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def release(self) -> None:
        """Let somebody else have it."""
        await self._drop()
        descriptor, self._held = self._held, None
        if descriptor is not None:
            os.close(descriptor)


def with_lease(
    lock: LeaderLock,
    name: str,
    ref: ClusterRef,
    peer_state: PeerState,
    clock: Clock,
    *,
    leases: Leases | None,
    writer: Writer | None,
    by: Callable[[], str],
) -> Callable[[], Awaitable[bool]]:
    """``lock.mine`` and, in the cluster ``ref``, the Lease of that name: held where ``leases`` is given, else only looked
    at. A cluster that says nothing does not stop it."""
    subject = Subject(ref, TURN, "", name)
    began = time.monotonic()

    async def mine() -> bool:
        if leases is not None and writer is not None:
            return await lock.mine() and await leases.turn(writer, subject, by() or "tfdash")
        while ref not in peer_state.looked and time.monotonic() - began < _UNTIL_ASKED:  # noqa: ASYNC110 - once, at the start
            await asyncio.sleep(0.2)
        return peer_state.holder(subject, clock.now()) is None and await lock.mine()

    return mine
