"""Evidence into one archive: YAML, events, verdicts and the logs of each container, those before a restart too. Nothing changes outside;
it is an action so that what was kept, and its digest, stand in the audit log, and a procedure can have it before it deletes anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tfdash.actions.core.action import Action, Target, by_plan
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import STAMP, Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.patches import UID
from tfdash.model.action import KEEP, FreezeRule, Request, Risk
from tfdash.model.subject import Subject
from tfdash.nouns import counted
from tfdash.playbook.releases.facts import canonical, facts_of

_LAYERED = ("Deployment", "Rollout")  # their pods belong to ReplicaSets
_KINDS = frozenset({*_LAYERED, "StatefulSet", "DaemonSet", "Job", "ReplicaSet", "Pod"})
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_MOST = 100  # pods
_ODD = re.compile(r"[^a-z0-9.-]+")


async def archive(context: PlanContext) -> Draft:
    """Of the workload, what stands between it and its pods, and those pods."""
    at = context.at
    document = await context.document(at)
    objects, pods = [at], [document] if at.kind == "Pod" else []
    holders = [at]
    if at.kind in _LAYERED:
        sets = [d for d in await context.children(at, "ReplicaSet") if _has_pods(d)]
        holders = [at._replace(kind="ReplicaSet", name=str(d["metadata"]["name"])) for d in sets]
        objects += holders
    if at.kind != "Pod":
        for holder in holders:
            pods += await context.children(holder, "Pod")
    if context.standing.scaler is not None:
        objects.append(at._replace(kind=context.standing.scaler.KIND, name=context.standing.scaler.name))
    pods.sort(key=lambda d: str(d["metadata"]["name"]))
    kept = [_pod(d) for d in pods[:_MOST]]
    objects += [at._replace(kind="Pod", name=pod["name"]) for pod in kept if at.kind != "Pod"]
    if not kept and at.kind == "Pod":
        raise PlanRefused(f"{at} is not there any more")
    stamp = context.stamp
    place = "-".join((at.cluster.environment, at.namespace, at.kind, at.name, stamp)).lower()
    name = f"evidence-{_ODD.sub('', place)}.zip"
    told = {"objects": [[o.kind, o.namespace, o.name] for o in objects], "pods": kept}
    logs = sum(len(pod["containers"]) for pod in kept)
    before = sum(c["previous"] for pod in kept for c in pod["containers"])
    left = len(pods) - len(kept)
    return Draft(
        subject=context.found(document),
        effect=f"what is known of {at.kind} {at.name} is kept in one file of this machine; nothing else changes",
        requests=(
            Request(
                method=KEEP,
                path=name,
                body=canonical(told),
                what=f"keep {counted(len(objects), 'object')}, their events and verdicts, and the logs of "
                f"{counted(logs, 'container')}, of {before} those before their last restart too",
                subject=at,
                dry_run=False,
            ),
        ),
        facts=facts_of(document, (UID,)),
        after=name,
        skips=(f"{left} of {len(pods)} pods: at most {_MOST}",) if left else (),
        notes=(
            "values of variables and secrets are hidden in it, as in a report; logs are as the programs wrote them, but for what is "
            "plainly a secret",
        ),
        arguments=((STAMP, stamp),),
    )


def _has_pods(document: Mapping[str, Any]) -> bool:
    return bool((document.get("status") or {}).get("replicas"))


def _pod(document: Mapping[str, Any]) -> dict[str, Any]:
    """Its containers, and whether one ran before its last restart."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    again = {
        str(s.get("name"))
        for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
        for s in status.get(field) or ()
        if s.get("restartCount")
    }
    names = [str(c["name"]) for field in _CONTAINERS for c in spec.get(field) or ()]
    containers = [{"name": name, "previous": name in again} for name in names]
    return {"name": str(document["metadata"]["name"]), "containers": containers}


def pods_in(request: Request, told: Mapping[str, Any]) -> tuple[Subject, ...]:
    """The pods whose logs it takes. ``told``: its body, decoded."""
    at = request.subject
    return tuple(at._replace(kind="Pod", name=p["name"], uid="") for p in told["pods"]) if at else ()


ACTIONS = (
    Action(
        id="workload.archive",
        title="evidence: archive",
        kinds=_KINDS,
        risk=Risk.KEY,
        freeze=FreezeRule.EXEMPT,
        make=archive,
        target=Target.ARCHIVE,
        right=by_plan,
    ),
)
