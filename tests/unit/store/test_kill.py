"""kill -9 at every point: what was acknowledged is there, nothing is there twice, and a chain is never broken.

A child works on the store and writes each acknowledgement to a pipe; it kills itself with SIGKILL at the n-th of the points at
which something is about to reach the disk or the shared store. The loop goes over all of them.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.store.conftest import Database
from tests.unit.store.helpers import opened
from tests.unit.store.test_shared import sync
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import EntryKind
from tfdash.store.log.reading import entries_of, read_folder
from tfdash.store.log.verify import lines, verify

CHILD = r"""
import asyncio, os, signal, sqlite3, sys
from pathlib import Path
import tfdash.store.log.local_schema as schema, tfdash.store.log.local_file as local, tfdash.store.shared.shared_store as shared
folder, url, at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
points = 0
def point(name):
    global points
    points += 1
    if points == at:
        os.kill(os.getpid(), signal.SIGKILL)
class Connection(sqlite3.Connection):
    def execute(self, sql, *rest):
        changing = sql.split(" ")[0] in ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT")
        if changing:
            point("before " + sql[:20])
        done = super().execute(sql, *rest)
        if changing:
            point("after " + sql[:20])
        return done
real = sqlite3.connect
sqlite3.connect = lambda *a, **k: real(*a, factory=Connection, **k)
fallocate, truncate, put = os.posix_fallocate, os.truncate, shared.SharedStore.put
def allocated(*a):
    point("before fallocate"); fallocate(*a); point("after fallocate")
os.posix_fallocate = allocated
async def putting(self, rows):
    point("before put"); got = await put(self, rows); point("after put"); return got
shared.SharedStore.put = putting
from tests.unit.store.helpers import CHECKOUT, opened
from tfdash.model.store_state import EntryKind
def told(word, entry):
    os.write(1, f"{word} {entry.terminal} {entry.sequence} {entry.intent}\n".encode())
async def main():
    store = opened(folder, url=url, deadline=10.0)
    for number in range(2):
        await store.store.reserve(3)
        intent = await store.store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT, sentence=f"intent {number}")
        told("intent", intent)
        os.write(1, f"sent {intent.intent}\n".encode())
        outcome = await store.store.append(EntryKind.OUTCOME, actor="ann", intent=intent.intent, data={"result": "applied"})
        told("outcome", outcome)
        if url:
            await store.source.sync.once(store.source)
            os.write(1, b"delivered\n")
    os.write(1, f"points {points}\n".encode())
    os._exit(0)
