"""The local ledger: durable, chained, private, one chain a terminal, and honest where it cannot."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.unit.store.helpers import CHECKOUT, NOW, Board, Clock, note, opened, planted, rows
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import EntryKind, VerifiedGood
from tfdash.store.log import data_dir
from tfdash.store.log.canonical import GENESIS, audit_id, decode, digest
from tfdash.store.log.local_file import LocalFile
from tfdash.store.log.redact import Redactor


async def test_what_was_appended_is_in_the_file_and_chained(tmp_path: Path) -> None:
    store = opened(tmp_path).store
    first = await store.append(
        EntryKind.INTENT,
        actor="ann",
        subject=CHECKOUT,
        action="workload.rollback",
        sentence="rolls back",
        data={"n": 0.1},
    )
    second = await store.append(
        EntryKind.OUTCOME, actor="ann", intent=first.intent, data={"result": "applied"}
    )
    assert (first.sequence, first.previous, second.previous) == (1, GENESIS, first.hash)
    assert first.intent == f"{store.terminal}:1" and second.intent == first.intent
    assert (first.environment, first.cluster, first.target) == (
        "production",
        "eu-1",
        "Deployment tf-production/checkout",
    )
    assert first.at == NOW
    kept = rows(tmp_path)
    assert [digest(raw) for _, raw, _ in kept] == [first.hash, second.hash]
    assert decode(kept[0][1], kept[0][2]) == first
    store.close()


async def test_a_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    before = opened(tmp_path).store
    one = await before.record(note())
    before.close()
    after = opened(tmp_path).store
    two = await after.record(note())
    assert after.terminal == before.terminal and (two.sequence, two.previous) == (2, one.hash)
    after.close()


async def test_two_terminals_side_by_side_have_a_chain_each_and_see_each_other(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path)
    assert one.store.terminal != two.store.terminal
    await one.store.remember_manual(CHECKOUT, "ann", "checkout is broken")
    await two.source.load()
    assert two.store.state().manual == {CHECKOUT: "checkout is broken"}
    assert len(rows(tmp_path, 0)) == 1 and rows(tmp_path, 1) == []
    one.store.close()
    two.store.close()


def test_private(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "store"
    store = opened(folder).store
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    store.close()
    folder.chmod(0o755)
    opened(folder).store.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_a_copied_file_begins_a_chain_of_its_own(tmp_path: Path) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    store = opened(home).store
    await store.record(note())
    store.close()
    shutil.copytree(home, away)
    copy = opened(away).store
    entry = await copy.record(note("from the copy"))
    assert copy.terminal != store.terminal
    kept = [decode(raw, hash) for _, raw, hash in rows(away)]
    assert kept[1].sequence == 1 and f"after {store.terminal} at 1" in kept[1].sentence
    assert entry.sequence == 2
    copy.close()


async def test_a_file_that_was_put_back_begins_a_new_chain_that_says_so(tmp_path: Path) -> None:
    store = opened(tmp_path).store
    await store.record(note())
    store.close()
    old = (tmp_path / "terminal-0.db").read_bytes()
    store = opened(tmp_path).store
    await store.record(note("lost"))
    store.close()
    (tmp_path / "terminal-0.db").write_bytes(old)  # the same inode
    again = opened(tmp_path).store
    entry = await again.record(note())
    assert again.terminal != store.terminal
    assert (
        "entries up to 2 were recorded here and are not in the file any more"
        in decode(*rows(tmp_path)[1][1:]).sentence
    )
    assert entry.sequence == 2
    again.close()


async def test_a_file_that_changes_underneath_is_noticed_at_the_next_entry(tmp_path: Path) -> None:
    store = opened(tmp_path).store
    await store.record(note("one"))
    await store.record(note("two"))
    terminal = store.terminal
    with sqlite3.connect(tmp_path / "terminal-0.db") as other:
        other.execute("DELETE FROM entries WHERE sequence = 2")
    entry = await store.record(note("three"))
    assert store.terminal != terminal and entry.sequence == 2
    assert "changed underneath" in decode(*rows(tmp_path)[1][1:]).sentence
    store.close()


async def test_a_damaged_file_is_put_aside_never_rewritten(tmp_path: Path) -> None:
    store = opened(tmp_path).store
    await store.record(note())
    store.close()
    (tmp_path / "terminal-0.db").write_bytes(b"not a database at all, but long enough to be read" * 100)
    again = opened(tmp_path).store
    await again.record(note())
    assert any(
        path.name.startswith("damaged-") for path in sorted(os.scandir(tmp_path), key=lambda e: e.name)
    )
    assert any("was damaged" in decode(raw, hash).sentence for _, raw, hash in rows(tmp_path))
    again.close()


MOUNTS = """\
22 1 8:1 / / rw - ext4 /dev/root rw
30 22 0:40 / /home rw - nfs4 server:/home rw
31 30 8:2 / /home/ann/disk rw - xfs /dev/sdb rw
32 22 0:41 / /mnt/with\\040space rw - fuse.sshfs host: rw
33 22 0:42 / /fuse rw - fuseblk /dev/sdc rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/home/ann", "nfs4"),
        ("/home", "nfs4"),
        ("/homes", "ext4"),
        ("/home/ann/disk/x", "xfs"),
        ("/mnt/with space/x", "fuse.sshfs"),
        ("/fuse/x", "fuseblk"),
    ],
)
def test_which_file_system(path: str, kind: str) -> None:
    assert data_dir.type_in_mountinfo(MOUNTS, Path(path)) == kind


