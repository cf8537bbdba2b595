"""What is remembered of releases by itself: verified versions and frozen baselines; and what holds after a restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.canary.making import NEW, OLD, SUBJECT, T0, release, seen, traffic
from tests.unit.store.helpers import Clock, opened
from tests.unit.test_judging_canaries import SIGNALS, picture
from tfdash.actions.core.action import Maker
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import LedgerUnavailable, PlanRefused
from tfdash.actions.store import decisions
from tfdash.actions.store.verified_releases import Verifier, holds
from tfdash.judging.canaries import CanaryRunner
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.judgement import Advice, Breach, CanaryJudgement, Outcome
from tfdash.model.picture import Picture
from tfdash.model.release import Phase, ReleaseState
from tfdash.model.requests import Document
from tfdash.model.store_state import StoreState, VerifiedGood
from tfdash.model.subject import Subject
from tfdash.model.traffic import NO_SIGNALS
from tfdash.playbook.policies import Policies

DONE = release(phase=Phase.COMPLETE, canary=None, stable=msgspec.structs.replace(release().canary, pods=()))
HELD = CanaryJudgement(
    subject=SUBJECT, at=T0, outcome=Outcome.PASS, advice=Advice.NOTHING, sentence="verified", verified_in=0
)


class Memory:
    def __init__(self) -> None:
        self.good: list[VerifiedGood] = []
        self.baselines: list[tuple[Subject, str, str]] = []
        self.breaches: list[tuple[str, Breach, str]] = []
        self.down = False

    async def remember_verified(self, good: VerifiedGood) -> None:
        if self.down:
            raise LedgerUnavailable("the disk is full")
        self.good.append(good)

    async def remember_baseline(
        self, subject: Subject, baseline: str, actor: str = "tfdash", version: str = ""
    ) -> None:
        self.baselines.append((subject, baseline, version))

    async def remember_breach(
        self, subject: Subject, breach: Breach, state: str, text: str = "", actor: str = "tfdash"
    ) -> None:
        self.breaches.append((state, breach, text))


class Board:
    def __init__(self, state: ReleaseState, said: CanaryJudgement | None, **more: Any) -> None:
        self.picture: Picture = picture({SUBJECT: state})
        self.assessment: Assessment = EMPTY_ASSESSMENT
        self.say(state, said, **more)

    def say(self, state: ReleaseState, said: CanaryJudgement | None, **more: Any) -> None:
        self.assessment = msgspec.structs.replace(
            EMPTY_ASSESSMENT,
            releases={SUBJECT: state},
            canaries={SUBJECT: said} if said is not None else {},
            **more,
        )

    def remember(self, **facts: Any) -> None:
        self.picture = msgspec.structs.replace(self.picture, store_state=StoreState(**facts))

    async def read(self, subject: Subject) -> Document:
        template = {"spec": {"containers": [{"name": "a", "image": "checkout:2.15.0"}]}}
        return Document(subject, {"spec": {"template": template}}, T0)


async def test_what_held_is_remembered_once_and_tried_again_where_nothing_could_be() -> None:
    memory, board = Memory(), Board(DONE, HELD)
    verifier = Verifier(memory, Clock(T0))
    memory.down = True
    with pytest.raises(LedgerUnavailable):
        await verifier.look(board)
    memory.down = False
    for _ in range(3):
        await verifier.look(board)
    (good,) = memory.good
    assert (good.template_hash, good.images, good.by) == (NEW, ("checkout:2.15.0",), "rules")


async def test_a_template_that_changed_meanwhile_is_not_remembered() -> None:
    memory = Memory()
    other = msgspec.structs.replace(DONE.stable, images=("checkout:2.14.9",))
    board = Board(msgspec.structs.replace(DONE, stable=other), HELD)
    await Verifier(memory, Clock(T0)).look(board)
    assert memory.good == []
    same = msgspec.structs.replace(DONE.stable, images=("checkout:2.15.0", "mesh:1"))
    board.say(msgspec.structs.replace(DONE, stable=same), HELD)
    await Verifier(memory, Clock(T0)).look(board)
    assert len(memory.good) == 1


async def test_what_only_a_cluster_says_is_no_evidence_of_ours() -> None:
    memory, board = Memory(), Board(DONE, HELD)
    theirs = VerifiedGood(
        subject=SUBJECT,
        template="{}",
        template_hash=NEW,
        images=(),
        where="cluster",
        origin="from the cluster",
    )
    board.remember(verified={SUBJECT: theirs})
    await Verifier(memory, Clock(T0)).look(board)
    assert len(memory.good) == 1
    board.remember(verified={SUBJECT: msgspec.structs.replace(theirs, where="store")})
    await Verifier(memory, Clock(T0)).look(board)
    assert len(memory.good) == 1


async def test_baselines_are_kept_now_and_then_and_when_only_one_version_is_left() -> None:
    memory, clock = Memory(), Clock(T0)
    board = Board(release(), None, baselines={SUBJECT: "first"})
    verifier = Verifier(memory, clock)
    said = msgspec.structs.replace(HELD, outcome=Outcome.LOW_TRAFFIC)
    for at, baseline, state in (
        (0, "first", release()),
        (60, "second", release()),
        (299, "third", release()),
        (301, "fourth", release()),
        (302, "fourth", release()),
        (310, "fifth", DONE),
        (311, "fifth", DONE),
    ):
        clock.at = T0 + at
        board.say(state, said, baselines={SUBJECT: baseline})
        await verifier.look(board)
    assert memory.baselines == [(SUBJECT, told, NEW) for told in ("first", "fourth", "fifth")]
    board.remember(baselines={SUBJECT: "fifth"})
    await Verifier(memory, clock).look(board)  # another terminal, or this one started anew
    assert len(memory.baselines) == 3


@pytest.mark.parametrize(
    ("about", "label"), [(NEW, "frozen at"), ("", "frozen at"), ("of-an-earlier-release", "")]
)
def test_a_restart_after_100_percent_still_judges_against_the_remembered_baseline(
    about: str, label: str
) -> None:
    before = CanaryRunner(Policies())
    before.states = {SUBJECT: release()}
    before.assess(picture(before.states), SIGNALS, set(), T0 + 721)
    frozen = before.frozen[SUBJECT]
    after = CanaryRunner(Policies())
    after.states = {
        SUBJECT: release(phase=Phase.COMPLETE, canary=None, stable=release().canary, finished=T0 + 600)
    }
    alone = {SUBJECT: seen(traffic([(200, 2)] * 12, []))}
    shown = msgspec.structs.replace(
        picture(after.states), signals=msgspec.structs.replace(NO_SIGNALS, traffic=alone)
    )
    facts = StoreState(baselines={SUBJECT: frozen}, baseline_of={SUBJECT: about} if about else {})
    after.assess(msgspec.structs.replace(shown, store_state=facts), SIGNALS, set(), T0 + 721)
    told = [t.baseline_label for t in after.judgements[SUBJECT].triggers if t.id == "errors"]
    assert [t[: len(label)] for t in told] == [label] if label else not any("frozen at" in t for t in told)


@pytest.mark.parametrize(("about", "breach"), [(NEW, True), ("", True), (OLD, False)])
def test_a_decision_is_about_one_version(about: str, breach: bool) -> None:
    judge = CanaryRunner(Policies())
    judge.states = {SUBJECT: release()}
    facts = StoreState(manual={SUBJECT: "ann: no"}, decided_on={SUBJECT: about} if about else {})
    shown = msgspec.structs.replace(picture(judge.states), store_state=facts)
    judge.assess(shown, SIGNALS, set(), T0 + 721)
    told = judge.judgements[SUBJECT]
    assert (told.outcome is Outcome.BREACH) is breach
    assert ("ann: no" in told.sentence) is breach


async def test_it_all_comes_back_from_the_store(tmp_path: Path) -> None:
    store = opened(tmp_path, Clock(T0)).store
    await store.remember_manual(SUBJECT, "ann", "ann: no", NEW)
    await store.remember_baseline(SUBJECT, "counts", version=NEW)
    store.close()
    again = opened(tmp_path, Clock(T0 + 1))
    await again.source.load()
    facts = again.store.state()
    assert (facts.manual, facts.decided_on) == ({SUBJECT: "ann: no"}, {SUBJECT: NEW})
    assert (facts.baselines, facts.baseline_of) == ({SUBJECT: "counts"}, {SUBJECT: NEW})
    again.store.close()


async def test_what_a_person_may_decide() -> None:
    def context(state: ReleaseState | None, said: CanaryJudgement | None = None, **facts: Any) -> PlanContext:
        board: Any = Board(release(), None)
        board.remember(**facts)
        stands = Standing(subject=SUBJECT, release=state, judgement=said)
        return PlanContext(board, stands, SUBJECT, {}, ActionPolicy(), T0)

    async def refused(make: Maker, at: PlanContext) -> str:
        with pytest.raises(PlanRefused) as caught:
            await make(at)
        return str(caught.value)

    assert "no release" in await refused(decisions.decide_rollback, context(None))
    assert "nobody has decided" in await refused(decisions.withdraw_rollback, context(release()))
    assert "in flight" in await refused(decisions.sign, context(release()))
    aborted = release(phase=Phase.ABORTED)
    assert "it is aborted" in await refused(decisions.sign, context(aborted))
    breach = msgspec.structs.replace(HELD, outcome=Outcome.BREACH, sentence="errors up")
    assert "BREACH: errors up" in await refused(decisions.sign, context(DONE, breach))
    draft = await decisions.decide_rollback(context(release()))
    assert json.loads(draft.requests[0].body) == {"version": NEW}
    draft = await decisions.withdraw_rollback(context(release(), manual={SUBJECT: "ann: no good"}))
    assert draft.before == "ann: no good"
    draft = await decisions.sign(context(DONE, HELD))
    assert json.loads(draft.requests[0].body)["images"] == ["checkout:2.15.0"]
    assert not holds(DONE, breach)
