"""The way alone opens once its time without an answer has passed, counted from when the approval was asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.procedures.test_proofs import as_seen_by, text
from tests.unit.procedures.world import Terminal, step
from tests.unit.store.helpers import NOW, Clock
from tests.unit.store.test_approvals_in_cluster import Certificates
from tfdash.model.run import StepStatus
from tfdash.playbook.procedures.library import library
from tfdash.procedures.protocols import RunRefused
from tfdash.report.runbooks.evidence import evidence

Make = Callable[..., Terminal]
LATER = {
    "p": text(alone='"who is there"', alone_after='"15m"').replace(
        "[[steps]]", step("first", "manual") + "[[steps]]", 1
    )
}


def test_it_opens_after_its_time_and_says_when(terminal: Make) -> None:
    clock = Clock(NOW)
    proofs, login = as_seen_by(Certificates(), "ann@corp")
    one = terminal(LATER, clock=clock, proofs=proofs)
    run = one.start("p").id
    clock.at += 3600
    assert one.step(run, "ok").asked is None
    one.do(run, "first", worked=True, note="done")
    assert one.step(run, "ok").asked == clock.at
    clock.at += 179.0
    shown = one.prepare(run, "ok")
    assert (
        "alone" not in shown.may
        and "approve" in shown.may
        and "in 13m: 15m after it was asked" in shown.opens
    )
    login.away = True  # an outage shortens nothing
    with pytest.raises(RunRefused, match=r"opens .* in 13m"):
        one.do(run, "ok", alone=True, reason="nobody answers")
    assert not one.store.projection.break_glass_of("production")
    clock.at += 721.0
    shown = one.prepare(run, "ok")
    assert "alone" in shown.may and not shown.opens
    one.do(run, "ok", alone=True, reason="nobody answers")
    state = one.step(run, "ok")
    assert (
        state.status is StepStatus.DONE
        and "goes on alone, 15m after it was asked, to be reviewed" in state.sentence
    )
    told = evidence(one.state(run), one.runs.events(run))["steps"][1]
    assert told["seconds"] == 900.0 and told["asked"] < told["ended"]


def test_a_claim_or_a_denial_counts_nothing_anew(terminal: Make) -> None:
    clock = Clock(NOW)
    one = terminal(LATER, clock=clock, proofs=as_seen_by(Certificates(), "ann@corp")[0])
    run = one.start("p").id
    one.skip(run, "first", "not needed")
    clock.at += 600
    one.do(run, "ok", worked=False, reason="not tonight")
    assert one.step(run, "ok").asked == NOW
    clock.at += 300
    one.do(run, "ok", alone=True, reason="and yet it must be")


def test_where_nobody_can_answer_it_is_not_waited_for_and_says_so(terminal: Make) -> None:
    one = terminal(LATER)
    run = one.start("p").id
    one.skip(run, "first", "not needed")
    shown = one.prepare(run, "ok")
    assert "alone" in shown.may and "15m are not waited for: nobody can answer by this program" in shown.lines
    one.do(run, "ok", alone=True, reason="the commander said so on the phone")
    said = one.step(run, "ok").sentence
    assert (
        "alone, 0s after it was asked (its 15m were not waited for: no server here stamps who approves"
        in said
    )


def test_a_rehearsal_waits_for_nobody(terminal: Make) -> None:
    one = terminal(LATER, proofs=as_seen_by(Certificates(), "ann@corp")[0])
    run = one.start("p", dry=True).id
    one.do(run, "first")
    assert not one.prepare(run, "ok").opens
    one.do(run, "ok")
    assert one.step(run, "ok").status is StepStatus.DONE


def test_shipped_files_hold_what_their_words_say() -> None:
    """A way alone that speaks of a time has it as a number, too."""
    from tfdash.playbook.procedures.walk import all_steps

    for procedure in library(None).procedures.values():
        for one in all_steps(procedure.steps):
            told = any(word in one.alone for word in ("minute", "hour", "a day"))
            assert bool(one.alone_after) == told, (procedure.id, one.id)
