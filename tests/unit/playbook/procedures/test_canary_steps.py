"""Where a Rollout stands among the steps of its canary: whether it may be let on, and whether nothing is left to be watched."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF
from tests.unit.playbook.procedures.probing import FORBIDDEN, of, probe, seen
from tfdash.judging.judge import judge_all
from tfdash.model.assessment import Assessment
from tfdash.model.delivery import Rollout
from tfdash.model.judgement import Advice, CanaryJudgement, Outcome
from tfdash.model.release import Carrier, Pause, Phase, ReleaseState, ReleaseStep
from tfdash.model.subject import Subject
from tfdash.model.verdict import UnknownKind

WEB = Subject(REF, "Rollout", "a", "web")
OBJECT = Rollout(namespace="a", name="web", uid="r", desired=3)
STEPS = tuple(
    ReleaseStep(text=text, kind=kind, weight=weight)
    for text, kind, weight in (
        ("set weight 20 %", "setWeight", 20.0),
        ("pause until promoted", "pause", None),
        ("analysis errors", "analysis", None),
        ("pause until promoted", "pause", None),
        ("set weight 100 %", "setWeight", 100.0),
    )
)
WAITS = Pause(reason="CanaryPauseStep", sentence="until somebody promotes")
PASSES = CanaryJudgement(subject=WEB, at=NOW, outcome=Outcome.PASS, advice=Advice.PROMOTE, sentence="promote")
AT = ReleaseState(
    subject=WEB,
    workload=WEB,
    carrier=Carrier.ROLLOUT,
    phase=Phase.PAUSED,
    message="paused",
    steps=STEPS,
    step=1,
    pause=WAITS,
)


def said(release: ReleaseState | None, judged: CanaryJudgement | None = PASSES) -> Assessment:
    return msgspec.structs.replace(
        judge_all(of(OBJECT), NOW),
        releases={WEB: release} if release else {},
        canaries={WEB: judged} if judged else {},
    )


@pytest.mark.parametrize(
    ("fields", "passed", "sentence"),
    [
        ({}, False, "stands at step 2 of 5, pause until promoted; step 4 of 5, pause until promoted is still"),
        ({"step": 3}, True, "stands at step 4 of 5, pause until promoted: what is next is for everybody"),
        ({"step": 3, "pause": msgspec.structs.replace(WAITS, manual=True)}, False, "somebody promotes"),
        ({"step": 3, "pause": msgspec.structs.replace(WAITS, until=NOW + 60)}, False, "somebody promotes"),
        ({"step": 2, "phase": Phase.ANALYSING, "pause": None}, False, "step 3 of 5, analysis errors: analysing"),
        ({"step": 4, "phase": Phase.PROGRESSING, "pause": None}, False, "progressing"),
        ({"step": 1, "phase": Phase.ABORTED, "pause": None}, False, "aborted"),
        ({"step": 5, "phase": Phase.COMPLETE, "pause": None}, True, "is complete"),
        ({"phase": Phase.UNKNOWN}, None, "is not known"),
        ({"as_of": NOW - 600}, None, "is not known"),
        ({"carrier": Carrier.CANARY}, None, "no Rollout carries"),
        ({"steps": (), "step": None}, True, "what is next is for everybody"),  # blue-green: the switch
        ({"step": 1, "steps": (*STEPS[:2], ReleaseStep(text="set weight 60 %", kind="setWeight", weight=60.0))}, False, "60 % is still to come"),
    ],
)  # fmt: skip
def test_whether_something_is_left_to_be_watched(
    fields: dict[str, object], passed: bool | None, sentence: str
) -> None:
    release = msgspec.structs.replace(AT, **fields)
    told = probe(of(OBJECT), "release.watched-through", said=said(release), workload="Rollout a/web")
    assert told.passed is passed and sentence in told.sentence, told


@pytest.mark.parametrize(
    ("fields", "advice", "passed"),
    [
        ({}, Advice.PROMOTE, True),
        ({}, Advice.WAIT, False),  # all pass, and the step's hold is not over
        ({}, Advice.ROLL_BACK, False),
        ({"phase": Phase.ANALYSING, "pause": None}, Advice.PROMOTE, False),  # to let it on now skips the analysis
        ({"pause": msgspec.structs.replace(WAITS, manual=True)}, Advice.PROMOTE, False),
        ({"pause": msgspec.structs.replace(WAITS, until=NOW + 60)}, Advice.PROMOTE, False),
    ],
)  # fmt: skip
def test_it_may_be_let_on_where_it_stands_and_was_watched(
    fields: dict[str, object], advice: Advice, passed: bool
) -> None:
    release, judged = msgspec.structs.replace(AT, **fields), msgspec.structs.replace(PASSES, advice=advice)
    told = probe(of(OBJECT), "release.advised-on", said=said(release, judged), workload="Rollout a/web")
    assert told.passed is passed, told


@pytest.mark.parametrize(
    ("phase", "outcome", "advice", "passed"),
    [
        (Phase.PAUSED, Outcome.PASS, Advice.PROMOTE, True),
        (Phase.PAUSED, Outcome.PASS, Advice.WAIT, False),  # "held for about 2 min more": no word to go on yet
        (Phase.PROGRESSING, Outcome.PASS, Advice.WAIT, False),
        (Phase.STUCK, Outcome.PASS, Advice.HOLD, False),
        (Phase.PAUSED, Outcome.HOLD, Advice.HOLD, False),
        (Phase.PAUSED, Outcome.BREACH, Advice.ROLL_BACK, False),
        (Phase.COMPLETE, Outcome.PASS, Advice.WAIT, True),  # "verified in 5 min": nothing holds it any more
        (Phase.COMPLETE, Outcome.PASS, Advice.NOTHING, True),
        (Phase.PAUSED, Outcome.LOW_TRAFFIC, Advice.WAIT, None),
    ],
)
def test_a_pass_is_no_leave_to_go_on_while_the_canary_is_held(
    phase: Phase, outcome: Outcome, advice: Advice, passed: bool | None
) -> None:
    release = msgspec.structs.replace(AT, phase=phase)
    judged = msgspec.structs.replace(PASSES, outcome=outcome, advice=advice)
    told = probe(of(OBJECT), "release.verdict-pass", said=said(release, judged), workload="Rollout a/web")
    assert told.passed is passed, told


@pytest.mark.parametrize("id", ["release.watched-through", "release.advised-on"])
def test_of_what_is_not_read_or_not_judged_nothing_is_known(id: str) -> None:
    assert probe(of(OBJECT), id, said=said(None, None), workload="Rollout a/web").passed is None
    unread = seen(of(OBJECT), "Rollout", complete=False, problem=FORBIDDEN)
    told = probe(unread, id, said=said(AT), workload="Rollout a/web")
    assert told.unknown is UnknownKind.NO_PRIVILEGE
    old = msgspec.structs.replace(PASSES, at=NOW - 3600)
    assert (
        probe(of(OBJECT), "release.advised-on", said=said(AT, old), workload="Rollout a/web").passed is None
    )
