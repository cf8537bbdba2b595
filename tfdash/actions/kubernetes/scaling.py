"""Changes of size: by the scale subresource, or by the bounds of the autoscaler that would overwrite it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.actions.core.action import Action
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.core.rights import Right
from tfdash.actions.kubernetes.autoscalers import MOST, set_bounds, share_of
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, by_scale, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import AVAILABLE, REPLICAS, SIZE, WRITTEN
from tfdash.model.action import FreezeRule, Request, Risk
from tfdash.model.capability import Capability
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import facts_of


def scale_request(subject: Subject, document: Mapping[str, Any], replicas: int, what: str) -> Request:
    """On the scale subresource, while the uid and the size are what they were."""
    shown, size = by_scale(document), "/spec/replicas"
    return conditional(
        path_of(subject, document, "scale"), shown, (UID, size), put(shown, size, replicas), what, subject
    )


async def scale(context: PlanContext) -> Draft:
    """``replicas``; where an HPA is in charge its ``minimum`` and ``maximum`` follow, or are given."""
    wanted = context.number("replicas")
    low, high = context.number("minimum"), context.number("maximum")
    for name, value in (("replicas", wanted), ("minimum", low), ("maximum", high)):
        if value is not None and not 0 <= value <= MOST:
            raise PlanRefused(f"{name}: {value} is not between 0 and {MOST}")
    scaler, at = context.standing.scaler, context.at
    document = await context.document(at)
    now = int(document.get("spec", {}).get("replicas", 1))
    aside = scaler is not None and scaler.owner is None and (low, high) == (None, None)
    if scaler is not None and not (aside and wanted is not None and bool(now) is not bool(wanted)):
        return await set_bounds(context, scaler, at, wanted=wanted, low=low, high=high)
    if wanted is None:
        raise PlanRefused("how many replicas? Nothing was given")
    if wanted == now:
        raise PlanRefused(f"it has {now} replicas already")
    subject = context.found(document)
    way = "up" if wanted > now else "down"
    notes = ("at 0 replicas it serves nobody",) if wanted == 0 else ()
    posts = [
        WRITTEN.post(text="the size is written", within=30),
        REPLICAS.post(value=str(wanted), text=f"it has {wanted} pods", within=context.policy.follow),
    ]
    if scaler is not None and not wanted:  # what is at 0 no HPA scales
        notes = (
            *notes,
            f"HPA {scaler.name} stands aside at 0, with its bounds as they are: nothing starts it by itself",
        )
    elif scaler is not None:  # at 0 it stands aside: it is the size that starts it, and no bound
        low, high = scaler.min_replicas, max(scaler.max_replicas, scaler.min_replicas)
        notes = (f"HPA {scaler.name} stands aside at 0 and takes over from there: {low} to {high}",)
        bounds, text = (
            f"{at.kind}/{at.namespace}/{at.name}:{low}:{high}",
            f"it has between {low} and {high} pods",
        )
        posts = [
            SIZE.post(value=bounds, text=text, within=context.policy.follow)
        ]  # the size is the HPA's from then on
    share = share_of(context.standing.release, at, wanted > now)
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
            *posts,
            AVAILABLE.post(text="all of them are available", within=context.policy.follow),
        ),
        freeze=share.freeze,
        promotes=share.promotes,
        title=f"{at.kind.lower()}: scale {way}",
        arguments=(("replicas", str(wanted)),),
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