def test_network_file_systems_are_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_dir, "_linux_type", lambda path: "nfs4")
    monkeypatch.setattr(data_dir.sys, "platform", "linux")
    store = opened(tmp_path / "x")
    assert (
        "network file system (nfs4)" in store.store.health.local
        and "[store] path" in store.store.health.local
    )
    store.store.close()


async def test_where_nothing_can_be_recorded_the_ledger_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = opened(tmp_path / "file" / "below").store
    with pytest.raises(LedgerUnavailable, match=r"not a folder.*no shared store is configured"):
        await store.record(note())
    with pytest.raises(LedgerUnavailable, match="not a folder"):
        await store.reserve(2)
    store.close()


def _local(folder: Path) -> LocalFile:
    data_dir.prepare(folder)
    return LocalFile(data_dir.take_slot(folder), Redactor(), name="t", now=NOW)


def _fill(file: LocalFile) -> None:
    """No page more than there is now: what SQLite says to a full disk."""
    pages = file._connection.execute("PRAGMA page_count").fetchone()[0]
    file._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_refuses_the_next_intent_but_takes_the_outcome_of_what_was_begun(tmp_path: Path) -> None:
    file = _local(tmp_path)
    file.reserve(2)
    intent = file.append(note(kind=EntryKind.INTENT, data={"plan": "x" * 20_000}))
    _fill(file)
    outcome = file.append(
        note("applied", kind=EntryKind.OUTCOME, intent=intent.intent, data={"answer": "y" * 20_000})
    )
    assert outcome.previous == intent.hash
    with pytest.raises(LedgerUnavailable, match="the disk is full"):
        file.reserve(50)
    file.close()


def test_the_ballast_goes_when_the_disk_is_full(tmp_path: Path) -> None:
    file = _local(tmp_path)
    file.reserve(1)
    ballast = tmp_path / "terminal-0.ballast"
    assert ballast.stat().st_size >= 1 << 20 and ballast.stat().st_blocks * 512 >= 1 << 20
    _fill(file)
    with pytest.raises(LedgerUnavailable, match="full"):
        file.append(note("z" * 400_000))
    assert ballast.stat().st_size == 0
    file._connection.execute("PRAGMA max_page_count = 100000")
    assert file.append(note()).sequence == 1
    file.reserve(1)
    assert ballast.stat().st_size >= 1 << 20
    file.close()


async def test_a_clock_that_steps_back_breaks_nothing(tmp_path: Path) -> None:
    clock = Clock()
    store = opened(tmp_path, clock).store
    await store.append(EntryKind.NOTE, actor="ann")
    clock.at -= 86400
    entry = await store.append(EntryKind.NOTE, actor="ann")
    assert entry.sequence == 2 and entry.at < NOW
    store.close()


async def test_intents_without_an_outcome_are_found_at_the_next_start(tmp_path: Path) -> None:
    store = opened(tmp_path).store
    lost = await store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT)
    unknown = await store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT)
    await store.append(
        EntryKind.OUTCOME, actor="ann", intent=unknown.intent, data={"result": "unknown outcome"}
    )
    done = await store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT)
    await store.append(EntryKind.OUTCOME, actor="ann", intent=done.intent, data={"result": "applied"})
    assert store.state().unsettled == () and len(store.state().acting) == 1
    store.close()
    again = opened(tmp_path)
    await again.source.load()
    assert [e.intent for e in again.store.state().unsettled] == [lost.intent, unknown.intent]
    fresh = await again.store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT)
    assert fresh not in again.store.state().unsettled
    await again.store.append(
        EntryKind.OUTCOME, actor="ann", intent=lost.intent, data={"result": "not applied"}
    )
    await again.store.append(
        EntryKind.OUTCOME, actor="ann", intent=unknown.intent, data={"result": "applied"}
    )
    assert again.store.state().unsettled == ()
    again.store.close()


async def test_intents_of_a_terminal_beside_us_are_unsettled_once_it_ended(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path)
    intent = await two.store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT, action="pod.evict")
    await one.source.load()
    assert one.store.state().unsettled == ()
    assert [(a.by, a.action) for a in one.store.state().acting] == [("ann", "pod.evict")]
    two.store.close()
    await one.source.load()
    assert [e.intent for e in one.store.state().unsettled] == [
        intent.intent
    ] and one.store.state().acting == ()
    one.store.close()


