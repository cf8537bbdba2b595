"""Claims in the shared PostgreSQL: one row a step, changed by a function that compares the fence first."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.store.claims.keeping import KeeperAway, KeptClaim
from tfdash.store.shared.shared_store import SharedStore

T = TypeVar("T")

_RESTS = 5.0
"""Seconds for which it is not asked again after it did not answer: a recovery does not wait for it at each step."""


class SharedKeeper:
    """``tfdash.store.claims.keeping.ClaimKeeper``. ``away``: why the shared store was not reached by who reads it all the time, "" where it
    was."""

    id, shared = "store", True

    def __init__(self, store: SharedStore, away: Callable[[], str]) -> None:
        self._store, self._away = store, away
        self._failed, self._failed_at = "", float("-inf")

    def problem(self, run: str = "") -> str:
        return self._failed or self._away()

    async def look(self, run: str, step: str) -> KeptClaim:
        found = await self._ask(self._store.claim_of(run, step))
        if found is None:
            return KeptClaim()
        fence, holder, terminal = found
        return KeptClaim(fence=fence, holder=holder, terminal=terminal)

    async def put(self, run: str, step: str, before: KeptClaim, after: KeptClaim) -> bool:
        asked = self._store.put_claim(
            run, step, before=before.fence, fence=after.fence, holder=after.holder, terminal=after.terminal
        )
        return await self._ask(asked)

    async def forget(self, run: str) -> None:
        """Rows go by themselves after a time: no other run ever has the same id."""

    async def _ask(self, asked: Coroutine[Any, Any, T]) -> T:
        if time.monotonic() - self._failed_at < _RESTS:
            asked.close()
            raise KeeperAway(self._failed)
        try:
            answer = await asked
        except LedgerUnavailable as error:
            self._failed, self._failed_at = str(error), time.monotonic()
            raise KeeperAway(str(error)) from None
        self._failed, self._failed_at = "", float("-inf")
        return answer
