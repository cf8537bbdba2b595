"""Dated promises over a store that cannot be read: not "not yet watched", and not overdue either."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.store.helpers import NOW, Clock, opened
from tfdash.board.board import Board
from tfdash.cli.gates.maintenance import lines
from tfdash.cli.headless import settle
from tfdash.judging.judge import Judge
from tfdash.model.assessment import Assessment
from tfdash.model.maintenance import EvidenceKind, ItemStanding, ItemState, PeriodVerdict, item_subject
from tfdash.model.store_state import COMPLETION, EntryKind
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.playbook.maintenance.policy import MaintenanceRules, maintenance_in
from tfdash.playbook.policies import Policies
from tfdash.setting import read

DAY = 86_400.0
SEPTEMBER = NOW - 65 * DAY  # in the middle of it
REVIEW, DRILL = item_subject("review", "production"), item_subject("drill", "production")
RULES = read(
    MaintenanceRules,
    {
        "look_back": 24,
        "start": "2026-09-01",
        "items": {
            "review": {"when": "each month", "title": "Access review"},
            "drill": {"when": "each week", "title": "Restore drill"},
        },
    },
)


def assessed(folder: Path, *, acting: bool, seconds: float = 60.0, **options: object) -> Assessment:
    """As a run over a board says it that waits until the store is settled, or so long."""
    policies = Policies(maintenance=maintenance_in("UTC", RULES), environments=("production",))
    made = opened(folder, acting=acting, **options)
    board = Board([], Judge(policies=policies), Clock(NOW), sources=[made.source])

    def enough(settled: bool, took: float) -> bool:
        return board.assessment.maintenance is not None

    settle(board, {}, seconds, enough=enough)
    found = board.assessment
    board.stop()
    made.store.close()
    return found


async def kept(folder: Path) -> None:
    """The review was done this month, on record in a terminal's file."""
    made = opened(folder)
    data = {"topic": COMPLETION, "done_at": NOW - DAY, "evidence": EvidenceKind.SIGNED.value}
    await made.store.append(EntryKind.NOTE, actor="ann", subject=REVIEW, sentence="done", data=data)
    made.store.close()


def no_folder(folder: Path) -> Path:
    (folder / "file").write_text("")
    return folder / "file" / "x"


def broken_file(folder: Path) -> Path:
    (folder / "terminal-0.db").write_bytes(b"no database" * 1000)
    return folder


@pytest.mark.parametrize(("spoil", "acting"), [(no_folder, True), (broken_file, False)])
def test_what_was_not_read_is_not_known(tmp_path: Path, spoil: Callable[[Path], Path], acting: bool) -> None:
    found = assessed(spoil(tmp_path), acting=acting)
    assert found.maintenance is not None
    state = found.maintenance[REVIEW]
    assert (state.standing, state.level) == (ItemStanding.NO_EVIDENCE, Level.UNKNOWN)
    assert state.sentence.startswith("Access review: not known whether it was done: ")
    (line,) = (s for s in found.sections if s.id == "maintenance")
    assert (line.level, line.sentence) == (Level.UNKNOWN, "0 overdue, 2 no evidence")
    (finding,) = line.findings  # one cause is told once
    assert finding.sentence.startswith("2 promises not known: ")
    _, *told = lines(found.maintenance)
    assert told == [f"  ? unknown  {finding.sentence}"]


async def test_what_was_read_beside_it_still_counts_and_nothing_is_missed(tmp_path: Path) -> None:
    await kept(tmp_path)
    whole = assessed(tmp_path, acting=False).maintenance
    assert whole is not None
    assert (whole[REVIEW].standing, whole[DRILL].standing) == (ItemStanding.DONE, ItemStanding.OVERDUE)
    assert PeriodVerdict.MISSED in {p.verdict for p in whole[REVIEW].periods}
    (tmp_path / "terminal-1.db").write_bytes(b"no database" * 1000)
    found = assessed(tmp_path, acting=False).maintenance
    assert found is not None
    assert (found[REVIEW].standing, found[DRILL].standing) == (ItemStanding.DONE, ItemStanding.NO_EVIDENCE)
    assert PeriodVerdict.MISSED not in {p.verdict for p in found[REVIEW].periods}
    assert (found[REVIEW].kept, found[REVIEW].judged) == (1, 1)


def test_a_shared_store_that_never_answered(tmp_path: Path) -> None:
    found = assessed(tmp_path, acting=False, url="postgresql://127.0.0.1:1/x", deadline=2.0).maintenance
    assert found is not None
    assert found[REVIEW].standing is ItemStanding.NO_EVIDENCE
    assert "not known" in found[REVIEW].sentence


def test_a_store_that_nobody_made_yet_remembers_nothing(tmp_path: Path) -> None:
    found = assessed(tmp_path / "none", acting=False).maintenance
    assert found is not None
    assert found[REVIEW].standing is ItemStanding.OVERDUE


SPOILED = {
    "no database any more": lambda db: db.write_bytes(b"no database" * 1000),
    "gone": lambda db: db.unlink(),
    "cut": lambda db: _delete(db, "DELETE FROM entries WHERE sequence > 1"),
    "emptied": lambda db: _delete(db, "DELETE FROM entries"),
}


def _delete(db: Path, statement: str) -> None:
    with sqlite3.connect(db) as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("lock", [True, False])
