"""A fix by the release procedure while a runbook is open: begun as its step, waited for, and its good end alone ends that step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.procedures.world import HEAD, Terminal, step
from tfdash.model.run import RunEventKind, RunOutcome, StepStatus
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.report.runbooks.evidence import evidence
from tfdash.report.runbooks.evidence_text import evidence_markdown, evidence_text

Make = Callable[..., Terminal]
HOLDS = 'holds = ["Deployment shop/web"]\n'
OUTER = (
    HEAD
    + "recovery = true\n"
    + HOLDS
    + step("first", "manual")
    + step("fix", "procedure", begins='["release", "urgent-fix"]', on_failure='"ask"')
    + step("after", "manual")
)
INNER = (
    HEAD
    + HOLDS
    + step("go", "decision")
    + '[[steps.branches]]\nid = "on"\ntitle = "on"\n'
    + '[[steps.branches]]\nid = "back"\ntitle = "back"\nfails = true\n'
)
ALL = {"outer": OUTER, "release": INNER, "urgent-fix": INNER, "other": INNER, "rollback": INNER}
ALL["rollback"] = INNER.replace(HOLDS, HOLDS + "urgent = true\n")


@pytest.fixture
def one(terminal: Make) -> Terminal:
    return terminal(ALL)


def at_fix(one: Terminal) -> str:
    run = one.start("outer").id
    one.do(run, "first", note="seen")
    return run


def ended(one: Terminal, run: str, branch: str = "on") -> None:
    one.do(run, "go", branch=branch)
    one.call(one.runs.close(run, Given()))
    one.looked()


def test_it_begins_when_its_step_is_the_next_one_and_its_good_end_is_that_steps_end(one: Terminal) -> None:
    run = one.start("outer").id
    with pytest.raises(RunRefused, match="is under way on the same"):
        one.start("release")
    one.do(run, "first", note="seen")
    with pytest.raises(RunRefused, match="is under way on the same"):
        one.start("other")
    shown = one.prepare(run, "fix")
    assert (
        "begin" in shown.may and "sign" not in shown.may and "begins release or urgent-fix" in shown.lines[0]
    )
    with pytest.raises(RunRefused, match="no run of it is begun yet"):
        one.do(run, "fix")
    inner = one.start("release")
    assert inner.within == (run, "fix")
    waits = one.step(run, "fix")
    assert waits.status is StepStatus.RUNNING and waits.inner == inner.id
    (begun,) = (event for event in one.runs.events(run) if event.kind is RunEventKind.BEGUN)
    assert begun.data["behind"] == 0  # the recovery has done something: it goes before one that has not
    assert "0 of 1 steps over, next “step go”" in one.prepare(run, "fix").lines[0]
    one.looked()
    assert one.step(run, "fix").status is StepStatus.RUNNING
    ended(one, inner.id)
    assert one.step(run, "fix").status is StepStatus.DONE
    assert one.state(run).next == ("after",)


@pytest.mark.parametrize("how", ["back", "aborted"])
def test_no_good_end_is_no_end_of_the_step_and_another_one_may_be_begun(one: Terminal, how: str) -> None:
    run = at_fix(one)
    inner = one.start("release").id
    if how == "back":
        ended(one, inner, "back")
    else:
        one.call(one.runs.abort(inner, Given(reason="not now")))
        one.looked()
    failed = one.step(run, "fix")
    assert failed.status is StepStatus.FAILED and inner in failed.sentence
    assert "begin" in one.prepare(run, "fix").may
    again = one.start("urgent-fix").id
    assert one.step(run, "fix").inner == again
    ended(one, again)
    assert one.step(run, "fix").status is StepStatus.DONE and one.step(run, "fix").attempt == 2


def test_one_at_a_time_and_a_rollback_by_itself_at_any_time(one: Terminal) -> None:
    run = at_fix(one)
    inner = one.start("release").id
    for other in ("release", "urgent-fix"):
        with pytest.raises(RunRefused, match=f"{inner} is under way already as the step"):
            one.start(other)
    assert one.start("rollback").within == ("", "")
    assert one.step(run, "fix").inner == inner


def test_the_outer_one_given_up_leaves_the_inner_one_and_says_so(one: Terminal) -> None:
    run = at_fix(one)
    inner = one.start("release").id
    state = one.call(one.runs.abort(run, Given(reason="another way")))
    assert state.outcome is RunOutcome.ABORTED
    (said,) = (event for event in one.runs.events(run) if event.kind is RunEventKind.ABORTED)
    assert said.sentence == f"another way; {inner} goes on by itself" and said.data["inner"] == inner
    one.call(one.runs.close(run, Given()))
    ended(one, inner)
    assert one.state(inner).outcome is RunOutcome.DONE


def test_the_step_is_skipped_with_a_reason_and_then_it_stands_by_itself(one: Terminal) -> None:
    run = at_fix(one)
    inner = one.start("release").id
    with pytest.raises(RunRefused):
        one.skip(run, "fix")
    one.skip(run, "fix", "mended by hand")
    assert one.state(run).next == ("after",)
    ended(one, inner)  # nothing of it changes the outer one any more
    assert one.step(run, "fix").status is StepStatus.SKIPPED
    with pytest.raises(RunRefused, match="is under way on the same"):
        one.start("release")


def test_a_rehearsal_of_either(one: Terminal) -> None:
    dry = one.start("outer", dry=True).id
    one.do(dry, "first", note="seen")
    one.do(dry, "fix")
    assert one.step(dry, "fix").status is StepStatus.DONE
    assert "begins release or urgent-fix" in one.step(dry, "fix").sentence
    run = at_fix(one)
    tried = one.start("release", dry=True)
    assert tried.within == (run, "fix") and one.step(run, "fix").status is StepStatus.READY
    one.start("release")
    assert one.start("urgent-fix", dry=True).within == (run, "fix")


def test_evidence_of_each_names_the_other(one: Terminal) -> None:
    run = at_fix(one)
    inner = one.start("release").id
    ended(one, inner)
    told = {id: evidence(one.state(id), one.runs.events(id)) for id in (run, inner)}
    assert told[inner]["within"] == {"run": run, "step": "fix"} and told[run]["within"] is None
    assert next(s for s in told[run]["steps"] if s["id"] == "fix")["inner"] == inner
    for written in (evidence_markdown, evidence_text):
        assert inner in written(told[run]) and run in written(told[inner])


def test_handed_over_as_a_file_it_is_still_known_as_which_step(
    one: Terminal, terminal: Make, tmp_path: Path
) -> None:
    run = at_fix(one)
    inner = one.start("release").id
    file = str(tmp_path / "run.json")
    one.call(one.runs.hand_over(inner, file))
    two = terminal(ALL, who="bob", place="elsewhere")
    two.call(two.runs.resume(file))
    assert two.state(inner).within == (run, "fix")
    ended(two, inner)  # the outer one is not known there
    assert two.state(inner).outcome is RunOutcome.DONE


def test_whoever_watches_ends_the_step_where_another_terminal_began_it(terminal: Make) -> None:
    one, two = terminal(ALL), terminal(ALL, who="bob")
    run = at_fix(one)
    inner = one.start("release").id
    two.until(lambda: two.runs.run(inner) is not None and two.runs.run(run) is not None)
    two.until(lambda: two.step(run, "fix").status is StepStatus.RUNNING)
    two.do(inner, "go", branch="on")
    two.call(two.runs.close(inner, Given()))
    one.until(lambda: one.state(inner).outcome is RunOutcome.DONE)
    one.looked()
    assert one.step(run, "fix").status is StepStatus.DONE


@pytest.mark.parametrize(
    ("begins", "told"),
    [
        ('["releas"]', 'there is no procedure "releas"; did you mean "release"?'),
        ('["outer"]', "is this procedure itself"),
    ],
)
def test_what_is_begun_must_be_there(terminal: Make, begins: str, told: Any) -> None:
    odd = OUTER.replace('["release", "urgent-fix"]', begins)
    one = terminal({**ALL, "outer": odd})
    (problem,) = one.runs.problems()
    assert f"outer.toml:{odd.splitlines().index(f'begins = {begins}') + 1}" in problem
    assert "steps.1.begins.0" in problem and told in problem
    assert "outer" not in {p.id for p in one.runs.procedures()}
