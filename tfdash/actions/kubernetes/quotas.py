"""What a namespace may use at most of one resource: ``spec.hard`` of a ResourceQuota. It stops nothing that runs, only what is to start."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.actions.core.action import Action
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import WRITTEN
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.capacity import LimitRange, ResourceQuota
from tfdash.model.kube import Object
from tfdash.model.picture import ClusterPicture
from tfdash.playbook.releases.facts import facts_of, pointer_of
from tfdash.playbook.resources.rightsize import template_of
from tfdash.playbook.resources.room import applies, counted, size_of
from tfdash.quantities import amount, amounts, parse, shown
from tfdash.spelling import nearest

_NAMED = 3  # workloads that one note names


async def set_hard(context: PlanContext) -> Draft:
    """``hard`` of one ``resource`` that the quota bounds already."""
    at = context.at
    document = await context.document(at)
    had = document.get("spec", {}).get("hard") or {}
    resource = str(context.arguments.get("resource") or "")
    if not resource:
        if len(had) != 1:
            raise PlanRefused(f"of which resource? There are {', '.join(sorted(had))}", wanting=("resource",))
        resource = next(iter(had))
    if resource not in had:
        raise PlanRefused(f"quota {at.name} says nothing of {resource!r}; {nearest(resource, had)}")
    given = str(context.arguments.get("hard") or "").strip()
    if not given:
        raise PlanRefused(f"how much {resource} at most?", wanting=("hard",))
    try:
        wanted, was = parse(given), parse(had[resource])
    except ValueError as error:
        raise PlanRefused(f"hard: {error}") from None
    if wanted < 0:
        raise PlanRefused(f"hard: {given} is less than nothing")
    if wanted == was:
        raise PlanRefused(f"{resource} of quota {at.name} is {had[resource]} already")
    used = amount(amounts((document.get("status") or {}).get("used")), resource)
    new, old = shown(resource, wanted), shown(resource, was)
    pointer = pointer_of("spec", "hard", resource)
    subject = context.found(document)
    request = conditional(
        path_of(at, document),
        document,
        (UID, pointer),
        put(document, pointer, new),
        f"set {resource} of quota {at.name} to {new}",
        subject,
    )
    undone, choices = await managed_by_part(context, undone=True)
    down = wanted < was
    return Draft(
        subject=subject,
        effect=f"quota {at.name}: {resource} at most {new} in {at.namespace} (now {old}); {_left(resource, used, wanted)}",
        requests=(request,),
        facts=facts_of(document, (UID, pointer)),
        before=f"{resource} {old}",
        after=f"{resource} {new}",
        diff=(f"- {resource}: {old}", f"+ {resource}: {new}"),
        notes=(*_no_longer(context, resource, used, wanted), *undone),
        choices=choices,
        posts=(
            WRITTEN.post(text="the quota says it", within=30),
            IN_FORCE.post(text="its controller holds to it", within=60, value=f"{resource}={new}"),
        ),
        freeze=FreezeRule.FROZEN if down else FreezeRule.EXEMPT,
        title=f"quota: {'lower' if down else 'raise'} {resource}",
    )


def _left(resource: str, used: int | None, hard: int) -> str:
    if used is None:
        return "how much is used was not counted yet"
    if hard < used:
        return (
            f"{shown(resource, used)} is used, {shown(resource, used - hard)} more than that: nothing that runs is stopped, "
            "and nothing that ends is started again until less is used"
        )
    return f"{shown(resource, used)} is used, {shown(resource, hard - used)} left"


def _no_longer(context: PlanContext, resource: str, used: int | None, hard: int) -> tuple[str, ...]:
    """Workloads of the namespace of which one more pod would not start any more: a release that surges, a node that is lost."""
    obj, cluster = context.standing.obj, context.picture.clusters.get(context.at.cluster)
    if used is None or cluster is None or not isinstance(obj, ResourceQuota):
        return ()
    ranges = [r for r in _in(cluster, "LimitRange", obj.namespace) if isinstance(r, LimitRange)]
    short = []
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "Rollout"):
        for workload in _in(cluster, kind, obj.namespace):
            if not getattr(workload, "desired", 0):
                continue
            size = size_of(template_of(workload), None, ranges)
            one = counted(size).get(resource, 0)
            if applies(obj, size) and one and used + one > hard:
                short.append(f"{workload.name} ({shown(resource, one)})")
    if not short:
        return ()
    more = f" and {len(short) - _NAMED} more" if len(short) > _NAMED else ""
    return (f"one more pod could not be created of {', '.join(sorted(short)[:_NAMED])}{more}",)


def _in(cluster: ClusterPicture, kind: str, namespace: str) -> Iterable[Object]:
    return [o for o in cluster.objects(kind).values() if o.namespace == namespace]


def _in_force(seen: PostconditionFacts, value: str) -> bool:
    resource, _, wanted = value.partition("=")
    found = (seen.status.get("hard") or {}).get(resource)
    return seen.same and found is not None and parse(found) == parse(wanted)


IN_FORCE = Postcondition("in-force", _in_force)

ACTIONS: tuple[Action, ...] = (
    Action(
        id="quota.hard",
        title="quota: set hard of",
        key="s",
        kinds=frozenset({"ResourceQuota"}),
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.FROZEN,
        freeze_by_plan=True,
        make=set_hard,
        posts=(WRITTEN, IN_FORCE),
        arguments=("resource", "hard"),
        needed=("resource", "hard"),
    ),
)
