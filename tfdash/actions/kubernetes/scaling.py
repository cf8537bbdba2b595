"""Changes of size: by the scale subresource, or by the bounds of the HPA that would overwrite it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tfdash.actions.core.action import Action
from tfdash.actions.core.eligibility import Standing, bare
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.core.rights import Right
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import AVAILABLE, REPLICAS, SIZE, WRITTEN
from tfdash.model.action import FreezeRule, Request, Risk
from tfdash.model.capability import Capability
from tfdash.model.release import Carrier
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import facts_of

_MOST = 10_000


def scale_request(subject: Subject, document: Mapping[str, Any], replicas: int, what: str) -> Request:
    """On the scale subresource, while the uid and the size are what they were."""
    return conditional(
        path_of(subject, document, "scale"),
        document,
        (UID, "/spec/replicas"),
        [{"op": "replace", "path": "/spec/replicas", "value": replicas}],
        what,
        subject,
    )


class Share(NamedTuple):
    """What a change of size is to a release between two Deployments, of which each serves by its number of pods."""

    freeze: FreezeRule
    promotes: bool = False
    says: tuple[str, ...] = ()


def share_of(context: PlanContext, up: bool) -> Share:
    """A canary side that grows, or a stable one that shrinks beside a canary, is promoted; a canary side that shrinks is on its
    way back. What is between no two versions grows at any time and shrinks while the calendar is open."""
    release, at = context.standing.release, bare(context.at)
    if release is not None and release.partner is not None and at == bare(release.partner):
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


async def scale(context: PlanContext) -> Draft:
    """``replicas``; where an HPA is in charge its ``minimum`` and ``maximum`` follow, or are given."""
    wanted = context.number("replicas")
    low, high = context.number("minimum"), context.number("maximum")
    for name, value in (("replicas", wanted), ("minimum", low), ("maximum", high)):
        if value is not None and not 0 <= value <= _MOST:
            raise PlanRefused(f"{name}: {value} is not between 0 and {_MOST}")
    if context.standing.scaler is not None:
        return await _bounds(context, wanted, low, high)
    if wanted is None:
        raise PlanRefused("how many replicas? Nothing was given")
    at = context.at
    document = await context.document(at)
    now = int(document.get("spec", {}).get("replicas", 1))
    if wanted == now:
        raise PlanRefused(f"it has {now} replicas already")
    subject = context.found(document)
    way = "up" if wanted > now else "down"
    notes = ("at 0 replicas it serves nobody",) if wanted == 0 else ()
    share = share_of(context, wanted > now)
    undone, choices = await managed_by_part(context, undone=True)
    return Draft(
        subject=subject,
        effect=f"{at.kind} {at.name} is scaled {way} from {now} to {wanted} replicas",
        requests=(scale_request(subject, document, wanted, f"scale {at.name} to {wanted}"),),
        facts=facts_of(document, (UID, "/spec/replicas")),
        before=f"{now} replicas",
        after=f"{wanted} replicas",
        diff=(f"- replicas: {now}", f"+ replicas: {wanted}"),
        notes=(*share.says, *notes, *undone),
        choices=choices,
        posts=(
            WRITTEN.post(text="the size is written", within=30),
            REPLICAS.post(value=str(wanted), text=f"it has {wanted} pods", within=context.policy.follow),
            AVAILABLE.post(text="all of them are available", within=context.policy.follow),
        ),
        freeze=share.freeze,
        promotes=share.promotes,
        title=f"{at.kind.lower()}: scale {way}",
        arguments=(("replicas", str(wanted)),),
    )


async def _bounds(context: PlanContext, wanted: int | None, low: int | None, high: int | None) -> Draft:
    scaler = context.standing.scaler
    assert scaler is not None
    at = context.at
    where = Subject(at.cluster, "HorizontalPodAutoscaler", scaler.namespace, scaler.name)
    document = await context.document(where)
    workload = await context.document(at)
    spec = document.get("spec", {})
    had_low, had_high = int(spec.get("minReplicas", 1)), int(spec.get("maxReplicas", 1))
    now = int(workload.get("spec", {}).get("replicas", 1))
    if wanted is not None:
        if wanted < 1:
            raise PlanRefused(
                f"HPA {scaler.name} keeps at least one replica; it stands aside only where replicas is 0 already"
            )
        if wanted >= now:
            low, high = low or wanted, high or max(had_high, wanted)
        else:
            low, high = low or min(had_low, wanted), high or wanted
    low, high = had_low if low is None else low, had_high if high is None else high
    if (low, high) == (had_low, had_high):
        raise PlanRefused(f"HPA {scaler.name} has these bounds already: {had_low} to {had_high}")
    if low > high or low < 1:
        raise PlanRefused(
            f"bounds {low} to {high} are none: the minimum is at least 1 and at most the maximum"
        )
    subject = context.found(document, where)
    pointers = (UID, "/spec/minReplicas", "/spec/maxReplicas", "/spec/scaleTargetRef")
    changes = [*put(document, "/spec/maxReplicas", high), *put(document, "/spec/minReplicas", low)]
    up = low >= had_low and high >= had_high
    grows, shrinks = low > had_low or high > had_high, low < had_low or high < had_high
    share = share_of(context, up)
    if grows and shrinks:  # either way is possible: the stricter of the two
        share = max(
            share_of(context, True),
            share_of(context, False),
            key=lambda s: (s.promotes, s.freeze == "frozen"),
        )
    request = conditional(
        path_of(where, document), document, pointers, changes, f"set the bounds of {scaler.name}", subject
    )
    expected = max(low, min(high, now))
    undone, choices = await managed_by_part(context)  # whether the HPA is theirs too is not known
    return Draft(
        subject=subject,
        effect=f"HPA {scaler.name} keeps {at.name} between {low} and {high} replicas (now {had_low} to {had_high})",
        requests=(request,),
        facts=facts_of(document, pointers),
        before=f"{had_low} to {had_high}, now {now}",
        after=f"{low} to {high}",
        diff=(
            f"- minReplicas: {had_low}",
            f"+ minReplicas: {low}",
            f"- maxReplicas: {had_high}",
            f"+ maxReplicas: {high}",
        ),
        notes=(*share.says, "the HPA is in charge: a size set past it would be overwritten", *undone),
        choices=choices,
        posts=(
            WRITTEN.post(text="the bounds are set", within=30),
            SIZE.post(
                value=f"{at.kind}/{at.namespace}/{at.name}:{low}:{high}",
                text=f"{at.name} has between {low} and {high} pods ({expected} expected)",
                within=context.policy.follow,
            ),
        ),
        freeze=share.freeze,
        promotes=share.promotes,
        title=f"{at.kind.lower()}: scale {'up' if up else 'down'} by its HPA",
    )


def _scales(standing: Standing) -> Right | None:
    return Right("PATCH", "scale") if standing.scaler is None else None


ACTIONS = (
    Action(
        id="workload.scale",
        title="workload: scale",
        key="s",
        kinds=frozenset({"Deployment", "StatefulSet", "Rollout"}),
        capability=Capability.SCALABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.FROZEN,
        freeze_by_plan=True,
        make=scale,
        posts=(
            REPLICAS,
            AVAILABLE,
            WRITTEN,
            SIZE,
        ),
        arguments=("replicas", "minimum", "maximum"),
        needed=("replicas",),
        right=_scales,
    ),
)
