"""A run that is carried out as a step of another one: when it counts as that, and when it stands by itself."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.unit.playbook.procedures.running import Run
from tfdash.model.run import RunJournal, RunOutcome
from tfdash.playbook.procedures.reading import read_procedure
from tfdash.playbook.procedures.started import is_its_start
from tfdash.playbook.procedures.within import (
    ended_well,
    family,
    inner_open,
    inputs_for,
    relatives,
    to_begin,
    within_said,
)

OUTER = """
title = "bring it back"
recovery = true
holds = ["Deployment shop/web"]

[[steps]]
id = "fix"
title = "the fix goes out"
kind = "procedure"
begins = ["release", "urgent-fix"]

[[steps]]
id = "after"
title = "afterwards"
kind = "manual"
text = "note it"
"""
INNER = """
title = "a release"
holds = ["Deployment shop/web"]

[[steps]]
id = "go"
title = "does it go on?"
kind = "decision"

[[steps.branches]]
id = "on"
title = "on"

[[steps.branches]]
id = "back"
title = "back"
fails = true
"""


def outer(**more: object) -> Run:
    return Run(OUTER, environment="production", cluster="eu-1", **more)


def inner(of: Run, step: str = "fix", **more: object) -> Run:
    told = {"procedure": "release", "environment": "production", "cluster": "eu-1", **more}
    return Run(INNER, within={"run": of.id, "step": step}, **told)


def known(*runs: Run) -> dict[str, RunJournal]:
    return {run.id: run.journal for run in runs}


def waits_for(of: Run, run: Run, fence: int = 1) -> None:
    of.add("claimed", "fix", fence=fence)
    of.add("begun", "fix", attempt=fence, fence=fence, mark={"inner": run.id})


def test_it_is_the_outer_ones_own_while_the_step_is_to_do_and_by_itself_from_then_on() -> None:
    of = outer()
    fix = inner(of)
    assert is_its_start(fix.events[0]) and fix.state.within == (of.id, "fix")
    assert family(known(of, fix), fix.id) == (fix.id, of.id)
    assert relatives(known(of, fix), of.id) == {of.id, fix.id} == relatives(known(of, fix), fix.id)
    waits_for(of, fix)
    assert of.step("fix").inner == fix.id and family(known(of, fix), fix.id) == (fix.id, of.id)
    of.add("skipped", "fix", sentence="mended elsewhere")
    assert family(known(of, fix), fix.id) == (fix.id,)


@pytest.mark.parametrize("end", ["aborted", "closed"])
def test_where_the_outer_one_is_over_it_stands_by_itself_and_says_so(end: str) -> None:
    of = outer()
    fix = inner(of)
    assert within_said([of.state], fix.state) == (
        f"as the step “the fix goes out” of bring it back (run {of.id})"
    )
    of.add(end, sentence="no")
    assert family(known(of, fix), fix.id) == (fix.id,)
    assert within_said([of.state], fix.state).endswith("is aborted: this one goes on by itself")
    assert "is not known here" in within_said([], fix.state)


@pytest.mark.parametrize(
    ("step", "more"),
    [
        ("after", {}),  # a step that begins nothing
        ("other", {}),  # none of its steps
        ("fix", {"procedure": "rollback"}),  # no procedure that the step begins
    ],
)
def test_a_start_that_only_says_so_is_no_part_of_it(step: str, more: dict[str, str]) -> None:
    of = outer()
    odd = inner(of, step, **more)
    assert family(known(of, odd), odd.id) == (odd.id,)


def test_a_rehearsal_has_none_in_earnest_and_may_be_within_one() -> None:
    dry = outer(dry=True)
    fix = inner(dry)
    assert family(known(dry, fix), fix.id) == (fix.id,)
    of = outer()
    first, tried = inner(of), inner(of, dry=True)
    assert family(known(of, first, tried), tried.id) == (tried.id, of.id)


def test_of_two_that_began_unseen_by_each_other_one_counts_whoever_asks() -> None:
    of = outer()
    fixes = [inner(of, nonce=nonce) for nonce in "abc"]
    for order in permutations(fixes):
        runs = known(of, *order)
        assert [len(family(runs, one.id)) for one in fixes].count(2) == 1
    waits_for(of, fixes[1])
    for order in permutations(fixes):
        assert inner_open(known(of, *order), of.id, "fix") == fixes[1].id
    fixes[1].add("aborted", sentence="no")
    assert inner_open(known(of, *fixes), of.id, "fix") in {fixes[0].id, fixes[2].id}


def test_a_circle_of_starts_ends() -> None:
    one = Run(OUTER, procedure="release", nonce="1", within={"run": "x", "step": "fix"})
    odd = known(one)
    odd["x"] = RunJournal(id="x", events=inner(one).journal.events)
    assert set(family(odd, one.id)) <= {one.id, "x"}


def test_the_turn_of_the_step() -> None:
    of = outer()
    found = to_begin(of.state, "urgent-fix")
    assert found is not None and found.at == (of.id, "fix") and to_begin(of.state, "rollback") is None
    fix = inner(of)
    waits_for(of, fix)
    assert to_begin(of.state, "release") is not None  # one at a time is the business of who begins it
    of.add("done", "fix", attempt=1, inner=fix.id)
    assert to_begin(of.state, "release") is None and of.step("fix").inner == fix.id


@pytest.mark.parametrize(("branch", "well"), [("on", True), ("back", False)])
def test_only_a_good_end_is_one(branch: str, well: bool) -> None:
    fix = inner(outer())
    fix.add("decided", "go", branch=branch)
    assert not ended_well(fix.state)  # it is open
    fix.add("closed")
    assert fix.state.outcome is RunOutcome.DONE and ended_well(fix.state) is well
    given_up = inner(outer())
    given_up.add("aborted", sentence="no")
    assert not ended_well(given_up.state)


def test_nothing_is_done_by_a_word_alone() -> None:
    of = outer()
    fix = inner(of)
    of.add("done", "fix", attempt=1, inner=fix.id)  # nothing was begun
    of.add("signed", "fix", note="it is out")
    assert of.statuses()["fix"] == "ready"


def test_what_the_outer_run_knows_is_filled_in() -> None:
    inputs = '[[inputs]]\nid = "{}"\ntitle = "t"\ntype = "{}"\n'
    head, of = 'title = "t"\nholds = ["Deployment shop/web"]\n', inputs.format("service", "workload")
    text = head + of + OUTER[OUTER.index("[[steps]]") :]
    run = Run(text, inputs={"service": ["Deployment shop/web"]})
    wants = head + inputs.format("what", "workload") + inputs.format("version", "version")
    found = read_procedure("release", wants + INNER[INNER.index("[[steps]]") :])
    assert inputs_for(run.state, found) == {"what": "Deployment shop/web"}
