"""Nodes: cordon, uncordon, drain. As kubectl's drain decides (kubectl pkg/drain/filters.go)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tfdash.actions.core.action import Action
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.pods import evict_request
from tfdash.actions.kubernetes.postconditions import CORDONED, DRAINED, UNCORDONED
from tfdash.model.action import FreezeRule, Request, Risk
from tfdash.model.kube import Pod, ReplicaSet
from tfdash.model.kubecluster import Node
from tfdash.model.observation import ProblemKind
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Key, Subject
from tfdash.playbook.releases.facts import facts_of

_POINTERS = (UID, "/spec/unschedulable")
_AT_ONCE = 8  # reads of pods under way while a drain is planned


def _cordon_request(subject: Subject, document: Mapping[str, Any], off: bool) -> Request:
    what = f"{'cordon' if off else 'uncordon'} {subject.name}"
    changes = put(document, "/spec/unschedulable", off)
    return conditional(path_of(subject, document), document, _POINTERS, changes, what, subject)


async def _cordoned(context: PlanContext, off: bool) -> Draft:
    document = await context.document(context.at)
    subject = context.found(document)
    if bool(document.get("spec", {}).get("unschedulable")) is off:
        raise PlanRefused("it is cordoned already" if off else "it is not cordoned")
    effect = "takes no new pods; those that run there stay" if off else "takes pods again"
    return Draft(
        subject=subject,
        effect=f"Node {subject.name} {effect}",
        requests=(_cordon_request(subject, document, off),),
        facts=facts_of(document, _POINTERS),
        before="schedulable" if off else "cordoned",
        after="cordoned" if off else "schedulable",
        diff=(f"- unschedulable: {str(not off).lower()}", f"+ unschedulable: {str(off).lower()}"),
        posts=((CORDONED if off else UNCORDONED).post(text="the node says so", within=30),),
    )


async def cordon(context: PlanContext) -> Draft:
    return await _cordoned(context, True)


async def uncordon(context: PlanContext) -> Draft:
    return await _cordoned(context, False)


async def drain(context: PlanContext) -> Draft:
    """Cordon, then evict pod by pod; what PodDisruptionBudgets refuse is asked again until the time is over."""
    at = context.at
    document = await context.document(at)
    subject = context.found(document)
    going, staying = await _sorted(context)
    cap = context.policy.bulk_cap
    if len(going) > cap and not context.yes("all"):
        raise PlanRefused(
            f"{len(going)} pods would go, over the cap of {cap}",
            remedy="raise [actions] bulk_cap, or give all = yes",
        )
    first = (
        () if document.get("spec", {}).get("unschedulable") else (_cordon_request(subject, document, True),)
    )
    evictions = tuple(evict_request(pod, dry_run=False, owner=_owner(context, pod)) for pod in going)
    return Draft(
        subject=subject,
        effect=f"Node {at.name} takes no new pods, and {len(going)} pods leave it one after another",
        requests=(*first, *evictions),
        facts=facts_of(document, (UID,)),
        before=f"{len(going) + len(staying)} pods",
        after=f"{len(staying)} pods stay",
        diff=tuple(f"- Pod {p.namespace}/{p.name}" for p in going),
        skips=tuple(staying),
        notes=(
            "every eviction asks the PodDisruptionBudgets; those that are refused are asked again every 5 s",
        ),
        posts=(DRAINED.post(text="none of these pods is left on it", within=context.policy.drain_timeout),),
    )


async def _sorted(context: PlanContext) -> tuple[list[Subject], list[str]]:
    """The pods that leave, and what is said of those that stay. Raises ``PlanRefused`` where kubectl would refuse."""
    cluster = context.picture.clusters[context.at.cluster]
    seen = cluster.kinds.get("Pod")
    if seen is None or not seen.complete or seen.provisional:
        raise PlanRefused("its pods are not known yet; open the list of pods first")
    here = [p for p in cluster.objects("Pod").values() if isinstance(p, Pod) and p.node == context.at.name]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(pod: Pod) -> tuple[Subject, Mapping[str, Any] | None]:
        subject = Subject(context.at.cluster, "Pod", pod.namespace, pod.name, pod.uid)
        async with gate:
            try:
                return subject, await context.document(subject)
            except ReadFailed as failed:
                if failed.problem.kind is ProblemKind.NOT_SERVED:
                    return subject, None  # gone meanwhile
                raise

    going, staying, refused = [], [], []
    for subject, document in await asyncio.gather(
        *(one(p) for p in sorted(here, key=lambda p: (p.namespace, p.name)))
    ):
        if document is None or document.get("metadata", {}).get("uid") != subject.uid:
            continue
        stays, why = _fate(document, context)
        name = f"Pod {subject.namespace}/{subject.name}"
        if why:
            refused.append(f"{name} {why}")
        elif stays:
            staying.append(f"{name} stays: {stays}")
        else:
            going.append(subject)
    if refused:
        raise PlanRefused(
            "; ".join(refused[:3]) + (f"; and {len(refused) - 3} more" if len(refused) > 3 else ""),
            remedy="give force = yes for pods without an owner, delete_emptydir_data = yes for local data",
        )
    return going, staying


def _owner(context: PlanContext, subject: Subject) -> str:
    """The workload that a pod is of; "" where it has none, or that is not known."""
    cluster = context.picture.clusters[context.at.cluster]
    pod = cluster.objects("Pod").get(subject.key)
    owner = pod.owner if isinstance(pod, Pod) else None
    if owner is not None and owner.kind == "ReplicaSet":
        made_by = cluster.objects("ReplicaSet").get(Key(subject.namespace, owner.name))
        owner = made_by.owner if isinstance(made_by, ReplicaSet) and made_by.owner is not None else owner
    return f"{owner.kind} {subject.namespace}/{owner.name}" if owner is not None else ""


def _fate(document: Mapping[str, Any], context: PlanContext) -> tuple[str, str]:
    """(why it stays, why the drain is refused)."""
    metadata, spec = document.get("metadata", {}), document.get("spec", {})
    owner = next((o for o in metadata.get("ownerReferences") or () if o.get("controller")), None)
    finished = document.get("status", {}).get("phase") in ("Succeeded", "Failed")
    if "kubernetes.io/config.mirror" in (metadata.get("annotations") or {}):
        return "a static pod", ""
    if owner is not None and owner["kind"] == "DaemonSet":
        return "its DaemonSet would bring it back", ""
    if metadata.get("deletionTimestamp"):
        return "it leaves already", ""
    if finished:
        return "", ""
    if owner is None and not context.yes("force"):
        return "", "has no owner: nothing would start it elsewhere"
    local = any("emptyDir" in v for v in spec.get("volumes") or ())
    if local and not context.yes("delete_emptydir_data"):
        return "", "has local data (emptyDir) that would be lost"
    return "", ""


def _unschedulable(standing: Standing) -> bool:
    return isinstance(standing.obj, Node) and standing.obj.unschedulable


ACTIONS = (
    Action(
        id="node.cordon",
        title="node: cordon",
        kinds=frozenset({"Node"}),
        unable=lambda standing: "it is cordoned already" if _unschedulable(standing) else "",
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,
        make=cordon,
        posts=(CORDONED,),
    ),
    Action(
        id="node.uncordon",
        title="node: uncordon",
        kinds=frozenset({"Node"}),
        unable=lambda standing: "" if _unschedulable(standing) else "it is not cordoned",
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,
        make=uncordon,
        posts=(UNCORDONED,),
    ),
    Action(
        id="node.drain",
        title="node: drain",
        kinds=frozenset({"Node"}),
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=drain,
        posts=(
            CORDONED,
            DRAINED,
        ),
        arguments=("all", "force", "delete_emptydir_data"),
    ),
)
