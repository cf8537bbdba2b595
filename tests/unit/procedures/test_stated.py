"""Stated times: stakeholders hear of a run by then, a person sends it once they saw it, and how late it was stands in the evidence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.procedures.test_telling import Make, notes  # noqa: F401
from tests.unit.procedures.world import HEAD, Terminal, step
from tests.unit.store.helpers import NOW, REF, Clock
from tfdash.playbook.procedures.library import library
from tfdash.playbook.procedures.stated import word_due, words_given
from tfdash.procedures.protocols import RunRefused
from tfdash.report.runbooks.evidence import evidence
from tfdash.report.runbooks.evidence_text import evidence_text
from tfdash.views.recovery.stated import late_line, word_key

TELLS = {
    "p": HEAD
    + 'status = { every = "30m" }\n'
    + step("say", "notify", message='"started"', optional="true")
    + step("tier-1", "manual", tier=1)
    + step("tier-2", "manual", tier=2)
    + step("over", "notify", message='"ended"')
    + step("later", "manual")
}


def due(one: Terminal, run: str) -> float | None:
    return word_due(one.state(run))


def test_from_the_start_on_counted_from_the_last_word(terminal: Make, notes: Any) -> None:  # noqa: F811
    clock = Clock(NOW)
    one = terminal(TELLS, clock=clock, notifier=notes().notifier)
    run = one.start("p").id
    assert due(one, run) == NOW + 1800
    clock.at += 600
    one.do(run, "say")
    assert due(one, run) == NOW + 2400
    clock.at += 600
    one.do(run, "tier-1", worked=True, note="it is up")
    clock.at += 1440  # 4 minutes behind
    state = one.state(run)
    late = late_line(state, clock.at, one.runs.engine.means.zone)
    assert late is not None and "4m: " in str(late[1])
    key = word_key(state, clock.at)
    assert key is not None and key.word == "tell stakeholders: due since 4m"
    (shown,) = one.call(one.runs.word(run))
    assert "at work: step tier-2" in shown.subject
    for part in ("2 of 5 steps are done", "next: step tier-2", "Told again: by "):
        assert part in shown.body
    one.call(one.runs.tell(run, given(note="people can log in")))
    state = one.state(run)
    assert [round(word.late) for word in words_given(state)] == [0, 240]
    assert due(one, run) == clock.at + 1800 and late_line(state, clock.at, one.runs.engine.means.zone) is None
    told = one.runs.events(run)[-1]
    assert told.sentence == "team told how it stands: people can log in; 4m late"
    assert "every 30m: 2 words, 1 late, by 4m at most" in evidence_text(evidence(state, one.runs.events(run)))
    one.do(run, "tier-2", worked=True, note="it is up")
    one.do(run, "over")
    assert due(one, run) is None  # it was told that it ended


def given(**more: Any) -> Any:
    from tfdash.procedures.protocols import Given

    return Given(**more)


def test_where_nobody_can_be_told_from_here_it_is_noted_how_they_were(terminal: Make) -> None:
    clock = Clock(NOW)
    one = terminal(TELLS, clock=clock)
    run = one.start("p").id
    one.skip(run, "say", "no channel")
    assert due(one, run) == NOW + 1800  # what was skipped told nobody
    clock.at += 1200
    (shown,) = one.call(one.runs.word(run))
    assert shown.state == "refused" and "no channel is configured" in shown.sentence
    with pytest.raises(RunRefused, match="nobody can be told from here"):
        one.call(one.runs.tell(run, given()))
    with pytest.raises(RunRefused, match="say whom you told"):
        one.call(one.runs.tell(run, given(worked=True)))
    one.call(one.runs.tell(run, given(worked=True, note="by phone, the board")))
    assert due(one, run) == clock.at + 1800 and not one.state(run).told
    assert one.runs.events(run)[-1].sentence == "told another way: by phone, the board"


def test_nothing_is_sent_by_itself_and_a_rehearsal_owes_nobody(terminal: Make, notes: Any) -> None:  # noqa: F811
    clock = Clock(NOW)
    notifier = notes().notifier
    one = terminal(TELLS, clock=clock, notifier=notifier)
    run = one.call(one.runs.start("p", {}, reason="a test", cluster=REF, previewed=("approval",))).id
    clock.at += 7200
    one.looked()
    assert not notifier.waiting
    dry = one.start("p", dry=True).id
    assert due(one, dry) is None and word_key(one.state(dry), clock.at) is None
    with pytest.raises(RunRefused):
        one.call(one.runs.word(dry))
    assert due(one, run) == NOW + 1800


def test_the_runbook_whose_words_promise_it_has_it() -> None:
    """What says "next word in 30 minutes" says so as data, too."""
    for procedure in library(None).procedures.values():
        promised = "Next word in 30 minutes" in procedure.text
        assert promised == (procedure.status is not None and procedure.status.every == 1800.0), procedure.id
