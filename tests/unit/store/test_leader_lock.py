"""One of several terminals has the turn; the rest takes over when it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.unit.store.conftest import Database
from tfdash.model.store_state import RunningAction
from tfdash.model.subject import ClusterRef, Subject
from tfdash.store.peers.leader_lock import LeaderLock, with_lease
from tfdash.store.peers.peer_state import TURN, HeldLease, PeerState


async def test_one_of_two_terminals_and_the_other_when_it_goes(tmp_path: Path) -> None:
    first, second = LeaderLock(tmp_path, "journeys-production"), LeaderLock(tmp_path, "journeys-production")
    assert [await first.mine(), await second.mine(), await first.mine()] == [True, False, True]
    await first.release()
    assert [await second.mine(), await first.mine()] == [True, False]
    await second.release()


def test_each_name_has_a_turn_of_its_own(tmp_path: Path) -> None:
    turns = [LeaderLock(tmp_path, name) for name in ("a", "A", "a/b", "../a")]
    assert [asyncio.run(turn.mine()) for turn in turns] == [True] * 4
    assert [path.parent for path in tmp_path.rglob("*.lock")] == [tmp_path] * 4
    for turn in turns:
        asyncio.run(turn.release())


@pytest.mark.parametrize("strict", [False, True])
async def test_where_nothing_can_be_locked_only_a_strict_one_says_no(tmp_path: Path, strict: bool) -> None:
    (tmp_path / "file").write_text("")
    assert await LeaderLock(tmp_path / "file" / "store", "x", strict=strict).mine() is not strict


@pytest.mark.parametrize("strict", [False, True])
async def test_a_database_that_is_down_leaves_it_to_the_file(tmp_path: Path, strict: bool) -> None:
    url = f"postgresql://ann:hunter2@/x?host={tmp_path}"
    turn = LeaderLock(tmp_path, "x", url=url, deadline=0.5, strict=strict)
    assert await turn.mine() is not strict
    assert "hunter2" not in repr(turn)
    assert not await LeaderLock(tmp_path, "x").mine()
    await turn.release()


async def test_terminals_on_two_machines_share_one_turn(tmp_path: Path, database: Database) -> None:
    here = LeaderLock(tmp_path / "here", "x", url=database.url("ann"))
    there = LeaderLock(tmp_path / "there", "x", url=database.url("bob"))
    assert [await here.mine(), await there.mine(), await here.mine()] == [True, False, True]
    database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tfdash turn'"
    )
    assert await there.mine()  # the session that held it is gone
    assert not await here.mine()
    await there.release()
    assert await here.mine()
    await here.release()


REF = ClusterRef("production", "eu-1")
JOURNEYS = Subject(REF, TURN, "", "journeys-production")


class Clock:
    def now(self) -> float:
        return 1_800_000_000.0


def turns(folder: Path, elsewhere: PeerState) -> Callable[[], Awaitable[bool]]:
    return with_lease(
        LeaderLock(folder, "journeys-production"),
        "journeys-production",
        REF,
        elsewhere,
        Clock(),
        leases=None,
        writer=None,
        by=lambda: "ann",
    )


async def test_a_terminal_that_only_reads_has_its_turn_only_where_nobody_holds_the_lease(
    tmp_path: Path,
) -> None:
    elsewhere = PeerState()
    elsewhere.looked.add(REF)
    mine = turns(tmp_path, elsewhere)
    acting = RunningAction(subject=JOURNEYS, by="bob", action="takes its turn", since=0.0, terminal="t-bob")
    elsewhere.held[REF] = {JOURNEYS: HeldLease(acting=acting, until=Clock().now() + 30)}
    assert not await mine()
    elsewhere.held[REF] = {JOURNEYS: HeldLease(acting=acting, until=Clock().now())}  # it ran out
    assert await mine()
