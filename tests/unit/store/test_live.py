"""Two terminals as they run, on one PostgreSQL: seen at once, a shared store that dies half way, nothing lost."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from tests.unit.store.conftest import Database
from tests.unit.store.helpers import CHECKOUT, Board, opened
from tests.unit.store.test_approvals import plan
from tfdash.model.store_state import EntryKind
from tfdash.store.opening import Opened


async def end(running: list[asyncio.Task[Any]], *terminals: Opened) -> None:
    for task in running:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    for terminal in terminals:
        await terminal.source.sync.shared.close()
        terminal.store.close()


async def test_two_terminals_and_a_shared_store_that_dies(tmp_path: Path, database: Database) -> None:
    ann = opened(tmp_path / "a", url=database.url("ann"), terminal="ann", deadline=3.0)
    bob = opened(tmp_path / "b", url=database.url("bob"), terminal="bob", deadline=3.0)
    for terminal in (ann, bob):
        terminal.source.sync.poll = 30.0  # so that only a notification is quick
    boards = (Board(), Board())
    running = [asyncio.ensure_future(t.source.run(b)) for t, b in zip((ann, bob), boards, strict=True)]
    seen_by_ann, seen_by_bob = boards

    intent = await ann.store.append(
        EntryKind.INTENT, actor="ann", subject=CHECKOUT, action="workload.rollback"
    )
    await seen_by_bob.until(lambda facts: bool(facts.acting))
    assert [(a.by, a.action, a.terminal) for a in seen_by_bob.facts.acting] == [
        ("ann", "workload.rollback", ann.store.terminal)
    ]

    request = await ann.store.request_approval(plan(), "the region is down")
    await seen_by_bob.until(lambda facts: any(r.id == request.id for r in facts.approvals))
    await bob.store.decide(request.id, request.digest, True, "looked at it")
    await seen_by_ann.until(lambda facts: any(r.state == "approved" for r in facts.approvals))
    await ann.store.consume_approval(request.id, plan().digest, "ann")

    # the shared store dies between intent and outcome
    admin = Database(database.host, "postgres")
    admin.sql(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
    admin.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", database.name)
    outcome = await ann.store.append(
        EntryKind.OUTCOME, actor="ann", intent=intent.intent, data={"result": "applied"}
    )
    await ann.store.break_glass("production", "ann", "nobody answers")
    await seen_by_ann.until(lambda facts: "others cannot see it yet" in facts.health.shared)
    assert seen_by_ann.facts.health.local == "" and ann.store.break_glass_active("production", "ann")

    # and comes back: everything arrives, once
    admin.sql(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
    await seen_by_bob.until(lambda facts: not facts.acting and "production" in facts.break_glass)
    await seen_by_ann.until(lambda facts: not facts.health.shared and facts.health.behind == 0)
    there = database.sql(
        "SELECT hash FROM tfdash.entries WHERE terminal = %s ORDER BY sequence", ann.store.terminal
    )
    assert (outcome.hash,) in there and len(there) == len(set(there))
    assert database.sql("SELECT count(*) FROM tfdash.forks") == [(0,)]
    await end(running, ann, bob)


async def test_both_terminals_press_the_same_key_at_once(tmp_path: Path, database: Database) -> None:
    """Each sees the other's intent; which of the two is refused is the gate's to say, by whose came first."""
    ann = opened(tmp_path / "a", url=database.url("ann"), terminal="ann", deadline=3.0)
    bob = opened(tmp_path / "b", url=database.url("bob"), terminal="bob", deadline=3.0)
    boards = (Board(), Board())
    running = [asyncio.ensure_future(t.source.run(b)) for t, b in zip((ann, bob), boards, strict=True)]
    await asyncio.gather(
        *(
            t.store.append(EntryKind.INTENT, actor=a, subject=CHECKOUT)
            for t, a in ((ann, "ann"), (bob, "bob"))
        )
    )
    for board in boards:
        await board.until(lambda facts: {a.by for a in facts.acting} == {"ann", "bob"})
    await end(running, ann, bob)
