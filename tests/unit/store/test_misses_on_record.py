"""What closed as missed is on record, so that it stays so where the whole file is lost of a terminal that was there all the time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.store.helpers import Clock, opened
from tests.unit.store.test_rules_on_record import DAY, DRILL, HERE, HOUR, NOW, Terminal, closed
from tfdash.model.maintenance import ItemState
from tfdash.model.store_state import EntryKind
from tfdash.store.misses_recorder import MissesRecorder
from tfdash.store.opening import Opened

AUGUST = 1_785_542_400.0  # Sat 1 Aug 2026 00:00Z
ENDS = {"august": 1_788_220_800.0, "september": 1_790_812_800.0, "october": 1_793_491_200.0}
MISSED = ["missed"] * 3
LOST = ["not watched"] * 3


class Recording(Terminal):
    """One that puts misses on record, too."""

    def __init__(self, made: Opened, clock: Clock, **items: dict[str, Any]) -> None:
        super().__init__(made, clock, **items)
        self.misses = MissesRecorder(made.store)

    async def goes_on(self, record: bool = True) -> ItemState:
        """Read what others left, judge, and record."""
        await self.made.source.load()
        await self.made.source._walk_own()
        state = next(iter((await self.looks(record=False)).values()))
        if record:
            await self.misses.look(self)  # type: ignore[arg-type]  # a board that stands still
        return state


async def alive(*several: Recording) -> None:
    for one in several:
        await one.made.store.append(EntryKind.HEARTBEAT, actor="tfdash", sentence="still here")


async def two(folder: Path, clock: Clock, **items: dict[str, Any]) -> tuple[Recording, Recording]:
    """Both there since August, and today."""
    clock.at = AUGUST
    first, second = (
        Recording(opened(folder, clock, terminal=name), clock, **items) for name in ("one", "other")
    )
    await alive(first, second)
    clock.at = NOW
    await alive(first, second)
    return first, second


async def loses(folder: Path, clock: Clock, number: int, **items: dict[str, Any]) -> Recording:
    """Whoever comes next at that place finds that its file is gone."""
    (folder / f"terminal-{number}.db").unlink()
    return Recording(opened(folder, clock, terminal="next"), clock, **items)


def told(states: list[str]) -> int:
    return sum(sentence.startswith("closed as missed: drill 2026-") for sentence in states)


@pytest.mark.parametrize("recorded", [True, False])
async def test_the_misses_of_a_terminal_that_loses_its_whole_file_stay_missed(
    tmp_path: Path, recorded: bool
) -> None:
    clock = Clock(AUGUST)
    one, other = await two(tmp_path, clock, drill=DRILL)
    for _ in range(4):
        for terminal in (one, other):
            assert closed(await terminal.goes_on(record=recorded)) == MISSED
    assert 1 <= told(await one.entries()) <= 4 if recorded else not told(await one.entries())
    one.made.store.close()
    clock.at += HOUR
    after = await loses(tmp_path, clock, 0, drill=DRILL)
    state = await after.goes_on(record=False)
    assert closed(state) == (MISSED if recorded else LOST) and (state.kept, state.judged) == (0, 3)
    assert all((p.said is not None, p.lost is None) == (recorded, recorded) for p in state.periods[:3])
    before = told(await after.entries())
    for _ in range(3):  # nobody repeats such a word as their own
        await after.goes_on()
    assert told(await after.entries()) == before
    other.made.store.close()
    after.made.store.close()


async def test_who_did_not_hold_what_the_lost_one_had_recorded_by_then_says_nothing_of_it(
    tmp_path: Path,
) -> None:
    """It was quiet since October, and may have recorded more that nobody read."""
    clock = Clock(AUGUST)
    one, other = (
        Recording(opened(tmp_path, clock, terminal=name), clock, drill=DRILL) for name in ("one", "other")
    )
    await alive(one, other)
    clock.at = ENDS["september"] + 2 * DAY
    await alive(one)
    clock.at = NOW
    for _ in range(3):
        await other.goes_on()
    one.made.store.close()
    after = await loses(tmp_path, clock, 0, drill=DRILL)
    assert closed(await after.goes_on(record=False)) == ["missed", "missed", "not watched"]
    other.made.store.close()
    after.made.store.close()


async def test_nothing_that_is_written_of_a_period_makes_a_miss_another(tmp_path: Path) -> None:
    clock = Clock(AUGUST)
    one, other = await two(tmp_path, clock, drill=DRILL)
    start = AUGUST
    for verdict in ("kept", "late", "waived", "not watched", "missed"):
        for end in ENDS.values():
            closes = end + DAY
            period = {"start": start, "end": end, "closes": closes, "verdict": verdict}
            words = {
                "at": ["drill", "production", "", ""],
                "evidence": "",
                "verdict": verdict,
                "periods": [[start, end, closes], period],
            }
            data = {
                "topic": "maintenance-periods",
                verdict: [words],
                "missed": [words],
                "read": {one.made.store.terminal: 9e9},
            }
            await other.made.store.append(EntryKind.NOTE, actor="eve", sentence="it was kept", data=data)
            start = end
        start = AUGUST
    state = await one.goes_on(record=False)
    assert closed(state) == MISSED and (state.kept, state.judged) == (0, 3)
    await one.signs(HERE, NOW - 5 * DAY)
    one.made.store.close()
    after = await loses(tmp_path, clock, 0, drill=DRILL)
    assert closed(await after.goes_on(record=False)) == MISSED
    other.made.store.close()
    after.made.store.close()


async def test_a_miss_that_was_said_before_it_closed_says_nothing(tmp_path: Path) -> None:
    """October closes on 2 November: until then it can be kept, and by whom is lost."""
    clock = Clock(AUGUST)
    one, other = await two(tmp_path, clock, drill=DRILL)
    clock.at = ENDS["october"] + DAY - 1.0
    words = {
        "at": ["drill", "production", "", ""],
        "evidence": "",
        "periods": [[ENDS["september"], ENDS["october"], ENDS["october"] + DAY]],
    }
    data = {
        "topic": "maintenance-periods",
        "missed": [words],
        "read": {one.made.store.terminal: ENDS["october"] + 2 * DAY},
    }
    await other.made.store.append(EntryKind.NOTE, actor="tfdash", sentence="too soon", data=data)
    assert not other.made.store.projection.maintenance.missed
    clock.at += 1.0
    await other.made.store.append(EntryKind.NOTE, actor="tfdash", sentence="in time", data=data)
    [said] = other.made.store.projection.maintenance.missed[HERE]
    assert said.read == {one.made.store.terminal, other.made.store.terminal}
    one.made.store.close()
    other.made.store.close()


@pytest.mark.parametrize(
    "told",
    [
        {"missed": 3},
        {"missed": [4, {"at": 1}, {"at": ["a"], "periods": [[1.0, 2.0, 3.0]]}]},
        {"missed": [{"at": ["a", "b", "", ""], "periods": [[1.0, 2.0], [2.0, 1.0, 3.0], ["x", 2.0, 3.0]]}]},
        {"missed": [{"at": ["a", "b", "", ""], "periods": [[1.0, 3.0, 2.0], [1.0, 2.0, 1e300]]}], "read": 7},
    ],
)
async def test_what_cannot_be_read_of_such_an_entry_says_nothing(
    tmp_path: Path, told: dict[str, object]
) -> None:
    made = opened(tmp_path, Clock(NOW))
    data = {"topic": "maintenance-periods", **told}
    await made.store.append(EntryKind.NOTE, actor="tfdash", sentence="x", data=data)
    assert not made.store.projection.maintenance.missed
    made.store.close()


async def test_many_are_on_record_by_few_entries_and_each_once(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    terminal = Recording(made, clock, drill=DRILL | {"places": [f"db-{n}" for n in range(150)]})
    for _ in range(8):
        await terminal.goes_on()
    assert len(await terminal.entries()) == 3  # 450 months
    assert all(len(entry.data) < 30_000 for entry in await made.store.newest(100))
    made.store.close()
