"""What the journal keeps of the rollback triggers' word: the section's level, and a beginning and an end that are known."""

from __future__ import annotations

import pytest

from tests.unit.store.journal.journals import REF, span, subject, view, word
from tfdash.model.assessment import Assessment
from tfdash.model.judgement import Advice, CanaryJudgement, Outcome
from tfdash.model.release import Carrier, Phase, ReleaseState, Weight
from tfdash.model.section import SectionState
from tfdash.model.verdict import Level
from tfdash.playbook.releases.answers import answers_of
from tfdash.report.reports.findings import compared
from tfdash.store.journal.seeing import said_of
from tfdash.store.journal.times import verdict_times
from tfdash.store.journal.view import CANARY, Cover, JournalView

SHOP = subject("shop")
BREACHED = CanaryJudgement(
    subject=SHOP, at=0.0, outcome=Outcome.BREACH, advice=Advice.ROLL_BACK, sentence="5 of 9"
)
OF_CANARY = ((0.0, {REF: Cover(frozenset({CANARY}))}),)


def judged(release: ReleaseState, judgement: CanaryJudgement) -> Assessment:
    answers = answers_of({SHOP: release}, {SHOP: judgement})
    section = SectionState(id="releases", title="Releases", level=Level.OK, sentence="", answers=answers)
    return Assessment(
        at=0.0,
        number=1,
        verdicts={},
        workloads={},
        releases={SHOP: release},
        canaries={SHOP: judgement},
        sections=(section,),
    )


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("weight", [0, 20])
def test_a_breach_is_at_the_level_that_screens_and_gates_say(phase: Phase, weight: int) -> None:
    """Of one that was aborted the report of the morning said BREACH and open, the wall beside it WARN."""
    state = ReleaseState(
        subject=SHOP, carrier=Carrier.ROLLOUT, phase=phase, message="", weight=Weight(actual=weight)
    )
    told = judged(state, BREACHED)
    assert said_of(told, SHOP)[CANARY].level is told.answers[SHOP].level


def lasted(*levels: Level | None) -> JournalView:
    """Ten seconds at each level, seen by one terminal from before the first."""
    words = (word(10.0 * (n + 1), "shop", level, CANARY) for n, level in enumerate(levels))
    return view([span(0, 100, *words, covers=OF_CANARY)])


def test_what_cannot_be_counted_yet_is_no_doubt_of_when_a_limit_was_crossed() -> None:
    """Each canary begins with too little traffic: none was ever told as new."""
    seen = lasted(Level.UNKNOWN, Level.BREACH, Level.WARN, Level.UNKNOWN, None)
    (times,) = verdict_times(seen)
    assert [(s.level, s.begin, s.begun, s.ended) for s in times.spells] == [
        (Level.UNKNOWN, 10, True, True),
        (Level.BREACH, 20, True, True),
        (Level.WARN, 30, True, True),
        (Level.UNKNOWN, 40, True, True),
    ]
    (passed,) = compared((), None, [times], 5, 100).passed
    assert (passed.finding.level, passed.at, passed.lasted) == (Level.BREACH, 40, 20)
    (other,) = verdict_times(
        view([span(0, 100, word(10, "shop", Level.UNKNOWN), word(20, "shop", Level.BREACH))])
    )
    assert not other.spells[1].begun, "of other rules it may have been so before"
