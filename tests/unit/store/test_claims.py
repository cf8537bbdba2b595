"""Who works on which step: one at a time, with a fence that grows, over whatever keeps it; in the folder of a machine and in a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.procedures.running import Run
from tests.unit.store.conftest import Database
from tests.unit.store.helpers import opened
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import EntryKind
from tfdash.playbook.procedures.folding import LEAP
from tfdash.procedures.protocols import Claim, Claims, ClaimTaken, WorkUnseen
from tfdash.store.claims.folder import FolderKeeper
from tfdash.store.claims.keeping import ClaimKeeper, KeeperAway, KeptClaim, KeptClaims
from tfdash.store.claims.opening import claims_of
from tfdash.store.claims.shared import SharedKeeper
from tfdash.store.claims.words import kept_in
from tfdash.store.log.run_facts import event_data
from tfdash.store.log.thread import StoreThread
from tfdash.store.shared.shared_store import SharedStore


class Memory:
    """A keeper that a test can take away."""

    def __init__(self, id: str = "store", *, shared: bool = True) -> None:
        self.id, self.shared = id, shared
        self.held: dict[tuple[str, str], KeptClaim] = {}
        self.away = ""

    def problem(self, run: str = "") -> str:
        return self.away

    async def look(self, run: str, step: str) -> KeptClaim:
        if self.away:
            raise KeeperAway(self.away)
        return self.held.get((run, step), KeptClaim())

    async def put(self, run: str, step: str, before: KeptClaim, after: KeptClaim) -> bool:
        if await self.look(run, step) != before:
            return False
        self.held[run, step] = after
        return True

    async def forget(self, run: str) -> None:
        await self.look(run, "")
        self.held = {key: kept for key, kept in self.held.items() if key[0] != run}


def claims(terminal: str, *keepers: ClaimKeeper, known: int = 0) -> Claims:
    return KeptClaims(keepers, lambda: terminal, known=lambda run, step: known)


@pytest.fixture
def thread() -> Iterator[StoreThread]:
    one = StoreThread(10.0)
    yield one
    one.stop()


async def test_a_step_is_one_terminal_s_until_it_is_let_go_or_taken_over() -> None:
    store = Memory()
    ann, bob = claims("ann", store), claims("bob", store)
    first = await ann.claim("r", "s", "Ann")
    assert first == Claim(run="r", step="s", fence=1, holder="Ann", terminal="ann", kept_by="store")
    with pytest.raises(ClaimTaken, match="Ann at ann works on it") as taken:
        await bob.claim("r", "s", "Bob")
    assert taken.value.claim == first and await ann.holds(first)
    assert (await bob.claim("r", "other", "Bob")).fence == 1
    theirs = await bob.claim("r", "s", "Bob", over=first.fence)
    assert theirs.fence == 2 and await bob.holds(theirs) and not await ann.holds(first)
    with pytest.raises(ClaimTaken):
        await ann.claim("r", "s", "Ann", over=first.fence)  # of a claim that is not the newest any more
    await ann.let_go(first, worked=False)
    assert await bob.holds(theirs)
    await bob.let_go(theirs, worked=False)
    assert (await ann.claim("r", "s", "Ann")).fence == 3


async def test_who_claims_again_has_a_higher_fence() -> None:
    ann = claims("ann", Memory(), known=41)
    one, two = await ann.claim("r", "s", "Ann"), await ann.claim("r", "s", "Ann")
    assert (one.fence, two.fence) == (42, 43) and not await ann.holds(one) and await ann.holds(two)


async def test_what_several_keep_is_seen_by_who_sees_one_of_them() -> None:
    store, cluster, folder = Memory(), Memory("cluster"), Memory("folder", shared=False)
    ann, bob = claims("ann", store, cluster, folder), claims("bob", cluster)
    mine = await ann.claim("r", "s", "Ann")
    assert mine.kept_by == "store, cluster"
    with pytest.raises(ClaimTaken):
        await bob.claim("r", "s", "Bob")
    store.away = "the shared store: gone"
    assert await ann.holds(mine) and ann.coordinated() == ""
    theirs = await bob.claim("r", "s", "Bob", over=mine.fence)
    assert not await ann.holds(mine)
    store.away = ""
    assert not await ann.holds(mine)
    carol = claims("carol", store, cluster)
    with pytest.raises(ClaimTaken) as taken:
        await carol.claim("r", "s", "Carol")
    assert taken.value.claim.fence in (mine.fence, theirs.fence)
    with pytest.raises(ClaimTaken) as taken:
        await carol.claim("r", "s", "Carol", over=mine.fence)
    assert taken.value.claim.terminal == "bob"
    assert (await carol.claim("r", "s", "Carol", over=theirs.fence)).fence == theirs.fence + 1


async def test_where_what_keeps_it_cannot_be_asked_it_is_not_ours_until_it_is_claimed_anew() -> None:
    store, folder = Memory(), Memory("folder", shared=False)
    ann = claims("ann", store, folder)
    mine = await ann.claim("r", "s", "Ann")
    store.away = "no route"
    assert not await ann.holds(mine)
    again = await ann.claim("r", "s", "Ann")
    assert again.kept_by == "folder" and await ann.holds(again)
    assert ann.coordinated().startswith("NOT COORDINATED") and "no route" in ann.coordinated()
    folder.away = "the disk is full"
    alone = await ann.claim("r", "s", "Ann")
    assert alone.kept_by == "" and await ann.holds(alone)
    await ann.let_go(alone, worked=False)
    await ann.ended("r")


async def test_of_many_who_claim_at_once_one_has_it() -> None:
    """Each looks before any of them puts."""
    store, cluster = Memory(), Memory("cluster")

    class Slow(Memory):
        async def look(self, run: str, step: str) -> KeptClaim:
            found = await super().look(run, step)
            await asyncio.sleep(0)
            return found

    slow = Slow("folder")
    tried = [claims(f"t{n}", store, slow, cluster).claim("r", "s", f"T{n}") for n in range(20)]
    got = await asyncio.gather(*tried, return_exceptions=True)
    won = [one for one in got if isinstance(one, Claim)]
    assert len(won) == 1 and all(isinstance(one, Claim | ClaimTaken) for one in got)
    held = {keeper.held["r", "s"].terminal for keeper in (store, slow, cluster)}
    assert held == {won[0].terminal}


class Faster(Memory):
    """Somebody else is there between the look and the put."""

    async def put(self, run: str, step: str, before: KeptClaim, after: KeptClaim) -> bool:
        self.held.setdefault((run, step), KeptClaim(fence=after.fence, holder="Bob", terminal="bob"))
        return await super().put(run, step, before, after)


async def test_who_lost_at_one_keeper_gives_back_what_the_others_took() -> None:
    store, cluster = Memory(), Faster("cluster")
    with pytest.raises(ClaimTaken, match="Bob at bob"):
        await claims("ann", store, cluster).claim("r", "s", "Ann")
    assert not store.held["r", "s"].terminal


class Busy(Memory):
    """Something else of the run changes between a look and a put, once each time."""

    changed = False

    async def put(self, run: str, step: str, before: KeptClaim, after: KeptClaim) -> bool:
        self.changed = not self.changed
        return not self.changed and await super().put(run, step, before, after)


async def test_what_is_let_go_is_free_whatever_else_of_the_run_changes_there() -> None:
    lease = Busy("cluster")
    ann = claims("ann", lease)
    await ann.let_go(await ann.claim("r", "s", "Ann"), worked=True)
    assert lease.held["r", "s"] == KeptClaim(fence=1, holder="Ann")


async def test_of_several_who_have_it_the_newest_is_told() -> None:
    store, lease = Memory(), Memory("cluster")
    store.held["r", "s"] = KeptClaim(fence=1, holder="Ann")
    lease.held["r", "s"] = KeptClaim(fence=3, holder="Carol", terminal="carol")
    with pytest.raises(ClaimTaken, match="Carol at carol") as met:
        await claims("bob", store, lease).claim("r", "s", "Bob")
    assert met.value.claim.fence == 3


async def test_a_fence_that_leaps_is_of_nobody_who_counts() -> None:
    store = Memory()
    store.held["r", "s"] = KeptClaim(fence=LEAP + 5, holder="Eve", terminal="eve")
    mine = await claims("ann", store, known=3).claim("r", "s", "Ann")
    assert (mine.fence, mine.kept_by) == (4, "")


def kept(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.json"))


async def test_the_folder_of_a_machine_keeps_them(tmp_path: Path, thread: StoreThread) -> None:
    ann, bob = (claims(who, FolderKeeper(tmp_path, thread)) for who in ("ann", "bob"))
    mine = await ann.claim("r/../x", "s", "Ann")
    assert mine.kept_by == "folder" and [p.parent for p in kept(tmp_path)] == [tmp_path / "claims"]
    with pytest.raises(ClaimTaken):
        await bob.claim("r/../x", "s", "Bob")
    (file,) = kept(tmp_path)
    assert file.stat().st_mode & 0o77 == 0
    file.write_text("not JSON")
    assert (await bob.claim("r/../x", "s", "Bob")).fence == 1
    await bob.ended("r/../x")
    assert not kept(tmp_path)
    (tmp_path / "claims" / "lock").unlink()
    (tmp_path / "claims").rmdir()
    (tmp_path / "claims").write_text("no folder")
    assert (await ann.claim("r", "s", "Ann")).kept_by == ""


async def test_terminals_of_one_folder_race_and_one_wins(tmp_path: Path) -> None:
    threads = [StoreThread(30.0) for _ in range(6)]
    tried = [
        claims(f"t{n}", FolderKeeper(tmp_path, one)).claim("r", "s", "T") for n, one in enumerate(threads)
    ]
    got = await asyncio.gather(*tried, return_exceptions=True)
    assert sum(isinstance(one, Claim) for one in got) == 1
    for one in threads:
        one.stop()


@pytest.mark.parametrize(
    "odd", [None, [], {"fence": -1}, {"fence": True}, {"fence": 2**60}, {"fence": "1"}, {}]
)
def test_what_is_no_claim_is_nobody_s(odd: Any) -> None:
    told = {"s": {"holder": "Eve", "terminal": "eve", **odd} if isinstance(odd, dict) else odd}
    assert kept_in(json.loads(json.dumps(told)), "s") == KeptClaim()


async def test_the_shared_store_keeps_them_and_one_of_many_wins(database: Database) -> None:
    stores = [SharedStore(database.url(role), deadline=10.0) for role in ("ann", "bob", "carol")]
    keepers = [SharedKeeper(store, lambda: "") for store in stores]
    tried = [claims(f"t{n}", keepers[n % 3]).claim("r", "s", f"T{n}") for n in range(12)]
    got = await asyncio.gather(*tried, return_exceptions=True)
    (won,) = [one for one in got if isinstance(one, Claim)]
    assert all(isinstance(one, Claim | ClaimTaken) for one in got)
    ann = claims("ann-1", keepers[0])
    mine = await ann.claim("r", "s", "Ann", over=won.fence)
    assert mine.fence == won.fence + 1 and mine.kept_by == "store"
    assert database.sql("SELECT fence, holder, terminal, written_by FROM tfdash.claims") == [
        (mine.fence, "Ann", "ann-1", "ann")
    ]
    bob = claims("ann-1", keepers[1])  # bob, who says that he is that terminal
    await bob.let_go(mine, worked=False)
    assert await ann.holds(mine)
    await ann.let_go(mine, worked=False)
    assert not await ann.holds(mine) and (await bob.claim("r", "s", "Bob")).fence == mine.fence + 1
    for store in stores:
        await store.close()


async def test_nobody_claims_in_another_s_chain_nor_leaps(tmp_path: Path, database: Database) -> None:
    ann = opened(tmp_path, url=database.url("ann"), terminal="ann", deadline=5.0)
    await ann.store.append(EntryKind.NOTE, actor="ann", sentence="hello")
    assert ann.source.sync is not None
    await ann.store.deliver()
    eve = SharedStore(database.url("bob"), deadline=5.0)
    with pytest.raises(LedgerUnavailable, match="belongs to ann"):
        await eve.put_claim("r", "s", before=0, fence=1, holder="Ann", terminal=ann.store.terminal)
    with pytest.raises(LedgerUnavailable, match="does not leap"):
        await eve.put_claim("r", "s", before=0, fence=2**40, holder="Bob", terminal="bob")
    with pytest.raises(LedgerUnavailable, match="too large"):
        await eve.put_claim("r" * 201, "s", before=0, fence=1, holder="Bob", terminal="bob")
    assert database.sql("SELECT count(*) FROM tfdash.claims") == [(0,)]
    await eve.close()
    await ann.source.sync.shared.close()  # type: ignore[attr-defined]
    ann.store.close()


async def test_a_database_without_the_table_says_what_its_owner_runs(database: Database) -> None:
    database.sql("DROP FUNCTION tfdash.put_claim")
    store = SharedStore(database.url("ann"), deadline=5.0)
    with pytest.raises(LedgerUnavailable, match="tfdash audit migrate"):
        await store.put_claim("r", "s", before=0, fence=1, holder="A", terminal="a")
    database.sql("DROP TABLE tfdash.claims")
    keeper = SharedKeeper(store, lambda: "")
    mine = await claims("ann", keeper).claim("r", "s", "Ann")
    assert mine.kept_by == "" and "tfdash audit migrate" in keeper.problem()
    await store.close()


async def test_a_dead_store_is_asked_once_and_not_at_each_step(tmp_path: Path) -> None:
    asked = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    store = SharedStore(f"postgresql://nobody@127.0.0.1:{port}/none", deadline=2.0)
    keeper = SharedKeeper(store, lambda: "")
    async with server:
        with pytest.raises(KeeperAway) as first:
            await keeper.look("r", "s")
        before = asked
        with pytest.raises(KeeperAway) as second:
            await keeper.look("r", "s")
    assert before and asked == before
    assert str(first.value) == str(second.value) == keeper.problem()


async def test_a_terminal_s_claims_follow_the_journal_of_the_run(tmp_path: Path) -> None:
    one, run = opened(tmp_path, terminal="ann"), Run(environment="production", cluster="eu-1")
    run.add("done", "seen")
    run.add("decided", "how", branch="back")
    run.add("claimed", "rollback", fence=7)
    mine = claims_of(one, {})
    assert mine.coordinated().startswith("NOT COORDINATED")
    for event in run.events:
        recorded = await one.store.append(EntryKind.NOTE, actor="ann", data=event_data(event))
    # the run's id is made of the terminal that starts it
    journal = one.store.projection.runs.whole(run.id)
    assert journal is not None and journal.events[0].terminal == recorded.terminal
    claim = await mine.claim(run.id, "rollback", "Ann")
    assert (claim.fence, claim.kept_by, claim.terminal) == (8, "folder", one.store.terminal)
    assert msgspec.structs.replace(claim, fence=9) == await mine.claim(run.id, "rollback", "Ann")
    one.store.close()


async def test_who_does_not_see_what_was_done_under_a_claim_gets_none_before_a_person_answers_for_it() -> (
    None
):
    store, lease = Memory(), Memory("cluster")
    ann, bob = claims("ann", store, lease), claims("bob", lease)
    first = await ann.claim("r", "s", "Ann")
    await ann.let_go(first, worked=True)
    with pytest.raises(WorkUnseen, match=r"Ann worked on it \(claim 1\)") as unseen:
        await bob.claim("r", "s", "Bob")
    assert unseen.value.claim.fence == first.fence
    seeing = claims("bob", lease, known=1)  # his journal has it by now
    theirs = await seeing.claim("r", "s", "Bob")
    assert theirs.fence == 2
    await seeing.let_go(theirs, worked=False)
    assert (await bob.claim("r", "s", "Bob", over=first.fence)).fence == 3
