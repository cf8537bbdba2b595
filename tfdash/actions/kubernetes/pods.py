"""Pods: delete and evict by uid, isolate, shell and port-forward."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tfdash.actions.core.action import Action, by_plan, needs
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.patches import MANAGER, UID, conditional, drop
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import DISOWNED, GONE, REPLACED
from tfdash.model.action import FreezeRule, Request, Risk
from tfdash.model.kube import Pod, PodDisruptionBudget
from tfdash.model.kubecluster import Service
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import canonical, facts_of, pointer_of
from tfdash.playbook.serving.links import selects

ISOLATED = "tfdash.io/isolated"
_ANOTHER = "another pod is ready in its place"
_FACTS = (UID, "/metadata/deletionTimestamp")
_PORTS = re.compile(r"\d{0,5}:\d{1,5}|\d{1,5}")  # as kubectl takes them


def delete_request(subject: Subject, document: Mapping[str, Any], grace: int | None = None) -> Request:
    options: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": subject.uid},
    }
    if grace is not None:
        options["gracePeriodSeconds"] = grace
    return Request(
        method="DELETE",
        path=path_of(subject, document),
        body=canonical(options),
        what=f"delete {subject.name}",
        subject=subject,
    )


def evict_request(subject: Subject, *, dry_run: bool = True, owner: str = "") -> Request:
    """The eviction subresource: the server asks every PodDisruptionBudget. ``owner``: whose pod it is, in words."""
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": subject.name, "namespace": subject.namespace},
        "deleteOptions": {"preconditions": {"uid": subject.uid}},
    }
    return Request(
        method="POST",
        path=path_of(subject, None, "eviction"),
        body=canonical(body),
        query=MANAGER,
        what=f"evict {subject.name} of {owner}" if owner else f"evict {subject.name}",
        subject=subject,
        dry_run=dry_run,
    )


async def delete(context: PlanContext) -> Draft:
    """The pod by its uid: one of the same name that came meanwhile is left alone."""
    document = await context.document(context.at)
    subject = context.found(document)
    notes = [_fate(document)]
    budget = _budget(context)
    if budget is not None and budget.allowed <= 0:
        notes.append(
            f"PodDisruptionBudget {budget.name} allows no disruption now; a deletion does not ask it, an eviction does"
        )
    return Draft(
        subject=subject,
        effect=f"Pod {subject.name} is deleted",
        requests=(delete_request(subject, document, context.number("grace")),),
        facts=facts_of(document, _FACTS),
        before=str(document.get("status", {}).get("phase", "")),
        after="gone",
        notes=tuple(notes),
        posts=(GONE.post(text="the pod is gone", within=context.policy.follow),),
    )


async def evict(context: PlanContext) -> Draft:
    document = await context.document(context.at)
    subject = context.found(document)
    budget = _budget(context)
    notes = [_fate(document)]
    if budget is None:
        notes.append("no PodDisruptionBudget selects it")
    else:
        notes.append(f"PodDisruptionBudget {budget.name} allows {budget.allowed} disruptions now")
    return Draft(
        subject=subject,
        effect=f"Pod {subject.name} is evicted, if its PodDisruptionBudget allows it",
        requests=(evict_request(subject),),
        facts=facts_of(document, _FACTS),
        before=str(document.get("status", {}).get("phase", "")),
        after="gone",
        notes=tuple(notes),
        posts=(GONE.post(text="the pod is gone", within=context.policy.follow),),
    )


def _fate(document: Mapping[str, Any]) -> str:
    owners = document.get("metadata", {}).get("ownerReferences") or ()
    owner = next((o for o in owners if o.get("controller")), None)
    if owner is None:
        return "nothing owns it: no other pod takes its place"
    again = "starts one of the same name" if owner["kind"] == "StatefulSet" else "starts another one"
    return f"{owner['kind']} {owner['name']} {again}"


def _one_is_ready(context: PlanContext, replica_set: str) -> bool:
    """Whether any pod of that ReplicaSet is: else one that takes a pod's place will hardly be, and no word on the isolation."""
    pods = context.picture.clusters[context.at.cluster].objects("Pod").values()
    here = (p for p in pods if isinstance(p, Pod) and p.namespace == context.at.namespace)
    own = (p for p in here if p.owner is not None and p.owner.name == replica_set)
    return any(c.type == "Ready" and c.status == "True" for p in own for c in p.conditions)


def _budget(context: PlanContext) -> PodDisruptionBudget | None:
    """The tightest one that selects the pod."""
    pod = context.standing.obj
    if not isinstance(pod, Pod):
        return None
    budgets = context.picture.clusters[context.at.cluster].objects("PodDisruptionBudget").values()
    mine = [
        b
        for b in budgets
        if isinstance(b, PodDisruptionBudget)
        and b.namespace == pod.namespace
        and selects(b.selector, pod.labels)
    ]
    return min(mine, key=lambda b: b.allowed, default=None)


