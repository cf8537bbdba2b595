"""Changes of size: by the scale subresource, or by the bounds of the HPA that would overwrite it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.actions.core.plan_context import Planning
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import FreezeRule, Post, Request
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


async def scale(planning: Planning) -> Draft:
    """``replicas``; where an HPA is in charge its ``minimum`` and ``maximum`` follow, or are given."""
    wanted = planning.number("replicas")
    low, high = planning.number("minimum"), planning.number("maximum")
    for name, value in (("replicas", wanted), ("minimum", low), ("maximum", high)):
        if value is not None and not 0 <= value <= _MOST:
            raise PlanRefused(f"{name}: {value} is not between 0 and {_MOST}")
    if planning.standing.scaler is not None:
        return await _bounds(planning, wanted, low, high)
    if wanted is None:
        raise PlanRefused("how many replicas? Nothing was given")
    at = planning.at
    document = await planning.document(at)
    now = int(document.get("spec", {}).get("replicas", 1))
    if wanted == now:
        raise PlanRefused(f"it has {now} replicas already")
    subject = planning.found(document)
    way = "up" if wanted > now else "down"
    notes = ("at 0 replicas it serves nobody",) if wanted == 0 else ()
    return Draft(
        subject=subject,
        effect=f"{at.kind} {at.name} is scaled {way} from {now} to {wanted} replicas",
        requests=(scale_request(subject, document, wanted, f"scale {at.name} to {wanted}"),),
        facts=facts_of(document, (UID, "/spec/replicas")),
        before=f"{now} replicas",
        after=f"{wanted} replicas",
        diff=(f"- replicas: {now}", f"+ replicas: {wanted}"),
        notes=notes,
        posts=(
            Post(id=f"replicas:{wanted}", text=f"it has {wanted} pods", within=planning.policy.follow),
            Post(id="available", text="all of them are available", within=planning.policy.follow),
        ),
        freeze=FreezeRule.EXEMPT if wanted > now else FreezeRule.FROZEN,
        title=f"{at.kind.lower()}: scale {way}",
        arguments=(("replicas", str(wanted)),),
    )


async def _bounds(planning: Planning, wanted: int | None, low: int | None, high: int | None) -> Draft:
    scaler = planning.standing.scaler
    assert scaler is not None
    at = planning.at
    where = Subject(at.cluster, "HorizontalPodAutoscaler", scaler.namespace, scaler.name)
    document = await planning.document(where)
    workload = await planning.document(at)
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
    subject = planning.found(document, where)
    pointers = (UID, "/spec/minReplicas", "/spec/maxReplicas", "/spec/scaleTargetRef")
    changes = [*put(document, "/spec/maxReplicas", high), *put(document, "/spec/minReplicas", low)]
    up = low >= had_low and high >= had_high
    request = conditional(
        path_of(where, document), document, pointers, changes, f"set the bounds of {scaler.name}", subject
    )
    expected = max(low, min(high, now))
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
        notes=("the HPA is in charge: a size set past it would be overwritten",),
        posts=(
            Post(id="written", text="the bounds are set", within=30),
            Post(
                id=f"size:{at.kind}/{at.namespace}/{at.name}:{low}:{high}",
                text=f"{at.name} has between {low} and {high} pods ({expected} expected)",
                within=planning.policy.follow,
            ),
        ),
        freeze=FreezeRule.EXEMPT if up else FreezeRule.FROZEN,
        title=f"{at.kind.lower()}: scale {'up' if up else 'down'} by its HPA",
    )
