"""What counts as a change of verdict between two assessments."""

from __future__ import annotations

import msgspec

from tests.unit.playbook.making import NOW, REF
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.release import Phase
from tfdash.model.release_answer import Ground, ReleaseAnswer
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.recording.changes import RELEASE, levels_of, verdict_changes

OF = Subject(cluster=REF, kind="Rollout", namespace="shop", name="checkout")
BAD = ReleaseAnswer(subject=OF, level=Level.BREACH, ground=Ground.ROLL_BACK, phase=Phase.PAUSED)


def said(number: int, *answers: ReleaseAnswer) -> Assessment:
    section = SectionState(
        id="releases",
        title="Releases",
        level=Level.OK,
        sentence="",
        answers={answer.subject: answer for answer in answers} or {OF._replace(name="other"): BAD},
    )
    return msgspec.structs.replace(EMPTY_ASSESSMENT, number=number, at=NOW, sections=(section,))


def test_a_release_that_went_away_while_its_objects_stay_as_they_were_ends() -> None:
    told = [
        (c.rule, c.before, c.after)
        for c in verdict_changes(NOW, said(1), said(2, BAD), None)
        if c.subject == OF
    ]
    assert told == [(RELEASE, Level.OK, Level.BREACH)]
    told = [
        (c.rule, c.before, c.after)
        for c in verdict_changes(NOW, said(2, BAD), said(3), frozenset())
        if c.subject == OF
    ]
    assert told == [(RELEASE, Level.BREACH, Level.OK)]


def test_what_stays_as_it_is_is_no_change() -> None:
    assert list(verdict_changes(NOW, said(2, BAD), said(3, BAD), None)) == []


def test_a_rule_that_says_two_things_of_one_subject_says_the_worse() -> None:
    of = [Verdict(level=level, rule="r", subject=OF, sentence="") for level in (Level.WARN, Level.BREACH)]
    for verdicts in (of, of[::-1]):
        assert levels_of(msgspec.structs.replace(said(1), verdicts={OF: tuple(verdicts)}), OF) == {
            "r": Level.BREACH
        }