async def test_a_read_only_terminal_takes_no_place_records_nothing_and_sees_everything(
    tmp_path: Path,
) -> None:
    acting = opened(tmp_path)
    good = VerifiedGood(
        subject=CHECKOUT,
        template='{"spec":{"containers":[{"name":"a","env":[{"name":"A","value":"planted-secret"}]}]}}',
        template_hash="abc",
        images=("checkout:1",),
        at=NOW,
        by="rules",
    )
    await acting.store.remember_verified(good)
    reader = opened(tmp_path, acting=False)
    with pytest.raises(LedgerUnavailable, match="read-only"):
        await reader.store.record(note())
    await reader.source.load()
    assert reader.store.state().verified == {CHECKOUT: good}
    assert not (tmp_path / "terminal-1.lock").exists()
    acting.store.close()
    reader.store.close()
    again = opened(tmp_path)
    await again.source.load()
    assert again.store.state().verified == {CHECKOUT: good}
    again.store.close()
    assert planted(tmp_path, b"planted-secret") == []


async def test_the_facts_reach_the_board(tmp_path: Path) -> None:
    import asyncio

    store, board = opened(tmp_path), Board()
    running = asyncio.create_task(store.source.run(board))
    await board.until(lambda facts: bool(facts.health.path))
    await store.store.remember_baseline(CHECKOUT, '{"rate":"0.1"}')
    await board.until(lambda facts: bool(facts.baselines))
    assert board.facts.baselines == {CHECKOUT: '{"rate":"0.1"}'}
    assert board.facts.health.terminal == store.store.terminal and not board.facts.health.local
    running.cancel()
    store.store.close()


async def test_audit_id(tmp_path: Path) -> None:
    store = opened(tmp_path).store
    intent = await store.append(EntryKind.INTENT, actor="ann")
    other = await store.append(EntryKind.INTENT, actor="ann")
    ids = {audit_id(intent), audit_id(intent, 1), audit_id(other)}
    assert len(ids) == 3 and all(len(one) == 36 for one in ids) and audit_id(intent) in ids
    store.close()


async def test_a_disk_that_hangs_is_refused_after_the_deadline_and_leaves_no_open_intent(
    tmp_path: Path,
) -> None:
    import threading

    store = opened(tmp_path, deadline=0.05).store
    gate = threading.Event()
    store.recorder.thread.submit(gate.wait)
    with pytest.raises(LedgerUnavailable, match="did not answer within"):
        await store.append(EntryKind.INTENT, actor="ann")
    gate.set()
    store.recorder.thread.deadline = 2.0
    entry = await store.record(note())
    assert entry.sequence == 1  # the intent that nobody waited for was never written
    store.close()


def test_nobody_else_reads_the_lock(tmp_path: Path) -> None:
    one = _local(tmp_path)
    assert data_dir.try_slot(tmp_path, 0) is None
    one.close()
    held = data_dir.try_slot(tmp_path, 0)
    assert held is not None
    data_dir.release(held)
    assert os.listdir(tmp_path)


async def test_the_newest_of_all_terminals(tmp_path: Path) -> None:
    one, two = opened(tmp_path, Clock(NOW)), opened(tmp_path, Clock(NOW + 1))
    for number in range(5):
        await one.store.append(EntryKind.NOTE, actor="ann", sentence=f"one {number}")
        await two.store.append(EntryKind.NOTE, actor="ann", sentence=f"two {number}")
    assert [e.sentence for e in await one.store.newest(6)] == [
        "two 4",
        "two 3",
        "two 2",
        "two 1",
        "two 0",
        "one 4",
    ]
    reader = opened(tmp_path, acting=False)
    assert len(await reader.store.newest(100)) == 10
    for opened_ in (one, two, reader):
        opened_.store.close()


@pytest.mark.parametrize("slow", ["looked at", "remembered"])
async def test_a_disk_that_was_slow_to_be_looked_at_once_is_well_again_at_the_next_look(
    tmp_path: Path, slow: str
) -> None:
    import threading

    made = opened(tmp_path, deadline=60.0)
    recorder = made.store.recorder
    await made.store.record(note())
    if slow == "looked at":
        await made.source.load()
    gate = threading.Event()
    recorder.thread.deadline = 0.05
    recorder.thread.submit(gate.wait)
    await (made.source.look_at_health() if slow == "looked at" else made.source.load())
    assert "did not answer within" in made.store.health.local
    gate.set()
    recorder.thread.deadline = 60.0
    await (made.source.look_at_health() if slow == "looked at" else made.source.load())
    assert not made.store.health.local and not recorder.local_problem
    recorder.local_problem = (
        "no space left on the disk"  # of an entry: to look at the file is no proof against it
    )
    await made.source.look_at_health()
    assert made.store.health.local == "no space left on the disk"
    made.store.close()
