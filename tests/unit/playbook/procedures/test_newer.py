"""A run and its file of another text: what differs, and whether the run can go on by it."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.playbook.procedures.running import TEXT, Run
from tfdash.model.procedure import Procedure
from tfdash.model.run import RunOutcome
from tfdash.playbook.procedures.newer import newer, other_file
from tfdash.playbook.procedures.reading import digest_of, read_procedure
from tfdash.views.recovery.newer import changed

ROLLBACK = 'action = "workload.rollback"'


def file(text: str) -> Procedure:
    return read_procedure("back", text)


def under_way(step: str = "rollback") -> Run:
    run = Run()
    run.add("done", "seen", attempt=1)
    run.add("decided", "how", branch="back")
    run.acted(step, end="")
    return run


def test_only_an_open_run_of_another_text_has_another_file() -> None:
    run = Run()
    same, other = file(TEXT), file(TEXT + "# a word\n")
    assert other_file(run.state, [same]) is None
    assert other_file(run.state, []) is None
    assert other_file(run.state, [other]) is other
    over = msgspec.structs.replace(run.state, outcome=RunOutcome.ABORTED)
    assert other_file(over, [other]) is None


def test_the_way_a_file_is_written_is_no_change_of_a_step() -> None:
    found = newer(Run().state, file(TEXT + "# a word\n"))
    assert found.changed == () and not found.why
    assert any(line == "+# a word" for line in found.lines)


def test_what_became_of_a_step_stands_beside_what_is_another_one() -> None:
    run = Run()
    run.add("done", "seen", attempt=1)
    text = TEXT.replace('"it is down"', '"it is down indeed"').replace('id = "learned"', 'id = "lessons"')
    assert changed(run.state, newer(run.state, file(text))) == [
        '- the step learned "what was missing here" is gone',
        '~ the step seen "it is down indeed" has another title; it is done, which stays',
        '+ the step lessons "what was missing here" is new',
    ]


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        (TEXT.replace(ROLLBACK, 'action = "workload.restart"'), False),
        (TEXT.replace('id = "rollback"', 'id = "undone"').replace('["rollback"]', '["undone"]'), False),
        (TEXT.replace('title = "roll it back"', 'title = "back with it"'), True),
        (TEXT.replace('"it serves"', '"it serves again"'), True),
    ],
)
def test_what_is_under_way_is_never_another_act_than_the_one_that_was_begun(text: str, stays: bool) -> None:
    run = under_way()
    assert bool(newer(run.state, file(text)).why) is not stays
    run.add("changed", text=text, digest=digest_of(text))  # of a terminal that did not ask itself
    assert (run.state.procedure.digest == digest_of(text)) is stays
    assert run.step("rollback").status == "running"


def test_a_text_that_this_run_cannot_be_is_told_as_that() -> None:
    needs = TEXT.replace(
        "[[steps]]", '[[inputs]]\nid = "to"\ntitle = "where to"\ntype = "text"\n\n[[steps]]', 1
    ).replace('title = "it serves"', 'title = "it serves in {to}"')
    run = Run()
    found = newer(run.state, file(needs))
    assert found.goes is None and "cannot be carried out for this run" in found.why and found.lines


def test_a_decision_whose_answer_is_none_any_more_is_asked_anew() -> None:
    """Else all that hangs on it would be what nobody chose, and the run be done by that."""
    run = Run()
    run.add("done", "seen", attempt=1)
    run.add("decided", "how", branch="back")
    assert run.step("rollback").status == "ready" and run.step("fix").status == "not chosen"
    text = TEXT.replace('id = "back"', 'id = "backwards"')
    run.add("changed", text=text, digest=digest_of(text))
    assert run.state.next == ("how",)
    assert {run.step(id).status for id in ("rollback", "fix", "scale")} == {"waiting"}
    run.add("decided", "how", branch="backwards")
    assert run.state.next == ("rollback",)
    kept = text + "# a word\n"
    run.add("changed", text=kept, digest=digest_of(kept))
    assert run.step("how").branch == "backwards" and run.state.next == ("rollback",)
