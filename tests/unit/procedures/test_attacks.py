"""What somebody tries who wants a run to do, or to say, what nobody meant: files handed over and edited, and events that come in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.procedures.appending import Appending
from tests.unit.procedures.test_together import lines, with_acts
from tests.unit.procedures.world import HEAD, Terminal, step
from tests.unit.store.helpers import NOW, REF
from tfdash.actions.core.protocols import OutcomeUnknown
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.calendar import CalendarState
from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind, RunOutcome, StepStatus
from tfdash.playbook.procedures.reading import digest_of
from tfdash.procedures.kind import Doing, StepEnd, Tell
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.store.log.run_facts import LEAP

Make = Callable[..., Terminal]
ACT = HEAD + step("act", "command", command='"append"', idempotent="true")
APPROVED = (
    HEAD
    + '[roles]\nboss = "who may"\n'
    + step("ok", "approval", role='"boss"', alone='"break-glass, reviewed later"')
    + step("act", "command", command='"append"')
)
AGAIN = HEAD + step("act", "command", command='"append"', idempotent="true", retries="2", retry_after='"5s"')
WAIT = HEAD + step("wait", "wait", asks='[{ probe = "time.past", time = "2999-01-01 00:00" }]')
DECISION = (
    HEAD
    + step("which", "decision")
    + "".join(
        f'[[steps.branches]]\nid = "{id}"\ntitle = "{id}"\nsteps = ["{id}"]\n' for id in ("left", "right")
    )
    + step("left", "manual")
    + step("right", "manual")
)


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Terminal]:
    """Somebody who shares nothing with ``terminal``."""
    one = Terminal(tmp_path / "far", {}, who="bob", watching=True)
    yield one
    one.end()


def nested(depth: int) -> Any:
    return json.loads("[" * depth + "]" * depth)


HOSTILE = {
    "a number that leaps": {"number": LEAP + 100},
    "a number that no event has": {"number": 0},
    "an attempt that none is": {"attempt": -1},
    "a terminal longer than any": {"terminal": "x" * 201},
    "no terminal": {"terminal": ""},
    "nested": {"data": {"a": nested(400)}},
    "an approval that nobody could tell from one given here": {
        "terminal": "x" * 201,
        "kind": "approved",
        "step": "ok",
        "data": {"role": "boss", "alone": True},
    },
}


def handed_over(at: Terminal, run: str, path: Path, *more: dict[str, Any]) -> str:
    """A file of the run, with events that nobody wrote."""
    at.call(at.runs.hand_over(run, str(path)))
    told = json.loads(path.read_text())
    last = told["events"][-1]
    told["events"] += [
        {**last, "terminal": "another", "number": last["number"] + 1 + n, **m} for n, m in enumerate(more)
    ]
    path.write_text(json.dumps(told))
    return str(path)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_file_with_what_the_log_would_not_give_back_is_refused_whole(
    terminal: Make, far: Terminal, tmp_path: Path, hostile: str
) -> None:
    one = terminal({"p": APPROVED})
    run = one.start("p").id
    path = handed_over(one, run, tmp_path / "run.json", HOSTILE[hostile])
    with pytest.raises(RunRefused, match="no run that can be taken up"):
        far.call(far.runs.resume(path))
    assert far.runs.run(run) is None


def test_a_file_whose_procedure_was_exchanged_is_refused(
    terminal: Make, far: Terminal, tmp_path: Path
) -> None:
    one = terminal({"p": ACT})
    run, path = one.start("p").id, tmp_path / "run.json"
    handed_over(one, run, path)
    told = json.loads(path.read_text())
    other = ACT.replace('"append"', '"wipe"')
    told["events"][0]["data"] |= {"text": other, "digest": digest_of(other)}
    path.write_text(json.dumps(told))
    with pytest.raises(RunRefused, match="its start is not the one it was made of"):
        far.call(far.runs.resume(str(path)))
    assert far.runs.run(run) is None


def test_nothing_but_a_run_is_written_over(terminal: Make, tmp_path: Path) -> None:
    one = terminal({"p": ACT})
    run, path = one.start("p").id, tmp_path / "config"
    path.write_text("of somebody")
    with pytest.raises(RunRefused, match="is no run"):
        one.call(one.runs.hand_over(run, str(path)))
    assert path.read_text() == "of somebody"
    for _ in range(2):
        assert run in one.call(one.runs.hand_over(run, str(tmp_path / "run.json")))


def test_a_file_nested_without_end_is_refused_in_words(terminal: Make, tmp_path: Path) -> None:
    one = terminal({"p": APPROVED})
    path = tmp_path / "run.json"
    handed_over(one, one.start("p").id, path, {"data": {"a": "@"}})
    path.write_text(path.read_text().replace('"@"', "[" * 50_000 + "]" * 50_000))
    with pytest.raises(RunRefused, match="cannot be taken up"):
        one.call(one.runs.resume(str(path)))


def test_what_was_taken_up_is_the_same_after_a_restart(terminal: Make, tmp_path: Path) -> None:
    one = terminal({"p": APPROVED})
    run = one.start("p").id
    path = handed_over(one, run, tmp_path / "run.json", {"kind": "note", "number": LEAP})
    far = Terminal(tmp_path / "far", {}, who="bob")
    far.call(far.runs.resume(path))
    far.do(run, "ok", alone=True, reason="nobody else is there")
    witness = with_acts(far, tmp_path)
    far.do(run, "act")
    before = far.kinds(run)
    far.end()
    again = Terminal(tmp_path / "far", {}, who="bob")
    again.until(lambda: again.runs.run(run))
    try:
        assert again.kinds(run) == before
        assert again.step(run, "act").status is StepStatus.DONE and len(lines(witness)) == 1
    finally:
        again.end()


def test_a_file_that_says_that_this_terminal_began_an_act_has_nothing_done_by_itself(
    terminal: Make, far: Terminal, tmp_path: Path
) -> None:
    one = terminal({"p": ACT})
    run = one.start("p").id
    witness = with_acts(far, tmp_path)
    home = {"terminal": far.store.terminal, "step": "act"}
    claimed = {**home, "kind": "claimed", "data": {"fence": 1}}
    begun = {**home, "kind": "begun", "attempt": 1, "data": {"fence": 1, "mark": {}}}
    path = handed_over(one, run, tmp_path / "run.json", claimed, begun)
    with pytest.raises(RunRefused, match="a terminal of yours that never recorded them"):
        far.call(far.runs.resume(path))
    assert not lines(witness)


def test_an_approval_is_of_the_text_that_was_there_then(terminal: Make, tmp_path: Path) -> None:
    one = terminal({"p": APPROVED})
    witness = with_acts(one, tmp_path)
    run = one.start("p").id
    one.do(run, "ok", alone=True, reason="nobody else is there")
    assert one.state(run).next == ("act",)
    (tmp_path / "procedures" / "p.toml").write_text(APPROVED.replace('"append"', '"wipe"'))
    one.call(one.runs.add(run, RunEventKind.CHANGED, "", Given(reason="it wipes now"), {}))
    assert one.state(run).next == ("ok",)
    with pytest.raises(RunRefused, match="waits for what stands before it"):
        one.do(run, "act")
    one.do(run, "ok", alone=True, reason="I saw what it does now")
    one.do(run, "act")
    assert len(lines(witness)) == 1


@pytest.mark.parametrize("what", ["abort", "skip", "another text"])
def test_what_comes_between_the_claim_and_the_act_is_heeded(
    terminal: Make, tmp_path: Path, what: str
) -> None:
    one = terminal({"p": ACT})
    witness = with_acts(one, tmp_path)
    run = one.start("p").id
    claims = one.runs.engine.means.claims
    claim = claims.claim

    async def slow(*given: Any, **more: Any) -> Any:
        got = await claim(*given, **more)
        reason = Given(reason="stop it all")
        if what == "another text":
            (tmp_path / "procedures" / "p.toml").write_text(ACT.replace('"append"', '"wipe"'))
            await one.runs.add(run, RunEventKind.CHANGED, "", reason, {})
        else:
            await (one.runs.abort(run, reason) if what == "abort" else one.runs.skip(run, "act", reason))
        return got

    claims.claim = slow  # type: ignore[method-assign]
    with pytest.raises(RunRefused, match="another way"):
        one.do(run, "act")
    assert not lines(witness)
    assert one.step(run, "act").status is not StepStatus.DONE


class Failing(Appending):
    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd:
        await super().do(doing, given, tell)
        return StepEnd(kind=RunEventKind.FAILED, sentence="it did not work")


def test_what_went_wrong_at_one_terminal_is_done_again_by_no_other(terminal: Make, tmp_path: Path) -> None:
    one, two = terminal({"p": AGAIN}), terminal({}, who="bob", gone=lambda at: False)
    for at, name in ((one, "ann"), (two, "bob")):
        at.runs.engine.kinds[StepKind.COMMAND] = Failing(tmp_path / name)
    run = one.start("p").id
    one.do(run, "act")
    two.until(lambda: two.runs.run(run) and two.step(run, "act").status is StepStatus.FAILED)
    for at in (two, one):
        at.clock.at += 6
        at.looked()
    assert (len(lines(tmp_path / "ann")), len(lines(tmp_path / "bob"))) == (2, 0)


def test_two_that_start_at_once_on_one_target_are_one_run(terminal: Make) -> None:
    held = (
        HEAD
        + 'holds = ["{of}"]\n[[inputs]]\nid = "of"\ntitle = "of"\ntype = "workload"\n'
        + step("go", "manual")
    )
    one = terminal({"p": held})

    async def both() -> list[Any]:
        of = {"of": ("Deployment shop/web",)}
        starts = (one.runs.start("p", of, reason="a test", cluster=REF) for _ in range(2))
        return await asyncio.gather(*starts, return_exceptions=True)

    refused = [got for got in one.call(both()) if isinstance(got, RunRefused)]
    assert len(refused) == 1 and "is under way on the same" in str(refused[0])


def test_what_goes_on_is_not_settled_by_a_word(terminal: Make) -> None:
    one = terminal({"p": WAIT})
    run = one.start("p").id
    one.do(run, "wait")
    with pytest.raises(RunRefused, match="under way"):
        one.call(one.runs.settle(run, "wait", Given(worked=True, reason="it is long enough")))
    assert one.step(run, "wait").status is StepStatus.RUNNING


def test_who_may_only_read_decides_nothing_anew(terminal: Make) -> None:
    one = terminal({"p": DECISION})
    run = one.start("p").id
    one.do(run, "which", branch="left")
    two = terminal({}, acting=False, who="bob")
    two.until(lambda: two.runs.run(run) and two.step(run, "which").status is StepStatus.DONE)
    with pytest.raises(RunRefused, match="read-only"):
        two.do(run, "which", branch="right")
    assert two.state(run).next == ("left",) and two.state(run).outcome is RunOutcome.OPEN


@pytest.mark.parametrize("told", [{"cluster": "another"}, {"environment": "another"}, {"dry": False}])
def test_a_file_of_a_run_elsewhere_or_in_earnest_is_refused(
    terminal: Make, far: Terminal, tmp_path: Path, told: dict[str, object]
) -> None:
    one = terminal({"p": ACT})
    run, path = one.start("p", dry=True).id, tmp_path / "run.json"
    handed_over(one, run, path)
    kept = json.loads(path.read_text())
    assert kept["events"][0]["data"]["dry"] is True
    kept["events"][0]["data"] |= told
    path.write_text(json.dumps(kept))
    with pytest.raises(RunRefused, match="its start is not the one it was made of"):
        far.call(far.runs.resume(str(path)))
    assert far.runs.run(run) is None


class Lost(Appending):
    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd:
        await super().do(doing, given, tell)
        raise OutcomeUnknown("the connection was lost")


@pytest.mark.parametrize("still", [True, False])
def test_what_was_cut_off_is_done_again_by_itself_only_where_it_may_be(
    terminal: Make, tmp_path: Path, still: bool
) -> None:
    """What must be so before it is asked again: the window may be over."""
    before = '[{ probe = "calendar.open" }]'
    one = terminal({"p": HEAD + step("act", "command", command='"append"', idempotent="true", before=before)})
    one.runs.engine.kinds[StepKind.COMMAND] = Lost(tmp_path / "witness")
    run = one.start("p").id

    def window(closes: float) -> None:
        said = CalendarState(at=NOW, open=True, text="", why="open", closes_at=one.clock.at + closes)
        one.board.assessment = msgspec.structs.replace(EMPTY_ASSESSMENT, calendar=said)

    window(60)
    one.do(run, "act")
    assert one.step(run, "act").status is StepStatus.UNKNOWN
    window(60 if still else -1)
    for _ in range(3):
        one.clock.at += 11
        window(60 if still else -1)
        one.looked()
    assert (len(lines(tmp_path / "witness")) > 1) is still
