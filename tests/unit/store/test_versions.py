"""What terminals wrote down of versions: as all entries add up to it, and as two terminals of one user share it."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.playbook.versions.making import NOW, PRODUCTION, STAGING, policy
from tests.unit.store.helpers import Board, Clock, opened
from tests.unit.test_judging_versions import ALL, NEW, OLD, picture, told_apart
from tfdash.judging.judge import Judge
from tfdash.model.store_state import Entry, EntryKind, StoreState
from tfdash.model.subject import ClusterRef
from tfdash.model.versions import PlannedUpdate, VersionMemory, VersionSighting
from tfdash.playbook.policies import Policies
from tfdash.playbook.versions.policy import PlannedVersion
from tfdash.store.log.audit_projection import AuditProjection
from tfdash.store.log.reading import entries_of, read_folder
from tfdash.store.log.verify import verify
from tfdash.store.log.version_facts import data_of_versions, not_recorded
from tfdash.store.version_recorder import VersionRecorder, watched


def entry(at: float, data: Any, kind: EntryKind = EntryKind.NOTE, terminal: str = "t") -> Entry:
    return Entry(
        version=1, terminal=terminal, sequence=1, at=at, kind=kind, actor="tfdash", data=json.dumps(data)
    )


def memory(*entries: Entry) -> VersionMemory:
    projection = AuditProjection(lambda digest: "")
    for one in entries:
        projection.apply(one)
    return projection.versions.told()


def saw(since: float, until: float, *versions: str, cluster: ClusterRef = STAGING) -> VersionSighting:
    return VersionSighting(cluster, since, until, versions or (NEW,))


def whoever(seen: Iterable[VersionSighting]) -> tuple[VersionSighting, ...]:
    """Whoever recorded it."""
    return tuple(replace(one, by=()) for one in seen)


def test_what_several_terminals_recorded_names_them() -> None:
    told = [
        entry(10, data_of_versions([saw(0, 10)]), terminal="a"),
        entry(20, data_of_versions([saw(5, 20)]), terminal="b"),
        entry(90, data_of_versions([saw(80, 90)]), terminal="b"),
    ]
    for order in itertools.permutations(told):
        assert [(s.since, s.by) for s in memory(*order).sightings] == [(0, ("a", "b")), (80, ("b",))]


def test_what_goes_on_from_one_beginning_is_one_sighting() -> None:
    told = [
        entry(10, data_of_versions([saw(0, 10)])),
        entry(20, data_of_versions([saw(0, 20)]), EntryKind.HEARTBEAT),
        entry(90, data_of_versions([saw(80, 90)])),
        entry(50, data_of_versions([saw(15, 40), saw(0, 30, OLD, cluster=PRODUCTION)])),
    ]
    for order in itertools.permutations(told):
        assert whoever(memory(*order).sightings) == (
            saw(0, 30, OLD, cluster=PRODUCTION),
            saw(0, 40),
            saw(80, 90),
        )


@pytest.mark.parametrize(
    "row",
    [
        {"since": 5, "until": 3},
        {"since": -1, "until": 3},
        {"since": "x"},
        {"until": None},
        {"since": "nan"},
        {"versions": []},
        {"versions": "v1.37.2"},
        {"versions": ["v"] * 65},
        {"cluster": None, "versions": 3},
        {"since": 10**400},
    ],
)
def test_what_cannot_be_read_says_nothing(row: dict[str, Any]) -> None:
    good = data_of_versions([saw(0, 10)])
    bad = {**good["seen"][0], **row}
    assert whoever(memory(entry(20, {**good, "seen": [bad, *good["seen"]]})).sightings) == (saw(0, 10),)
    for odd in ({"seen": 3}, {"seen": [3]}, {"plans": [{"version": 3}]}, {"plans": "x"}):
        assert memory(entry(20, {"topic": "versions", **odd})) == VersionMemory()


def test_nobody_saw_anything_later_than_when_it_was_written() -> None:
    assert whoever(memory(entry(20, data_of_versions([saw(0, 500), saw(30, 40)]))).sightings) == (saw(0, 20),)


def test_a_plan_is_as_old_as_the_first_entry_that_has_it() -> None:
    plan = PlannedUpdate(environment="production", version="1.37", day="2026-12-05")
    entries = [entry(at, data_of_versions([], [plan])) for at in (30.0, 10.0, 20.0)]
    assert [p.announced for p in memory(*entries).announced] == [10.0]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8),
    st.integers(0, 30),
    st.integers(0, 30),
)
def test_what_is_not_recorded_is_what_no_sighting_covers(
    known: Sequence[tuple[int, int]], start: int, end: int
) -> None:
    recorded = [saw(*sorted(pair)) for pair in known]
    one = saw(*sorted((start, end)))
    covered = any(k.since <= one.since and one.until <= k.until for k in recorded)
    assert not_recorded([one], recorded) == (() if covered else (one,))


# -- with a real store ---------------------------------------------------------------------------------------------------


async def test_a_terminal_writes_what_begins_and_its_heartbeat_says_for_how_long(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made, judge, board = opened(tmp_path, clock), Judge(), Board()
    recorder = VersionRecorder(made.store)

    async def look(after: float, nodes: dict[str, str]) -> None:
        clock.at = NOW + after
        board.assessment = judge.assess(picture(clock.at, nodes), ALL, clock.at)[0]
        await recorder.look(board)

    def notes() -> list[Entry]:
        return [e for e in entries_of(read_folder(tmp_path)) if e.kind is EntryKind.NOTE]

    await look(0, {"a": OLD, "b": OLD})
    assert [e.sentence for e in notes()] == ["prod-1 runs v1.36.4, v1.37.2"]
    for after in range(60, 3600, 60):
        await look(after, {"a": OLD, "c": OLD})
    assert len(notes()) == 1, "nothing began"
    assert watched(made.store, board)["seen"][0]["until"] == NOW + 3540
    await look(3600, {"a": NEW, "c": NEW})
    assert [e.sentence for e in notes()] == ["prod-1 runs v1.36.4, v1.37.2", "prod-1 runs v1.37.2"]
    known = whoever(made.store.state().versions.sightings)
    assert known == (
        VersionSighting(PRODUCTION, NOW, NOW + 3600, (OLD, NEW)),
        VersionSighting(PRODUCTION, NOW + 3600, NOW + 3600, (NEW,)),
    )
    made.store.close()
    assert verify(read_folder(tmp_path)).code == 0
    again = opened(tmp_path, clock)
    await again.source.load()
    assert whoever(again.store.state().versions.sightings) == known, "a restart has it"
    again.store.close()


async def test_a_plan_is_announced_once(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made, board = opened(tmp_path, clock), Board()
    plan = PlannedVersion(version="1.38", date=date(2027, 1, 19))
    judge = Judge(policies=Policies(versions=policy(plan=(plan,))))
    for after in (0, 5, 10):
        clock.at = NOW + after
        state = StoreState(versions=made.store.state().versions) if after == 10 else StoreState()

        seen = replace(picture(clock.at, {"a": NEW}), store_state=state)
        board.assessment = judge.assess(seen, ALL, clock.at)[0]
        await VersionRecorder(made.store).look(board)
    found = [e.sentence for e in entries_of(read_folder(tmp_path)) if "plans" in e.sentence]
    assert found == ["plans Kubernetes 1.38 for production on 2027-01-19; prod-1 runs v1.37.2"]
    assert made.store.state().versions.announced == (
        PlannedUpdate(environment="production", version="1.38", day="2027-01-19", announced=NOW),
    )
    made.store.close()


async def test_a_clock_that_no_server_agrees_with_gives_no_notice_and_watches_nothing(tmp_path: Path) -> None:
    """Set back by three weeks for a minute, it would have told everybody in time."""
    clock = Clock(NOW - 21 * 86_400.0)
    made, board = opened(tmp_path, clock), Board()
    plan = PlannedVersion(version="1.38", date=date(2026, 11, 24))
    judge = Judge(policies=Policies(versions=policy(plan=(plan,))))
    for skew, notes in ((21 * 86_400.0, 0), (1.0, 1)):
        board.picture = told_apart(picture(clock.at, {"a": NEW}), skew)
        board.assessment = judge.assess(board.picture, ALL, clock.at)[0]
        told = watched(made.store, board)
        await VersionRecorder(made.store).look(board)
        known = made.store.state().versions
        assert (len(known.announced), len(known.sightings), bool(told)) == (notes, notes, bool(notes))
        clock.at = NOW
    made.store.close()


async def test_a_clock_that_went_astray_since_takes_nothing_into_the_heartbeat(tmp_path: Path) -> None:
    made, board, judge = opened(tmp_path, Clock(NOW)), Board(), Judge()
    whole = picture(NOW, {"a": NEW})
    board.assessment = judge.assess(whole, ALL, NOW)[0]
    for skew, said in ((1.0, True), (21 * 86_400.0, False)):
        board.picture = told_apart(whole, skew)
        assert bool(watched(made.store, board)) is said
    made.store.close()


async def test_the_heartbeat_of_a_running_store_says_for_how_long_it_was_watched(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made, judge, board = opened(tmp_path, clock, heartbeat=0.01), Judge(), Board()
    board.assessment = judge.assess(picture(NOW, {"a": NEW}), ALL, NOW)[0]
    async with asyncio.TaskGroup() as group:
        running = group.create_task(made.source.run(board))
        await board.until(
            lambda facts: whoever(facts.versions.sightings) == (saw(NOW, NOW, cluster=PRODUCTION),)
        )
        clock.at = NOW + 120
        board.assessment = judge.assess(picture(NOW + 120, {"a": NEW}), ALL, NOW + 120)[0]
        later = (saw(NOW, NOW + 120, cluster=PRODUCTION),)
        await board.until(lambda facts: whoever(facts.versions.sightings) == later)
        running.cancel()
    made.store.close()
    told = entries_of(read_folder(tmp_path))
    assert sum("runs" in e.sentence for e in told) == 1
    assert any(e.kind is EntryKind.HEARTBEAT and '"until"' in e.data for e in told)