async def isolate(context: PlanContext) -> Draft:
    """Out of its owner and its Services, kept for study: the labels by which they know it go."""
    at = context.at
    document = await context.document(at)
    subject = context.found(document)
    metadata = document.get("metadata", {})
    labels: dict[str, str] = metadata.get("labels") or {}
    owners = metadata.get("ownerReferences") or ()
    owner = next((o for o in owners if o.get("controller")), None)
    if owner is None or owner["kind"] != "ReplicaSet":
        kind = owner["kind"] if owner else "nobody"
        raise PlanRefused(f"it belongs to {kind}: only a pod of a ReplicaSet leaves another one in its place")
    if labels.get(ISOLATED):
        raise PlanRefused("it is isolated already")
    holder = await context.document(at._replace(kind="ReplicaSet", name=str(owner["name"])))
    selector = holder.get("spec", {}).get("selector", {})
    keys = set(selector.get("matchLabels") or {})
    keys |= {
        e["key"] for e in selector.get("matchExpressions") or () if e.get("operator") in ("In", "Exists")
    }
    services = _services(context, labels)
    for service in services:
        keys |= set(service.selector)
    gone = sorted(k for k in keys if k in labels)
    if not gone:
        raise PlanRefused(f"its owner {owner['name']} does not select it by a label that could go")
    changes = [o for k in gone for o in drop(document, pointer_of("metadata", "labels", k))]
    changes.append({"op": "add", "path": pointer_of("metadata", "labels", ISOLATED), "value": "true"})
    kept = canonical({k: labels[k] for k in gone})
    noted = pointer_of("metadata", "annotations")
    if metadata.get("annotations"):
        changes.append(
            {"op": "add", "path": pointer_of("metadata", "annotations", f"{ISOLATED}-labels"), "value": kept}
        )
    else:
        changes.append({"op": "add", "path": noted, "value": {f"{ISOLATED}-labels": kept}})
    pointers = (UID, "/metadata/labels", "/metadata/deletionTimestamp")
    serves, follow = _one_is_ready(context, str(owner["name"])), context.policy.follow
    out_of = ", ".join(["ReplicaSet " + str(owner["name"]), *(f"Service {s.name}" for s in services)])
    return Draft(
        subject=subject,
        effect=f"Pod {subject.name} is taken out of {out_of} and goes on running, for study",
        requests=(
            conditional(
                path_of(at, document), document, pointers, changes, f"relabel {subject.name}", subject
            ),
        ),
        facts=facts_of(document, pointers),
        before="serves",
        after="isolated; another pod takes its place",
        diff=(*(f"- label {k}: {labels[k]}" for k in gone), f"+ label {ISOLATED}: true"),
        not_reverted=("its volumes, connections that are open, and whatever it writes elsewhere go on",),
        notes=(
            f"its labels are kept in annotation {ISOLATED}-labels; delete the pod when you have seen enough",
            *(() if serves else ("no pod of its owner is ready: the one in its place is not waited for",)),
        ),
        posts=(
            DISOWNED.post(text="its owner has let it go", within=60),
            *((REPLACED.post(value=str(owner["name"]), text=_ANOTHER, within=follow),) if serves else ()),
        ),
    )


def _services(context: PlanContext, labels: Mapping[str, str]) -> list[Service]:
    found = context.picture.clusters[context.at.cluster].objects("Service").values()
    return [
        s
        for s in found
        if isinstance(s, Service)
        and s.namespace == context.at.namespace
        and s.selector
        and all(labels.get(k) == v for k, v in s.selector.items())
    ]


def _kubectl(context: PlanContext) -> tuple[str, ...]:
    command = context.policy.kubectl.get(context.at.cluster)
    if not command:
        raise PlanRefused("kubectl is not installed or not on PATH", remedy="install kubectl")
    return command


async def shell(context: PlanContext) -> Draft:
    """kubectl exec: the screen hands the terminal over for as long as it lasts."""
    at, document = context.at, await context.document(context.at)
    subject = context.found(document)
    containers = [str(c.get("name", "")) for c in document.get("spec", {}).get("containers") or ()]
    container = str(context.arguments.get("container") or containers[0])
    if container not in containers:
        raise PlanRefused(f"it has no container {container}; there are: {', '.join(containers)}")
    given = str(context.arguments.get("command") or "")
    command = tuple(given.split()) or context.policy.shell
    argv = (*_kubectl(context), "exec", "-it", "-n", at.namespace, at.name, "-c", container, "--", *command)
    request = Request(
        method="POST",
        path=path_of(at, document, "exec"),
        argv=argv,
        what=f"a shell in {at.name}",
        subject=subject,
        dry_run=False,
    )
    return Draft(
        subject=subject,
        effect=f"{' '.join(command)} runs in container {container} of {at.name}, with this terminal",
        requests=(request,),
        facts=facts_of(document, _FACTS),
        notes=("what is typed there is not recorded, only that it was opened and how it ended",),
    )


