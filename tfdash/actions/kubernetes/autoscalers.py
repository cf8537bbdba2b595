"""The bounds of whoever decides how many pods there are: an HPA, or the KEDA ScaledObject that makes one and puts its bounds back."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from tfdash.actions.core.action import Action
from tfdash.actions.core.eligibility import Standing, bare, of_object
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.core.rights import Right
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import SIZE, WRITTEN
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.assessment import Assessment
from tfdash.model.autoscaling import PAUSED_AT, pausing
from tfdash.model.kube import HorizontalPodAutoscaler
from tfdash.model.picture import Picture
from tfdash.model.release import Carrier, ReleaseState
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import facts_of
from tfdash.playbook.seen import Indexes

MOST = 10_000
SCALED_OBJECT = "ScaledObject"


class Share(NamedTuple):
    """What a change of size is to a release between two Deployments, of which each serves by its number of pods."""

    freeze: FreezeRule
    promotes: bool = False
    says: tuple[str, ...] = ()


def share_of(release: ReleaseState | None, at: Subject, up: bool) -> Share:
    """A canary side that grows, or a stable one that shrinks beside a canary, is promoted; a canary side that shrinks is on its
    way back. What is between no two versions grows at any time and shrinks while the calendar is open."""
    if release is not None and release.partner is not None and bare(at) == bare(release.partner):
        if up:
            text = "it is a canary's side: more of the traffic would go to the new version, so this is a promotion"
            return Share(FreezeRule.FROZEN, True, (text,))
        return Share(
            FreezeRule.EXEMPT, False, ("it is a canary's side: less of the traffic goes to the new version",)
        )
    if release is not None and release.carrier is Carrier.PAIR and release.in_flight and not up:
        text = "a canary serves beside it: more of the traffic would go to the new version, so this is a promotion"
        return Share(FreezeRule.FROZEN, True, (text,))
    return Share(FreezeRule.EXEMPT if up else FreezeRule.FROZEN)


class _Held(NamedTuple):
    """The object that holds the bounds. ``default`` are the bounds where its spec has none, ``least`` the lowest minimum."""

    subject: Subject
    document: dict[str, Any]
    low: str
    high: str
    default: tuple[int, int]
    least: int

    @property
    def keda(self) -> bool:
        return self.subject.kind == SCALED_OBJECT

    @property
    def word(self) -> str:
        return SCALED_OBJECT if self.keda else "HPA"

    @property
    def bounds(self) -> tuple[int, int]:
        spec = self.document.get("spec") or {}
        found = spec.get(self.low), spec.get(self.high)
        low, high = (d if v is None else int(v) for v, d in zip(found, self.default, strict=True))
        return low, high


async def _held(context: PlanContext, scaler: HorizontalPodAutoscaler, at: Subject) -> _Held:
    owner = scaler.owner
    if owner is None or owner.kind != SCALED_OBJECT:
        where = Subject(at.cluster, "HorizontalPodAutoscaler", scaler.namespace, scaler.name)
        document = await context.document(where)
        # 0 needs the server's gate HPAScaleToZero, which is on where one is 0 already
        least = 0 if (document.get("spec") or {}).get("minReplicas") == 0 else 1
        return _Held(where, document, "minReplicas", "maxReplicas", (1, 1), least)
    where = Subject(at.cluster, SCALED_OBJECT, scaler.namespace, owner.name)
    try:
        document = await context.document(where)
    except ReadFailed as failed:
        raise PlanRefused(
            f"KEDA ScaledObject {owner.name} puts the bounds of HPA {scaler.name} back, and it cannot be read from here: "
            f"{failed.problem.cause}",
            remedy=f"set minReplicaCount and maxReplicaCount of ScaledObject {owner.name}",
        ) from None
    return _Held(where, document, "minReplicaCount", "maxReplicaCount", (0, 100), 0)


def _wrong(held: _Held, low: int, high: int) -> str:
    """Why there can be no such bounds, "" where there can."""
    if low > high or low < held.least or high < 1:
        least = "0" if not held.least else "at least 1"
        return f"bounds {low} to {high} are none: the minimum is {least} and at most the maximum, and that at least 1"
    idle = (held.document.get("spec") or {}).get("idleReplicaCount")
    if held.keda and idle is not None and int(idle) >= low:
        return f"the minimum must be above idleReplicaCount, which is {idle}"
    return ""


async def set_bounds(
    context: PlanContext,
    scaler: HorizontalPodAutoscaler,
    at: Subject,
    *,
    wanted: int | None,
    low: int | None,
    high: int | None,
) -> Draft:
    """``at`` is the workload that ``scaler`` sizes; ``wanted`` replicas are had by bounds that hold them."""
    held = await _held(context, scaler, at)
    workload = await context.document(at)
    had_low, had_high = held.bounds
    now = int(workload.get("spec", {}).get("replicas", 1))
    name = f"{held.word} {held.subject.name}"
    if wanted is not None:
        if wanted < 1:
            raise PlanRefused(
                f'{name} decides when it is at 0; to hold it there annotate it {PAUSED_AT}: "0"'
                if held.keda
                else f"{name} keeps at least one replica; it stands aside only where replicas is 0 already"
            )
        if wanted >= now:
            low = wanted if low is None else low
            high = max(had_high, wanted) if high is None else high
        else:
            low = min(had_low, wanted) if low is None else low
            high = wanted if high is None else high
    low, high = had_low if low is None else low, had_high if high is None else high
    if (low, high) == (had_low, had_high):
        raise PlanRefused(f"{name} has these bounds already: {had_low} to {had_high}")
    if why := _wrong(held, low, high):
        raise PlanRefused(why)
    subject = context.found(held.document, held.subject)
    pointers = (UID, f"/spec/{held.low}", f"/spec/{held.high}", "/spec/scaleTargetRef")
    moves = [
        (name, was, wanted_)
        for name, was, wanted_ in ((held.low, had_low, low), (held.high, had_high, high))
        if was != wanted_
    ]
    changes = [c for name, _, value in moves for c in put(held.document, f"/spec/{name}", value)]
    share = _share(context.standing.release, at, (had_low, had_high), (low, high))
    path = path_of(held.subject, held.document)
    request = conditional(
        path, held.document, pointers, changes, f"set the bounds of {held.subject.name}", subject
    )
    undone, choices = await managed_by_part(
        context
    )  # of a workload's: whether this is theirs too is not known
    grows = low >= had_low and high >= had_high
    return Draft(
        subject=subject,
        effect=f"{name} keeps {at.name} between {low} and {high} replicas (now {had_low} to {had_high})",
        requests=(request,),
        facts=facts_of(held.document, pointers),
        before=f"{had_low} to {had_high}, now {now}",
        after=f"{low} to {high}",
        diff=tuple(
            f"{sign} {name}: {value}" for name, *pair in moves for sign, value in zip("-+", pair, strict=True)
        ),
        notes=(*share.says, *_goes(now, high), *_in_charge(held, scaler, now, low), *undone),
        choices=choices,
        posts=(
            WRITTEN.post(text="the bounds are set", within=30),
            SIZE.post(
                value=f"{at.kind}/{at.namespace}/{at.name}:{low}:{high}",
                text=f"{at.name} has between {low} and {high} pods ({max(low, min(high, now))} expected)",
                within=context.policy.follow,
            ),
        )
        if now  # at 0 an HPA is idle, and bounds change nothing
        else (WRITTEN.post(text="the bounds are set", within=30),),
        freeze=share.freeze,
        promotes=share.promotes,
        title=f"{at.kind.lower()}: scale {'up' if grows else 'down'} by its {held.word}",
    )


def _share(release: ReleaseState | None, at: Subject, had: tuple[int, int], wanted: tuple[int, int]) -> Share:
    grows = any(w > h for w, h in zip(wanted, had, strict=True))
    shrinks = any(w < h for w, h in zip(wanted, had, strict=True))
    if grows and shrinks:  # either way is possible: the stricter of the two
        both = (share_of(release, at, True), share_of(release, at, False))
        return max(both, key=lambda s: (s.promotes, s.freeze is FreezeRule.FROZEN))
    return share_of(release, at, grows)


def _goes(now: int, high: int) -> tuple[str, ...]:
    return (f"{now - high} of {now} pods go at once: the maximum is below what runs",) if high < now else ()


def _in_charge(held: _Held, scaler: HorizontalPodAutoscaler, now: int, low: int) -> tuple[str, ...]:
    if not held.keda:
        idle = ("it stands aside while replicas is 0: nothing starts by this",) if not now else ()
        return ("the HPA is in charge: a size set past it would be overwritten", *idle)
    notes = held.document.get("metadata", {}).get("annotations") or {}
    paused = pausing(notes)
    return (
        f"KEDA is in charge: it sets the bounds of HPA {scaler.name} from this",
        *((f"it is paused ({paused}): the bounds hold once that annotation is gone",) if paused else ()),
        *(("with a minimum of 0 KEDA may stop every pod while nothing is to be done",) if not low else ()),
    )


def target_of(scaler: HorizontalPodAutoscaler, at: Subject) -> Subject:
    """The workload that it sizes."""
    return at._replace(kind=scaler.target_kind, name=scaler.target_name, uid="")


def _of_autoscaler(
    subject: Subject,
    picture: Picture,
    assessment: Assessment,
    policy: ActionPolicy,
    now: float,
    indexes: Indexes,
) -> Standing:
    """``Look``: the release that its bounds would move is its target's."""
    own = of_object(subject, picture, assessment, policy, now, indexes)
    if not isinstance(own.obj, HorizontalPodAutoscaler):
        return own
    at = of_object(target_of(own.obj, subject), picture, assessment, policy, now, indexes)
    return msgspec.structs.replace(own, release=at.release, judgement=at.judgement)