asyncio.run(main())
"""


def child(folder: Path, at: int, url: str = "") -> tuple[list[str], int]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), url, str(at)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode in (0, -9), done.stderr
    return done.stdout.splitlines(), done.returncode


def every(points: int, request: pytest.FixtureRequest) -> list[int]:
    """All points under ``--platform``, else evenly some of them: a process for each costs half a second."""
    step = 1 if request.config.getoption("--platform") else max(1, points // 5)
    return list(range(1, points + 1, step))


async def check(folder: Path, told: list[str]) -> None:
    """What the child acknowledged is there, once; the chain is whole; the next start knows what is unsettled."""
    try:
        holders = read_folder(folder)
    except LedgerUnavailable:  # it ended before its first entry: there is no log yet
        holders = []
    if holders:
        report = verify(holders)
        assert report.code == 0, lines(report)
    entries = entries_of(holders)
    places = [(e.terminal, e.sequence) for e in entries]
    assert len(set(places)) == len(places)
    kept = {f"{e.terminal} {e.sequence}" for e in entries}
    for line in told:
        words = line.split()
        if words[0] in ("intent", "outcome"):
            assert f"{words[1]} {words[2]}" in kept, line
    intents = {e.intent for e in entries if e.kind is EntryKind.INTENT}
    settled = {e.intent for e in entries if e.kind is EntryKind.OUTCOME}
    sent = {line.split()[1] for line in told if line.startswith("sent")}
    assert sent <= intents
    again = opened(folder)
    await again.source.load()
    assert {e.intent for e in again.store.state().unsettled} == {
        i for i in intents - settled if i.startswith(again.store.terminal)
    }
    again.store.close()


async def test_at_every_point_of_recording(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    told, code = child(tmp_path / "whole", 0)
    assert code == 0
    points = int(told[-1].split()[1])
    assert points >= 20
    for at in every(points, request):
        folder = tmp_path / str(at)
        told, code = child(folder, at)
        assert code == -9
        if (folder / "terminal-0.db").exists():
            await check(folder, told)


async def test_at_every_point_of_delivery(
    tmp_path: Path, database: Database, request: pytest.FixtureRequest
) -> None:
    told, _ = child(tmp_path / "whole", 0, database.url("ann"))
    points = int(told[-1].split()[1])
    for at in every(points, request):
        folder = tmp_path / str(at)
        told, _ = child(folder, at, database.url("ann"))
        if not (folder / "terminal-0.db").exists():
            continue
        await check(folder, told)
        store = opened(folder, url=database.url("ann"), deadline=10.0)
        await sync(store)  # everything arrives, whatever was acknowledged before
        with sqlite3.connect(folder / "terminal-0.db") as connection:
            here = connection.execute(
                "SELECT hash FROM entries WHERE terminal = ?", (store.store.terminal,)
            ).fetchall()
        there = database.sql("SELECT hash FROM tfdash.entries WHERE terminal = %s", store.store.terminal)
        assert sorted(here) == sorted(there)
        await store.source.sync.shared.close()
        store.store.close()
    assert database.sql("SELECT count(*) FROM tfdash.forks") == [(0,)]


FULL = r"""
import asyncio, json, os, resource, sys
from pathlib import Path
from tests.unit.store.helpers import CHECKOUT, opened
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import EntryKind
async def main():
    store = opened(Path(sys.argv[1])).store
    await store.reserve(3)
    intent = await store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT, data={"plan": "x" * 5000})
    # from now on no file of this process may become larger than it is: what a full disk does to SQLite
    largest = max(p.stat().st_size for p in Path(sys.argv[1]).iterdir() if p.suffix != ".ballast")
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    outcome = await store.append(EntryKind.OUTCOME, actor="ann", intent=intent.intent, data={"result": "applied", "a": "y" * 5000})
    refused = ""
    try:
        for _ in range(400):
            await store.append(EntryKind.INTENT, actor="ann", data={"plan": os.urandom(4000).hex()})
    except LedgerUnavailable as error:
        refused = str(error)
    print(json.dumps([outcome.sequence, refused]))
    sys.stdout.flush()
    os._exit(0)
asyncio.run(main())
"""


def test_files_that_cannot_grow_take_the_outcome_and_then_refuse(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    sequence, refused = json.loads(done.stdout)
    assert sequence == 2 and ("the disk" in refused)
    assert verify(read_folder(tmp_path)).code == 0


TWO = r"""
import asyncio, os, sys
from pathlib import Path
from tests.unit.store.helpers import note, opened
async def main():
    store = opened(Path(sys.argv[1]), deadline=20.0).store
    for number in range(30):
        await store.record(note(str(number)))
    print(store.terminal)
    sys.stdout.flush()
    os._exit(0)
asyncio.run(main())
"""


def test_processes_at_once_never_share_a_chain(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TWO, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        for _ in range(3)
    ]
    terminals = [process.communicate(timeout=60)[0].strip() for process in running]
    report = verify(read_folder(tmp_path))
    assert report.code == 0
    counts = {chain.terminal: chain.last for chain in report.chains}
    assert set(terminals) == set(counts) and sum(counts.values()) == 90


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="ballast is written there")
def test_room_is_really_taken(tmp_path: Path) -> None:
    import asyncio

    store = opened(tmp_path).store
    asyncio.run(store.reserve(4))
    with sqlite3.connect(tmp_path / "terminal-0.db") as connection:
        free = (
            connection.execute("PRAGMA freelist_count").fetchone()[0]
            * connection.execute("PRAGMA page_size").fetchone()[0]
        )
    assert free >= 4 * (32 << 10)
    store.close()
