"""What the journal says of a release is what the terminal's badge, list and gate say of it: a breach ends once the release is back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.real_parts import NAMES, lived
from tests.unit.store.journal.journals import REF
from tests.unit.store.journal.terminals import CHANGE, KINDS, SetClock, Terminal, assessment, picture
from tfdash.model.judgement import Advice, CanaryJudgement, Outcome
from tfdash.model.release import Phase
from tfdash.model.release_answer import Ground, ReleaseAnswer
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.model.verdict import Level
from tfdash.store.journal.reading import read
from tfdash.store.journal.seeing import CANARY, said_of
from tfdash.store.journal.times import verdict_times


@pytest.mark.parametrize("name", NAMES)
def test_of_real_releases_a_breach_is_one_for_as_long_as_they_must_roll_back(name: str) -> None:
    for step in lived(name).steps:
        for subject, answer in step.said.answers.items():
            says = said_of(step.said, subject).get(CANARY)
            assert (says is not None and says.level is Level.BREACH) is answer.must_roll_back, (name, step.at)


def test_the_breach_of_a_report_ends_with_the_rollback_and_not_with_the_next_release(tmp_path: Path) -> None:
    """Nothing judges the triggers anew when the last of the canary's traffic is gone: the release's answer alone is another."""
    assert "Rollout" in KINDS
    release, clock = Subject(REF, "Rollout", "shop", "checkout", "u-1"), SetClock()
    terminal = Terminal(tmp_path, clock)
    judged = CanaryJudgement(
        subject=release, at=clock.at, outcome=Outcome.BREACH, advice=Advice.ROLL_BACK, sentence="roll back"
    )

    def shows(level: Level | None) -> None:
        answers = {}
        if level is not None:
            ground = Ground.ROLL_BACK if level is Level.BREACH else Ground.PHASE
            answers = {
                release: ReleaseAnswer(subject=release, level=level, ground=ground, phase=Phase.ABORTED)
            }
        told = SectionState(
            id="releases", title="Releases", level=level or Level.OK, sentence="", answers=answers
        )
        canaries = {release: judged} if level is not None else {}
        before = terminal.assessment
        said = msgspec.structs.replace(assessment(clock.at, {}, (told,)), canaries=canaries)
        terminal.picture, terminal.assessment = picture(clock.at), said
        anew = {release} if before.canaries.keys() != canaries.keys() else set[Subject]()
        terminal.recorder.take(Update(terminal.picture, said, CHANGE, frozenset(anew)))

    began = clock.at
    shows(None)
    terminal.look()
    for level, lasts in ((Level.BREACH, 60), (Level.WARN, 60)):
        clock.pass_by(15)
        shows(level)
        for _ in range(lasts // 15):
            clock.pass_by(15)
            terminal.look()
    terminal.ends()
    (times,) = [t for t in verdict_times(read(tmp_path, began, clock.at)) if t.rule == CANARY]
    assert [(s.level, s.end - s.begin) for s in times.spells] == [(Level.BREACH, 75), (Level.WARN, 60)]