async def bounds(context: PlanContext) -> Draft:
    """``minimum`` and ``maximum``; what is not given stays."""
    scaler = context.standing.obj
    assert isinstance(scaler, HorizontalPodAutoscaler)
    low, high = context.number("minimum"), context.number("maximum")
    for name, value in (("minimum", low), ("maximum", high)):
        if value is not None and not 0 <= value <= MOST:
            raise PlanRefused(f"{name}: {value} is not between 0 and {MOST}")
    at = target_of(scaler, context.at)
    try:
        return await set_bounds(context, scaler, at, wanted=None, low=low, high=high)
    except ReadFailed as failed:
        raise PlanRefused(
            f"{at.kind} {at.name}, which it sizes, cannot be read: {failed.problem.cause}"
        ) from None


def _patches(standing: Standing) -> Right | None:
    keda = standing.obj is not None and standing.obj.owner is not None
    return None if keda else Right("PATCH")


ACTIONS: tuple[Action, ...] = (
    Action(
        id="autoscaler.bounds",
        title="autoscaler: set bounds of",
        key="s",
        kinds=frozenset({"HorizontalPodAutoscaler"}),
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.FROZEN,
        freeze_by_plan=True,
        make=bounds,
        posts=(WRITTEN, SIZE),
        arguments=("minimum", "maximum"),
        needed=("minimum", "maximum"),
        look=_of_autoscaler,
        right=_patches,
    ),
)
