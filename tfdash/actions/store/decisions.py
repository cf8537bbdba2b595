"""What a person decides of a release, with a reason: to roll it back, to go on in spite of a BREACH, or that it is verified.

Nothing is sent for it: the "manual" trigger says BREACH from then on, on every terminal that the store reaches, and the
rollback itself is an action of its own. It is about one version: the next release starts without it.
"""

from __future__ import annotations

import msgspec

from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.decision import OperatorDecision
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.store.executor import request_of
from tfdash.actions.store.rights import may_patch
from tfdash.actions.store.verified_releases import said, standing_breaches, verified
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.judgement import Breach, Outcome
from tfdash.model.release import Phase, ReleaseState
from tfdash.model.store_state import VerifiedGood
from tfdash.playbook.canary.lost_entries import lost_of

_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "Canary"})


def _release(context: PlanContext) -> ReleaseState:
    release = context.standing.release
    if release is None:
        raise PlanRefused(f"no release of {context.standing.subject} is known here")
    return release


async def decide_rollback(context: PlanContext) -> Draft:
    """From then on the triggers say BREACH of this version."""
    release = _release(context)
    at, version = release.subject, release.version
    return Draft(
        subject=at,
        effect=f"the triggers of {at} say BREACH for this version: a person decides to roll it back",
        requests=(request_of("manual", {"version": version}, "record the decision", at),),
        after=f"rolling back is decided on for {version}",
        notes=(
            "on every terminal that the store reaches. Nothing is sent for it: the roll back itself is b, with its plan",
        ),
        typed="",
    )


async def withdraw_rollback(context: PlanContext) -> Draft:
    """Takes the decision back; where entries were lost, says that there is none."""
    release = _release(context)
    at, version = release.subject, release.version
    decided = context.picture.store_state.manual.get(at, "")
    lost = lost_of(context.picture.store_state, release)
    if not decided and not lost:
        raise PlanRefused(f"nobody has decided to roll {at} back")
    return Draft(
        subject=at,
        effect=f"the decision to roll {at} back is taken back"
        if decided
        else f"no decision to roll {at} back stands, whatever the lost entries said",
        requests=(request_of("manual", {"version": version}, "record that it is taken back", at),),
        before=decided,
        typed="",
    )


async def overrule(context: PlanContext) -> Draft:
    """Go on in spite of what was crossed: it is HOLD from then on, never PASS. A trigger that is crossed later says BREACH."""
    release = _release(context)
    stand = [b for b in standing_breaches(context.board, release) if not b.overruled]
    if not stand:
        raise PlanRefused(f"no BREACH of {release.subject} stands that could be overruled")
    at = release.subject
    what = "; ".join(f"{b.title or b.trigger}: {b.sentence}" for b in stand)
    names = ", ".join(b.title or b.trigger for b in stand)
    return Draft(
        subject=at,
        effect=f"{at} may go on in spite of its BREACH ({names}): HOLD from now on, never PASS, for this version alone",
        requests=(
            request_of(
                "overrule",
                {"uid": release.uid, "breaches": [msgspec.to_builtins(b) for b in stand]},
                "record the decision to go on",
                at,
            ),
        ),
        before=what,
        after=f"{names}: overruled",
        typed=at.name,
    )


async def sign(context: PlanContext) -> Draft:
    """Remember what serves now as verified by a person. Refused while two versions serve, and while a trigger says BREACH."""
    release = _release(context)
    if release.in_flight:
        raise PlanRefused("it is in flight: only a version that serves everything can be signed")
    if release.phase not in (Phase.NONE, Phase.COMPLETE):  # what is aborted still stands in the spec
        raise PlanRefused(f"it is {release.phase}: only a version that serves everything can be signed")
    judged = context.standing.judgement
    if judged is not None and judged.outcome is Outcome.BREACH:
        raise PlanRefused(f"its triggers say BREACH: {judged.sentence}")
    good = await verified(context.board, release, 0.0, "", ())
    images = ", ".join(good.images)
    return Draft(
        subject=good.subject,
        effect=f"{images} is remembered as the last verified good version of {good.subject}",
        requests=(request_of("verified", msgspec.to_builtins(good), "record the signature", good.subject),),
        after=images,
        notes=("a roll back goes to it by default, also after its ReplicaSet is gone",),
        typed=context.at.name,
    )


async def _decided(decision: OperatorDecision) -> str:
    at, version = decision.plan.subject, str(decision.told["version"])
    await decision.memory.remember_manual(at, decision.user, f"{decision.user}: {decision.reason}", version)
    return f"{at}: {decision.user} decides to roll back"


async def _withdrawn(decision: OperatorDecision) -> str:
    at, version = decision.plan.subject, str(decision.told["version"])
    await decision.memory.remember_manual(at, decision.user, "", version)
    return f"{at}: the decision to roll back is taken back"


async def _overruled(decision: OperatorDecision) -> str:
    at, text = decision.plan.subject, f"{decision.user}: {decision.reason}"
    stand = msgspec.convert(decision.told["breaches"], list[Breach])
    for breach in stand:
        await decision.memory.remember_breach(at, breach, "overruled", text, decision.user)
    names = ", ".join(b.title or b.trigger for b in stand)
    about = msgspec.structs.replace(decision.plan, subject=at._replace(uid=str(decision.told["uid"])))
    failed = await decision.memory.announce(
        about, decision.user, f"overrules the BREACH of {names}: {decision.reason}", decision.now
    )
    loud = f"; the Event could not be written: {failed}" if failed else ""
    return f"{at}: {decision.user} goes on in spite of the BREACH of {names}{loud}"


async def _signed(decision: OperatorDecision) -> str:
    good = msgspec.convert(decision.told, VerifiedGood)
    judged = decision.standing.judgement
    verdicts = (
        f"signed by {decision.user}: {decision.reason}",
        *(said(judged) if judged is not None else ()),
    )
    good = msgspec.structs.replace(good, at=decision.now, by=decision.user, verdicts=verdicts)
    await decision.memory.remember_verified(good)
    return f"{good.subject}: {decision.user} signs {', '.join(good.images)} as verified"


ACTIONS = (
    Action(
        id="release.decide-rollback",
        title="release: decide to roll back",
        kinds=_KINDS,
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=decide_rollback,
        target=Target.STORE,
        record=_decided,
        asks=may_patch,
        offered=False,
    ),
    Action(
        id="release.withdraw-rollback",
        title="release: take the decision to roll back back",
        kinds=_KINDS,
        risk=Risk.KEY,
        freeze=FreezeRule.EXEMPT,
        make=withdraw_rollback,
        target=Target.STORE,
        record=_withdrawn,
        asks=may_patch,
        offered=False,
    ),
    Action(
        id="release.overrule",
        title="release: go on in spite of a BREACH",
        kinds=_KINDS,
        risk=Risk.SECOND_PERSON,
        freeze=FreezeRule.FROZEN,
        make=overrule,
        target=Target.STORE,
        record=_overruled,
        asks=may_patch,
        offered=False,
    ),
    Action(
        id="release.sign",
        title="release: sign as verified",
        kinds=_KINDS,
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=sign,
        target=Target.STORE,
        record=_signed,
        asks=may_patch,
        offered=False,
    ),
)
