"""What the audit log says of the steps of runs that were actions, after whoever did them is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.store.helpers import CHECKOUT, note, opened
from tfdash.actions.core.run_tag import TAG
from tfdash.model.action import Result
from tfdash.model.store_state import ActOnRecord, EntryKind
from tfdash.store.log.draft import LONGEST
from tfdash.store.opening import Opened
from tfdash.store.run_record import act_on_record

STEP = "r1/restart/1"


async def intent(made: Opened, tag: str = STEP, plan: str = "") -> str:
    TAG.set(tag)
    entry = await made.store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT, data={"plan": plan})
    return entry.intent


async def outcome(made: Opened, of: str, result: str, tag: str = STEP) -> None:
    TAG.set(tag)
    data = {"result": result}
    await made.store.append(EntryKind.OUTCOME, actor="ann", intent=of, sentence=result, data=data)


async def started_anew(folder: Path, **options: str) -> Opened:
    """As a terminal is that starts after it."""
    made = opened(folder, **options)
    await made.source.load()
    while not made.store.health.read:
        await made.source._files.walk()
        await made.source.look_at_health()
    return made


def told(made: Opened, terminal: str, tag: str = STEP) -> ActOnRecord:
    return act_on_record(made.store, terminal, tag)


async def test_its_own_log_tells_after_a_restart(tmp_path: Path) -> None:
    made = opened(tmp_path)
    terminal = made.store.terminal
    of = await intent(made)
    await outcome(made, of, "applied")
    await intent(made, "r1/scale/1")
    TAG.set("")
    made.store.close()
    again = await started_anew(tmp_path)
    done = told(again, terminal)
    assert (done.result, done.whole) == (Result.APPLIED, True) and done.intent is not None
    in_the_air = told(again, terminal, "r1/scale/1")
    assert in_the_air.intent is not None and in_the_air.result is None and in_the_air.whole
    never = told(again, terminal, "r1/other/1")
    assert (never.intent, never.result, never.whole) == (None, None, True)
    again.store.close()


async def test_another_terminal_of_this_user_tells_once_it_has_ended(tmp_path: Path) -> None:
    made = opened(tmp_path)
    terminal = made.store.terminal
    await intent(made)
    TAG.set("")
    beside = await started_anew(tmp_path, terminal="beside")
    assert told(beside, terminal).intent is not None
    assert not told(beside, terminal).whole  # it lives, and may be about to record more
    made.store.close()
    await beside.source.load()
    assert told(beside, terminal).whole
    assert not told(beside, "of-another-machine").whole
    beside.store.close()


async def test_what_a_person_decides_is_its_own_entry(tmp_path: Path) -> None:
    made = opened(tmp_path)
    TAG.set(STEP)
    await made.store.remember_manual(CHECKOUT, "ann", "ann: it leaks")
    TAG.set("")
    assert told(made, made.store.terminal).result is Result.APPLIED
    made.store.close()


async def test_what_another_terminal_wrote_under_its_name_is_not_believed(tmp_path: Path) -> None:
    made, other = opened(tmp_path / "one"), opened(tmp_path / "two", terminal="mallory")
    await outcome(other, await intent(other), "applied")
    TAG.set("")
    forged = [e for e in await other.store.newest(9)][::-1]
    made.source.apply([(entry, "mallory") for entry in forged])
    assert told(made, made.store.terminal) == ActOnRecord(whole=False)
    made.store.close()
    other.store.close()


@pytest.mark.parametrize("first", ["unknown outcome", "applied"])
async def test_an_unknown_outcome_is_settled_by_the_one_after_it(tmp_path: Path, first: str) -> None:
    """And nothing that was known becomes another."""
    made = opened(tmp_path)
    of = await intent(made)
    await outcome(made, of, first)
    await outcome(made, of, "not applied")
    TAG.set("")
    expected = Result.NOT_APPLIED if first == "unknown outcome" else Result.APPLIED
    assert told(made, made.store.terminal).result is expected
    made.store.close()


async def test_an_intent_too_long_to_be_kept_whole_keeps_its_step(tmp_path: Path) -> None:
    made = opened(tmp_path)
    await intent(made, plan="x" * (LONGEST + 1))
    TAG.set("")
    made.store.close()
    again = await started_anew(tmp_path)
    assert told(again, made.store.terminal).intent is not None
    again.store.close()


async def test_what_is_done_by_a_key_is_of_no_run(tmp_path: Path) -> None:
    made = opened(tmp_path)
    entry = await made.store.record(note())
    assert '"run"' not in entry.data
    made.store.close()