async def port_forward(context: PlanContext) -> Draft:
    at, document = context.at, await context.document(context.at)
    subject = context.found(document)
    ports = str(context.arguments.get("ports") or "")
    if not ports:
        known = [
            p["containerPort"]
            for c in document.get("spec", {}).get("containers") or ()
            for p in c.get("ports") or ()
        ]
        if not known:
            raise PlanRefused("which port? It declares none; give ports, e.g. 8080:80")
        ports = f":{known[0]}"
    pairs = ports.split(",")
    if bad := next((p for p in pairs if not _PORTS.fullmatch(p.strip())), ""):
        raise PlanRefused(
            f"{bad.strip()!r} is no pair of ports",
            remedy="local:pod like 8080:80, :80 or 80; several with commas",
        )
    argv = (
        *_kubectl(context),
        "port-forward",
        "-n",
        at.namespace,
        f"pod/{at.name}",
        *(p.strip() for p in pairs),
    )
    request = Request(
        method="POST",
        path=path_of(at, document, "portforward"),
        argv=argv,
        what=f"forward {ports} to {at.name}",
        subject=subject,
        dry_run=False,
    )
    return Draft(
        subject=subject,
        effect=f"{_led(pairs)} of {at.name}, until ctrl-c",
        requests=(request,),
        facts=facts_of(document, _FACTS),
    )


def _led(pairs: list[str]) -> str:
    """Which local port leads where, in words."""
    split = [p.strip().partition(":") for p in pairs]
    return ", ".join(
        f"{'local port ' + here if here else 'a free local port'} leads to port {there or here}"
        for here, _, there in split
    )


def _leaving_already(standing: Standing) -> str:
    """Why it cannot be deleted or evicted."""
    pod = standing.obj
    if not isinstance(pod, Pod):
        return "it is no pod"
    if pod.deleting is not None:
        return "it is being deleted already"
    static = pod.owner is not None and pod.owner.kind == "Node"
    return "it is a static pod: its kubelet brings it back" if static else ""


_NOT_ISOLATABLE = {
    "StatefulSet": "its StatefulSet cannot make another pod while this one's name is taken",
    "DaemonSet": "its DaemonSet would start another one beside it on the same node",
    "Job": "it belongs to a Job, which would count it as lost",
    "": "nothing owns it: no other pod would take its place",
}


def _not_isolatable(standing: Standing) -> str:
    owner = standing.obj.owner if standing.obj is not None else None
    return _leaving_already(standing) or _NOT_ISOLATABLE.get(owner.kind if owner is not None else "", "")


def _not_running(standing: Standing) -> str:
    phase = standing.obj.phase if isinstance(standing.obj, Pod) else ""
    return "" if phase == "Running" else f"it is not running but {phase or 'unknown'}"


ACTIONS = (
    Action(
        id="pod.delete",
        title="pod: delete",
        kinds=frozenset({"Pod"}),
        unable=_leaving_already,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,
        make=delete,
        posts=(GONE,),
        arguments=("grace",),
        right=needs("DELETE"),
    ),
    Action(
        id="pod.evict",
        title="pod: evict",
        kinds=frozenset({"Pod"}),
        unable=_leaving_already,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,
        make=evict,
        posts=(GONE,),
        right=needs("POST", "eviction"),
    ),
    Action(
        id="pod.isolate",
        title="pod: isolate",
        key="i",
        kinds=frozenset({"Pod"}),
        unable=_not_isolatable,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,
        make=isolate,
        posts=(
            DISOWNED,
            REPLACED,
        ),
    ),
    Action(
        id="pod.shell",
        title="pod: shell",
        key="x",
        kinds=frozenset({"Pod"}),
        unable=_not_running,
        risk=Risk.KEY,
        freeze=FreezeRule.EXEMPT,
        make=shell,
        arguments=("container", "command"),
        terminal=True,
        right=by_plan,
    ),
    Action(
        id="pod.port-forward",
        title="pod: forward a port",
        kinds=frozenset({"Pod"}),
        unable=_not_running,
        risk=Risk.KEY,
        freeze=FreezeRule.EXEMPT,
        make=port_forward,
        arguments=("ports",),
        terminal=True,
        right=by_plan,
    ),
)