@pytest.mark.parametrize("what", SPOILED)
async def test_what_the_place_of_the_acting_terminal_lost_is_neither_missed_nor_overdue(
    tmp_path: Path, what: str, lock: bool
) -> None:
    """Nobody else holds it: the terminal that goes on notes that, and every reader says so from then on."""
    await kept(tmp_path)
    made = opened(tmp_path)
    await made.store.append(EntryKind.HEARTBEAT, actor="tfdash", sentence="still here")
    made.store.close()
    if not lock:
        if what != "no database any more":
            pytest.skip("nothing is left that tells of it: beyond what can be found")
        (tmp_path / "terminal-0.lock").unlink()
    SPOILED[what](tmp_path / "terminal-0.db")
    for acting in (True, True, False):  # the one that finds it, the next in its place, and a gate
        found = assessed(tmp_path, acting=acting).maintenance
        assert found is not None
        review, drill = found[REVIEW], found[DRILL]
        missed = PeriodVerdict.MISSED in {p.verdict for p in (*review.periods, *drill.periods)}
        if what == "cut":  # what stands before it says enough of what closed before
            assert review.standing is ItemStanding.DONE and missed
        else:
            assert missed is lock  # the lock says that nothing was recorded there before this month
            assert review.standing is ItemStanding.NO_EVIDENCE and "are lost" in review.sentence
        assert drill.standing is ItemStanding.NO_EVIDENCE


async def test_what_a_lost_chain_said_is_known_where_somebody_else_holds_it(tmp_path: Path) -> None:
    await kept(tmp_path)
    copy = (tmp_path / "terminal-0.db").read_bytes()
    (tmp_path / "terminal-0.db").unlink()
    assessed(tmp_path, acting=True)
    (tmp_path / "terminal-1.db").write_bytes(copy)
    found = assessed(tmp_path, acting=False).maintenance
    assert found is not None
    assert (found[REVIEW].standing, found[DRILL].standing) == (ItemStanding.DONE, ItemStanding.OVERDUE)
    assert PeriodVerdict.MISSED in {p.verdict for p in found[DRILL].periods}


async def _two_terminals(folder: Path) -> dict[Subject, ItemState]:
    """One keeps the review in September and has missed October by now; the other records from 10 November on. As a gate says it."""
    one, clock = opened(folder, when := Clock(SEPTEMBER), terminal="one"), Clock(NOW - 14 * DAY)
    other = opened(folder, clock, terminal="other")
    data = {"topic": COMPLETION, "done_at": SEPTEMBER - DAY, "evidence": EvidenceKind.SIGNED.value}
    await one.store.append(EntryKind.NOTE, actor="ann", subject=REVIEW, sentence="done", data=data)
    when.at = NOW
    await one.store.append(EntryKind.HEARTBEAT, actor="tfdash", sentence="still here")
    await other.store.append(EntryKind.HEARTBEAT, actor="tfdash", sentence="here, too")
    one.store.close()
    other.store.close()
    found = assessed(folder, acting=False).maintenance
    assert found is not None
    return dict(found)


def _told(state: ItemState) -> dict[str, str]:
    return {p.label: p.verdict.value for p in state.periods}


async def test_a_file_that_is_deleted_hides_no_miss_from_before_it_began(tmp_path: Path) -> None:
    """Whoever deletes their own file, once or again and again, makes nothing unknown that closed before it was begun."""
    before = await _two_terminals(tmp_path)
    assert _told(before[REVIEW]) == {"2026-09": "kept", "2026-10": "missed", "2026-11": "open"}
    for _ in range(3):
        (tmp_path / "terminal-1.db").unlink()
        kept_there = opened(tmp_path, Clock(NOW - DAY), terminal="holds slot 0")
        found = assessed(tmp_path, acting=True).maintenance  # it notes the loss
        kept_there.store.close()
        assert found is not None
        for after in (found, assessed(tmp_path, acting=False).maintenance):
            assert after is not None
            assert _told(after[REVIEW]) == _told(before[REVIEW])
            closed = [p for p in after[DRILL].periods if p.end < NOW - 15 * DAY]
            assert {p.verdict for p in closed} == {PeriodVerdict.MISSED}
            hidden = [p for p in after[DRILL].periods if p.lost is not None]
            assert [p.label for p in hidden] == ["2026-W46", "2026-W47"]
            assert {p.lost.noted_by.split("-")[0] for p in hidden if p.lost is not None} <= {"test"}
            assert all(p.lost is not None and p.lost.terminal.startswith(("other-", "test-")) for p in hidden)
            for one in (REVIEW, DRILL):
                assert (after[one].kept, after[one].judged) == (before[one].kept, before[one].judged)


async def test_of_a_file_of_all_the_time_nothing_is_known_and_no_share_is_better(tmp_path: Path) -> None:
    before = await _two_terminals(tmp_path)
    (tmp_path / "terminal-0.db").unlink()
    after = assessed(tmp_path, acting=True).maintenance
    assert after is not None
    assert _told(after[REVIEW]) == {"2026-09": "not watched", "2026-10": "not watched", "2026-11": "open"}
    assert (before[REVIEW].kept, before[REVIEW].judged) == (1, 2)
    assert (after[REVIEW].kept, after[REVIEW].judged) == (0, 2)
    assert all(p.lost is not None for p in after[REVIEW].periods[:2])
